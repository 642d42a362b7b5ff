"""What Claude Code tells beside usage: skills, commands, servers, subagents, compactions, API errors, kinds of sessions."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from claude_metrics import paths
from claude_metrics.agents.claude.sources import find_sources
from tests.support.captured import Capture, names
from tests.support.recorder import Recorder

Json = dict[str, Any]
Cli = Callable[..., Any]
SESSION = "00001002-0000-4000-8000-000000001002"


@pytest.fixture
def stored(run_cli: Cli, capture: Callable[[str], Capture]) -> Callable[..., list[tuple[Any, ...]]]:
    """Rows of a query over recorded captures, or over the transcripts of the home."""

    def query(sql: str, *captures: str) -> list[tuple[Any, ...]]:
        for name in captures:
            capture(name)
        done = run_cli("sync")
        assert done.returncode == 0, done.stderr
        with closing(sqlite3.connect(paths.database_file())) as database:
            return [tuple(row) for row in database.execute(sql)]

    return query


def write(home: Path, records: list[Json], name: str = SESSION, meta: Json | None = None) -> Path:
    """Records of one transcript; those without a time get one a second later than the one before."""
    path = home / ".claude" / "projects" / "-home-dev-app" / f"{name}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = []
    for number, record in enumerate(records):
        common = {"uuid": f"{name}-{number}", "timestamp": f"2026-09-10T09:00:{number:02}.000Z", "sessionId": SESSION}
        whole = {"type": record["type"], **common, "cwd": "/home/dev/app", "version": "2.1.331", **record}
        lines.append(json.dumps(whole, separators=(",", ":")))
    path.write_text("\n".join(lines) + "\n")
    if meta is not None:
        path.with_suffix(".meta.json").write_text(json.dumps(meta))
    return path


def user(text: str, **more: Any) -> Json:
    return {"type": "user", "message": {"role": "user", "content": text}, **more}


def answer(number: int, **more: Any) -> Json:
    usage = {"input_tokens": 100 * number, "output_tokens": 10}
    message = {"id": f"msg_{number}", "role": "assistant", "model": "claude-opus-5-5", "stop_reason": "end_turn"}
    content = [{"type": "text", "text": "done"}]
    return {
        "type": "assistant",
        "requestId": f"req_{number}",
        "message": {**message, "usage": usage, "content": content},
        **more,
    }


def typed(command: str) -> Json:
    text = f"<command-message>{command}</command-message>\n<command-name>/{command}</command-name>"
    return user(text, turnOrigin="human")


# -- skills, commands, servers, effort ---------------------------------------------------


def test_requests_are_attributed_to_skills_as_the_client_says(stored: Any) -> None:
    found = stored("select skill, count(*) from v_requests where kind = 'message' group by 1", "skills-commands")
    assert dict(found) == {"shout": 1, "calm": 1, "away": 2, None: 3}


def test_a_typed_command_is_named_in_the_requests_of_its_turn_alone(stored: Any) -> None:
    found = stored(
        "select slash_command, count(*) from v_requests where kind = 'message' group by 1", "skills-commands"
    )
    assert dict(found) == {"shout": 1, None: 6}


def test_a_tool_of_an_mcp_server_is_named_in_the_request_behind_it(stored: Any) -> None:
    found = stored("select distinct mcp_server, mcp_tool from v_requests where mcp_server is not null", "commit-routes")
    assert found == [("tiny", "add")]


def test_the_effort_of_each_request_is_the_one_of_its_line(stored: Any, capture: Callable[[str], Capture]) -> None:
    told = {}
    for path in capture("pricing-mix").transcripts:
        for line in path.read_text().splitlines():
            record = json.loads(line)
            if record.get("type") == "assistant":
                told[record["message"]["id"]] = record.get("effort")
    found = dict(stored("select message_id, effort from v_requests where kind = 'message'"))
    assert found and found == {name: told[name] for name in found}


def test_a_command_lasts_until_another_prompt_is_typed(home: Path, stored: Any) -> None:
    builtin = user("<command-name>/cost</command-name>\n<command-message>cost</command-message>")
    expanded = user("Ship it, please", isMeta=True)
    write(home, [typed("ship"), expanded, answer(1), builtin, answer(2), user("thanks"), answer(3)])
    found = stored("select message_id, slash_command from v_requests order by 1")
    assert found == [("msg_1", "ship"), ("msg_2", "ship"), ("msg_3", None)]


def test_a_command_is_remembered_between_two_readings_of_its_transcript(home: Path, stored: Any) -> None:
    write(home, [typed("ship"), answer(1)])
    stored("select 1")
    write(home, [typed("ship"), answer(1), answer(2)])
    assert stored("select message_id, slash_command from v_requests") == [("msg_1", "ship"), ("msg_2", "ship")]


# -- subagents -------------------------------------------------------------------------------


def test_a_subagents_cost_has_its_type_and_the_call_that_started_it(stored: Any) -> None:
    sql = "select type, depth, model, tool_call_id, requests, cost_usd from v_agents"
    [(kind, depth, model, call, requests, cost)] = stored(sql, "subagent")
    assert (kind, depth, model, call) == ("general-purpose", 1, "haiku", "toolu_014a78d263f3000101")
    assert requests > 0
    assert cost == pytest.approx(stored("select sum(cost_usd) from v_requests where agent_id is not null")[0][0])


def test_a_teammate_has_its_name_and_team(stored: Any) -> None:
    found = stored("select type, name, team, depth, model from v_agents", "agent-team")
    assert found == [("helper", "helper", "session-c048bd62", 0, "opus")]


def test_a_nested_subagent_names_its_parent(home: Path, stored: Any) -> None:
    write(home, [user("go"), answer(1)])
    side = {"isSidechain": True, "agentId": "a1"}
    write(home, [answer(2, **side)], f"{SESSION}/subagents/agent-a1", {"agentType": "planner", "spawnDepth": 1})
    deeper = {"agentType": "tester", "spawnDepth": 2, "parentAgentId": "a1"}
    write(home, [answer(3, **{**side, "agentId": "a2"})], f"{SESSION}/subagents/agent-a2", deeper)
    found = stored("select agent_id, type, parent_agent_id, depth, input_tokens from v_agents order by 1")
    assert found == [("a1", "planner", None, 1, 200), ("a2", "tester", "a1", 2, 300)]


@pytest.mark.parametrize("meta", [None, {"agentType": 7, "spawnDepth": "x"}], ids=["absent", "of wrong types"])
def test_without_a_file_about_a_subagent_its_type_is_what_its_lines_say(
    home: Path, stored: Any, meta: Json | None
) -> None:
    write(home, [user("go"), answer(1)])
    line = answer(2, isSidechain=True, agentId="a1", attributionAgent="reviewer")
    write(home, [line], f"{SESSION}/subagents/agent-a1", meta)
    assert stored("select type, depth, model, requests from v_agents") == [("reviewer", None, None, 1)]


def test_every_subagent_of_every_capture_has_its_requests_in_one_row(stored: Any) -> None:
    found = stored(
        "select count(distinct session_id || agent_id) from v_requests where agent_id is not null",
        *[name for name in names() if "v2.0.64" not in name],
    )
    assert found == stored("select count(*) from v_agents") != [(0,)]


# -- sessions, compactions, errors ---------------------------------------------------------------


def test_a_session_is_interactive_or_run_by_a_program(stored: Any) -> None:
    found = stored("select distinct session_kind from v_sessions", "tui-exit")
    assert found == [("interactive",)]
    assert set(stored("select distinct session_kind from v_sessions", "print-basic")) == {("interactive",), ("sdk",)}


def test_a_background_session_is_told_by_its_lines(home: Path, stored: Any) -> None:
    write(home, [{**user("go"), "entrypoint": "cli", "sessionKind": "bg"}, answer(1)])
    assert stored("select session_kind from v_sessions") == [("background",)]


def test_the_kind_of_a_session_that_its_records_do_not_tell_is_unknown(home: Path, stored: Any) -> None:
    write(home, [user("go"), answer(1)])
    assert stored("select session_kind from v_sessions") == [(None,)]


def test_a_compaction_has_its_trigger_and_sizes_and_no_cost_of_its_own(stored: Any) -> None:
    sql = """select c.trigger, tokens_before, tokens_after, duration_ms > 0, c.timestamp, cost_at_most_usd,
        total_cost_usd > cost_at_most_usd from v_compactions c join v_sessions using (session_id)"""
    [(trigger, before, after, took, at, most, within)] = stored(sql, "tui-compact")
    assert (trigger, before, after, took, at) == ("manual", 12078, 2899, 1, "2026-11-20T04:06:36.055Z")
    assert most == pytest.approx(0.1339 - 0.1059, abs=1e-4)
    assert within


def test_a_compaction_that_a_fork_repeats_belongs_to_its_parent(
    capture: Callable[[str], Capture], tmp_path: Path, home: Path
) -> None:
    capture("fork-compacted")
    found = []
    for order, turned in (("there", False), ("back", True)):
        recorder = Recorder(tmp_path / f"{order}.db")
        for source in sorted(find_sources(home / ".claude"), key=lambda each: each.path, reverse=turned):
            recorder.record([source])
        rows = recorder.connection.execute("select session_id, timestamp from compactions").fetchall()
        starts = recorder.connection.execute("select session_id from sessions order by start_time limit 1").fetchone()
        found.append((rows, starts))
    assert found[0] == found[1]
    assert [row[0] for row in found[0][0]] == [found[0][1][0]]


def test_errors_of_the_api_are_told_with_their_retries(stored: Any) -> None:
    sql = "select outcome, status, error, attempt, most_attempts, wait_ms > 0 from v_api_errors order by timestamp"
    found = stored(sql, "errors")
    assert found.count(("retried", 529, "overloaded_error", 1, 2, 1)) == 2
    assert found.count(("retried", 529, "overloaded_error", 2, 2, 1)) == 2
    assert ("failed", 529, "overloaded_error", None, None, None) in found
    assert ("failed", 400, "invalid_request_error", None, None, None) in found
    assert ("refused", None, "invalid_request", None, None, None) in found


def test_reading_twice_gives_each_detail_once(capture: Callable[[str], Capture], tmp_path: Path, home: Path) -> None:
    for name in ("errors", "tui-compact", "subagent"):
        capture(name)
    recorder = Recorder(tmp_path / "m.db")
    tables = ("agents", "compactions", "api_errors")

    def dump() -> list[Any]:
        return [recorder.connection.execute(f"select * from {table} order by 1, 2").fetchall() for table in tables]

    recorder.sync("claude", home / ".claude")
    before = dump()
    for path in (home / ".claude").rglob("*.jsonl"):
        path.write_text(path.read_text())
    recorder.connection.execute("delete from sources")
    recorder.sync("claude", home / ".claude")
    assert dump() == before
    assert all(before)


def test_another_database_brings_its_details(run_cli: Cli, stored: Any, tmp_path: Path) -> None:
    sqls = [f"select * from {table} order by 1, 2" for table in ("agents", "compactions", "api_errors")]
    before = [stored(sql, "errors", "tui-compact", "subagent") for sql in sqls]
    done = run_cli("db", "import", str(paths.database_file()), "--db-path", str(tmp_path / "new.db"))
    assert done.returncode == 0, done.stderr
    with closing(sqlite3.connect(tmp_path / "new.db")) as database:
        assert [list(map(tuple, database.execute(sql))) for sql in sqls] == before
    assert all(before)


def test_what_was_sent_with_a_request_is_remembered_between_two_readings(home: Path, stored: Any) -> None:
    sent = {"type": "api-request", "id": "ref-1", "querySource": "sdk", "shapeHash": "0123456789abcdef" * 4}
    write(home, [user("go"), sent])
    stored("select 1")
    write(home, [user("go"), sent, answer(1, requestRef="ref-1"), answer(2, requestRef="ref-2")])
    assert stored("select message_id, shape from v_requests order by 1") == [
        ("msg_1", "0123456789abcdef"),
        ("msg_2", None),
    ]


def test_the_requests_of_a_capture_have_the_hash_of_what_was_sent(stored: Any) -> None:
    found = stored("select count(*), count(shape), count(distinct shape) from v_requests where kind = 'message'",
                   "tui-compact")  # fmt: skip
    assert found == [(4, 4, 1)]
