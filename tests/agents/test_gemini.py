"""Gemini CLI: what its captures hold is what its API served."""

import json
from pathlib import Path

import pytest

from claude_metrics.agents.gemini import sources as gemini
from claude_metrics.agents.gemini.reader import Reader
from claude_metrics.models import Source
from tests.agents.recorded import (
    GEMINI,
    Tokens,
    record,
    repository,
    stored_calls,
    stored_commits,
    stored_prompts,
    stored_tokens,
    truth_calls,
    truth_commits,
    truth_tokens,
    typed,
)
from tests.support.recorder import Recorder

# Served, billed and never written by the client, besides all `utility` requests (titles, /compress).
UNWRITTEN: dict[str, dict[str, Tokens]] = {
    # Loop detection drops the first answer before it is recorded: 9,000 in, 800 out.
    "loop-and-compress": {"gemini-2.5-pro": (1, 9000, 800, 0, 0)},
}


@pytest.mark.parametrize("name", GEMINI.names)
def test_a_capture_gives_its_truth(name: str, home: Path, recorder: Recorder) -> None:
    truth = GEMINI.truth(name)
    repository(home / "project", truth)
    record(recorder, GEMINI.sources(GEMINI.lay_out(name, home)))
    assert stored_tokens(recorder) == truth_tokens(truth, UNWRITTEN.get(name, {}))
    assert stored_calls(recorder) == truth_calls(truth)
    assert stored_prompts(recorder) == typed(truth)
    assert stored_commits(recorder) == truth_commits(truth)


def test_clear_begins_another_session(home: Path, recorder: Recorder) -> None:
    truth = GEMINI.truth("interactive-clear")
    record(recorder, GEMINI.sources(GEMINI.lay_out("interactive-clear", home)))
    expected = {s["session_id"]: s["tokens_by_model"]["gemini-2.5-pro"]["total"] for s in truth["sessions"]}
    rows = recorder.connection.execute("select session_id, input_tokens + output_tokens from sessions")
    assert dict(rows.fetchall()) == expected


def test_a_session_has_its_facts(home: Path, recorder: Recorder) -> None:
    record(recorder, GEMINI.sources(GEMINI.lay_out("print-basic", home)))
    row = recorder.connection.execute(
        """select agent_type, project_path, project_name, start_time, end_time, lines_added, first_prompt, tool_calls
        from sessions"""
    ).fetchone()
    assert row == (
        "gemini_cli",
        str(home / "project"),
        "project",
        "2026-11-20T04:08:59.152Z",
        "2026-11-20T04:08:59.459Z",
        1,
        "Add a hello script and commit it",
        2,
    )


def test_a_subagent_is_part_of_its_session(home: Path, recorder: Recorder) -> None:
    record(recorder, GEMINI.sources(GEMINI.lay_out("subagent", home)))
    session = "b7fb5f5f-f4d3-4482-893b-04a10b6342e8"
    assert recorder.connection.execute("select session_id from sessions").fetchall() == [(session,)]
    agents = recorder.connection.execute("select distinct agent_id from token_usage order by 1").fetchall()
    assert agents == [(None,), ("ba03475e-7240-49a7-a372-4779db754f66",)]


@pytest.mark.parametrize("name", GEMINI.names)
def test_a_hooks_payload_finds_all_files_of_the_session(name: str, home: Path, capture) -> None:
    data = GEMINI.lay_out(name, home)
    paths = {
        source.path
        for payload in capture(f"gemini-cli/{name}").payloads("SessionEnd")
        for source in gemini.sources_of(payload)
    }
    assert paths == {source.path for source in GEMINI.sources(data)}


@pytest.mark.parametrize(
    "payload",
    [{}, {"transcript_path": None}, {"transcript_path": "a\0b"}, {"transcript_path": "/nowhere/session-x.jsonl"}],
    ids=["none", "null", "nul byte", "gone"],
)
def test_a_payload_without_a_file_gives_nothing(payload: dict) -> None:
    assert gemini.sources_of({"session_id": "x", **payload}) == []


def test_a_payload_leads_to_no_other_folder(home: Path) -> None:
    data = GEMINI.lay_out("subagent", home)
    [main] = [source.path for source in GEMINI.sources(data) if not source.agent_id]
    found = gemini.sources_of({"transcript_path": str(main), "session_id": "../../../.."})
    assert [source.path for source in found] == [main]


def test_the_home_can_be_moved(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    GEMINI.lay_out("print-basic", home / "elsewhere")
    assert list(gemini.find_sources()) == []
    monkeypatch.setenv("GEMINI_CLI_HOME", str(home / "elsewhere"))
    assert len(list(gemini.find_sources())) == 1


# -- older clients: one object, copied into a .jsonl by a resume ----------------------


def as_object(path: Path) -> Path:
    """The same session as older clients wrote it."""
    records = [json.loads(line) for line in path.read_text().splitlines()]
    messages = {r["id"]: r for r in records if "id" in r}
    old = path.with_suffix(".json")
    old.write_text(json.dumps({**records[0], "messages": list(messages.values())}, indent=2))
    return old


@pytest.mark.parametrize("both", [False, True], ids=["alone", "beside its copy"])
def test_an_old_object_gives_the_same_rows(both: bool, home: Path, recorder: Recorder, tmp_path: Path) -> None:
    data = GEMINI.lay_out("interactive-two-prompts", home)
    [source] = GEMINI.sources(data)
    record(recorder, [source])
    as_object(source.path)
    if not both:
        source.path.unlink()
    other = Recorder(tmp_path / "old.db")
    record(other, GEMINI.sources(data))
    assert other.dump() == recorder.dump()


def test_half_an_object_changes_nothing(home: Path, recorder: Recorder) -> None:
    [source] = GEMINI.sources(GEMINI.lay_out("print-basic", home))
    old = as_object(source.path)
    source.path.unlink()
    record(recorder, GEMINI.sources(home / ".gemini"))
    before = recorder.dump()
    old.write_bytes(old.read_bytes()[:900])
    assert record(recorder, GEMINI.sources(home / ".gemini")).bad_lines == 1
    assert recorder.dump() == before


# -- records one by one -----------------------------------------------------------------


def folded(*records: dict) -> Reader:
    reader = Reader(Source("gemini", Path("session-x.jsonl")), {}, "/p")
    reader.record({"sessionId": "s", "projectHash": "h", "startTime": "2026-01-01T00:00:00.000Z"})
    for number, given in enumerate(records):
        reader.record({"id": str(number), "timestamp": f"2026-01-01T00:00:{number:02}.000Z", **given})
    reader.finish()
    return reader


def shell(output: str, status: str = "success") -> dict:
    response = {"functionResponse": {"response": {"output": output}}}
    call = {"id": "c", "name": "run_shell_command", "args": {"command": "x"}, "status": status, "result": [response]}
    return {"type": "gemini", "content": "", "toolCalls": [call]}


@pytest.mark.parametrize(
    ("output", "status", "success", "denied"),
    [
        pytest.param("Output: (empty)\nProcess Group PGID: 1", "success", 1, None, id="exit 0 is not told"),
        pytest.param("Output: x\nExit Code: 2\nProcess Group PGID: 1", "success", 0, None, id="exit 2"),
        pytest.param("Output: x\nError: y\nExit Code: 0\nSignal: 9\n", "success", 1, None, id="older clients tell 0"),
        pytest.param("Output: Exit Code: 2\nall well\nProcess Group PGID: 1", "success", 1, None, id="printed"),
        pytest.param("<untrusted_context>\nExit Code: 7\n</untrusted_context>", "success", 0, None, id="wrapped"),
        pytest.param("no such file", "error", 0, None, id="error"),
        pytest.param("", "cancelled", 0, 1, id="refused by the user"),
        pytest.param('Tool execution for "Shell" denied by policy.', "error", 0, 1, id="refused by policy"),
        pytest.param("", "something new", None, None, id="unknown status"),
    ],
)
def test_success_is_the_commands_own(output: str, status: str, success: int | None, denied: int | None) -> None:
    [call] = folded(shell(output, status)).batch.tool_calls
    assert (call.success, call.denied) == (success, denied)


def test_a_call_says_what_it_was_for_and_what_it_checked() -> None:
    given = shell("3 passed")
    given["toolCalls"][0]["args"] = {"command": "pytest -q"}
    batch = folded(given, shell("3 passed")).batch
    assert [call.category for call in batch.tool_calls] == ["shell"]
    assert [(row.title, row.outcome) for row in batch.observations] == [("tests: pytest", "passed")]


@pytest.mark.parametrize(
    ("content", "shown", "expected"),
    [
        ("Hello", None, "Hello"),
        ([{"text": "<hook_context>3 sessions</hook_context>\n\nHello"}], None, "Hello"),
        ([{"text": "<hook_context>3 sessions</hook_context>"}], None, None),
        ([{"text": "<session_context>\nThis is ..."}], None, None),
        ([{"text": "look @a.py\n--- Content of a.py ---"}], [{"text": "look @a.py"}], "look @a.py"),
        ([{"text": "System: Potential loop detected. Details: x"}], [{"text": "Hello"}], None),
        ([{"functionResponse": {"name": "x"}}], None, None),
        (None, None, None),
    ],
)
def test_prompts_are_what_was_typed(content: object, shown: object, expected: str | None) -> None:
    found = folded({"type": "user", "content": content, "displayContent": shown}).batch.prompts
    assert [prompt.prompt for prompt in found] == ([expected] if expected else [])


def test_a_snapshot_of_the_history_is_no_second_conversation() -> None:
    reader = folded({"type": "user", "content": "Hello"})
    reader.record({"$set": {"messages": [{"id": "9", "type": "user", "content": "A summary of it all"}]}})
    reader.record({"$rewindTo": "0"})
    assert [prompt.prompt for prompt in reader.batch.prompts] == ["Hello"]
    assert reader.batch.unknown == {}


def test_odd_values_are_passed_over() -> None:
    reader = folded(
        {"type": "gemini", "content": 7, "tokens": {"input": -5, "output": "many", "cached": 1e30}, "model": None},
        {"type": "gemini", "tokens": [], "toolCalls": [{"args": "x", "result": 3}, "x"]},
        {"type": "gemini", "tokens": {"input": 10, "cached": 40, "output": 1}, "timestamp": "yesterday"},
        {"type": "hologram"},
    )
    [row] = reader.batch.requests
    assert (row.input_tokens, row.cache_read_tokens, row.output_tokens, row.model) == (0, 40, 1, "unknown")
    assert reader.batch.unknown == {"hologram": 1}
