"""Every recorded session of Claude Code has the turns, tool calls and results that its scenario scripted."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from claude_metrics import config
from claude_metrics.agents import RECORDED
from claude_metrics.git.attribution import Commit, CommitReport
from claude_metrics.recording import ingest
from claude_metrics.store.connection import connect
from tests.support.captured import CAPTURES, RECORDED_HOME, Capture, read_lines
from tests.support.recorder import Recorder, rows_of

SCENARIOS = Path(__file__).parents[1] / "rig" / "scenarios" / "claude-code"
GOLDEN = Path(__file__).parents[1] / "golden" / "summaries"
NAMES = sorted(
    path.name
    for path in (CAPTURES / "claude-code").iterdir()
    if (path / "projects").exists() and (SCENARIOS / f"{path.name}.json").exists()
)
APP = f"{RECORDED_HOME}/app"
FIRST = ("command", "file_path", "query", "description")


def scenario(name: str) -> dict[str, Any]:
    return json.loads((SCENARIOS / f"{name}.json").read_text().replace("{app}", APP))


def prompts(name: str) -> Iterator[str]:
    """What a person typed, in the order of the steps; commands of the client's own are no prompts."""
    for step in scenario(name)["steps"]:
        if "print" in step:
            yield step["print"]
        for action in step.get("tui", []):
            if not action.get("type", "/").startswith("/"):
                yield action["type"]


def served(name: str) -> Iterator[dict[str, Any]]:
    """Each tool call that the scripted API asked for: the answers it gave, thread by thread."""
    threads = {thread["name"]: thread["turns"] for thread in scenario(name)["api"]["threads"]}
    given = Counter[str]()
    for line in read_lines(CAPTURES / "claude-code" / name / "api.jsonl"):
        turns = threads.get(line["thread"], [])
        number = given[line["thread"]]
        given[line["thread"]] += 1
        heard = number < len(turns) and not {"error", "drop_after"} & line["answer"].keys()
        content = turns[number].get("content") if heard else None
        for block in content if isinstance(content, list) else []:
            if block["type"] == "tool_use":
                yield block


@pytest.fixture
def recorded(tmp_path: Path) -> Any:
    def record(name: str) -> Path:
        capture = Capture(CAPTURES / "claude-code" / name, tmp_path)
        capture.lay_out()
        Recorder(tmp_path / "metrics.db").sync("claude", capture.claude_dir)
        return tmp_path / "metrics.db"

    return record


def test_there_are_scenarios() -> None:
    assert len(NAMES) >= 17


@pytest.mark.parametrize("name", NAMES)
def test_the_turns_are_the_prompts_of_the_scenario(name: str, recorded: Any) -> None:
    stored = [row[0] for row in rows_of(recorded(name), "select prompt from turns")]
    assert Counter(stored) == Counter(prompts(name))


@pytest.mark.parametrize("name", NAMES)
def test_the_tool_calls_are_those_the_scenario_asked_for(name: str, recorded: Any) -> None:
    stored = rows_of(recorded(name), "select tool_name, input_summary from tool_calls")
    wanted = Counter(
        (block["name"], next(block["input"][key] for key in FIRST if key in block["input"])) for block in served(name)
    )
    renamed = {"Task": "Agent"} if name.startswith("v2.0") else {}
    assert Counter((renamed.get(row[0], row[0]), row[1]) for row in stored) == Counter(
        {(renamed.get(tool, tool), what): times for (tool, what), times in wanted.items()}
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_results_are_those_of_the_transcript(name: str, recorded: Any) -> None:
    """Success, size and lateness of each result, read here in the plainest way."""
    path = recorded(name)
    wanted = dict[str, tuple[int, int]]()
    for transcript in Capture(CAPTURES / "claude-code" / name, path.parent).transcripts:
        for line in read_lines(transcript):
            message = line.get("message")
            content = message.get("content") if line["type"] == "user" and isinstance(message, dict) else None
            for block in content if isinstance(content, list) else []:
                if block["type"] == "tool_result":
                    size = len(json.dumps(block["content"], ensure_ascii=False, separators=(",", ":")).encode())
                    wanted[block["tool_use_id"]] = (int(not block.get("is_error")), size)
    stored = rows_of(path, "select tool_call_id, success, output_bytes from tool_calls where success is not null")
    assert {row[0]: (row[1], row[2]) for row in stored} == wanted


def test_the_failing_call_of_print_basic_failed_and_only_that(recorded: Any) -> None:
    rows = rows_of(
        recorded("print-basic"), "select tool_name, success, change, lines_added from tool_calls order by timestamp"
    )
    assert [tuple(row) for row in rows] == [
        ("Write", 1, "created", 3),
        ("Bash", 0, None, None),
        ("Bash", 1, None, None),
        ("Edit", 1, "modified", 1),
        ("Bash", 1, None, None),
    ]


def test_a_killed_sessions_last_call_is_unfinished(recorded: Any) -> None:
    rows = rows_of(recorded("parallel-kill"), "select input_summary from tool_calls where success is null")
    assert [row[0] for row in rows] == ["sleep 20"]


def test_turns_have_their_answers_and_estimates_beside_the_billed_tokens(recorded: Any) -> None:
    row = rows_of(recorded("print-basic"), "select * from v_turns")[0]
    assert (row["response"], row["requests"], row["tool_calls"]) == ("Done: two commits.", 6, 5)
    assert row["output_tokens"] == 968
    assert row["prompt_tokens_estimated"] == len("add a greeting module") // 4
    assert row["response_tokens_estimated"] == len("Done: two commits.") // 4
    assert row["started_at"] < row["ended_at"]


def test_the_subagent_is_named_and_its_calls_are_its_own(recorded: Any) -> None:
    rows = rows_of(
        recorded("subagent"), "select tool_name, subagent, agent_id is not null from v_tool_calls order by timestamp"
    )
    assert [tuple(row) for row in rows] == [
        ("Agent", "general-purpose", 0),
        ("Bash", None, 1),
        ("Write", None, 1),
        ("Bash", None, 1),
    ]


# -- golden summaries --------------------------------------------------------------------


def oracle_commits(capture: Capture) -> list[Commit]:
    """The commits that the recorded repository had, as if found there."""
    return [
        Commit(
            commit["repo"], commit["hash"], commit["session"], commit["subject"], commit["author"], "dev@example.com",
            commit["date"].replace("+00:00", ".000Z"), "main", len(commit["files"]), commit["added"],
            commit["removed"], "proven", commit["reachable"], 3,
        )
        for commit in capture.oracle["commits"]
        if commit["session"]
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["print-basic", "subagent", "tui-compact"])
def test_the_summary_reads_as_the_golden_file(name: str, tmp_path: Path) -> None:
    """To renew them, delete the files, run this test, and read the difference."""
    capture = Capture(CAPTURES / "claude-code" / name, tmp_path)
    capture.lay_out()
    connection = connect(tmp_path / "metrics.db")
    batches = [ingest.read(source, None, "redacted") for source in RECORDED["claude"].find_sources(capture.claude_dir)]
    ingest.store(connection, batches, config.Config(), "sync", commits=CommitReport(oracle_commits(capture), {}, []))
    cursor = connection.execute("select * from session_summaries")
    columns = [column[0] for column in cursor.description]
    [row] = [dict(zip(columns, row, strict=True)) for row in cursor]
    del row["updated_at"]
    told = {name: json.loads(value) if value and value.startswith("[") else value for name, value in row.items()}
    golden = GOLDEN / f"{name}.json"
    if not golden.exists():
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n")
        pytest.fail(f"{golden} was written; read it and run again")
    assert told == json.loads(golden.read_text())
