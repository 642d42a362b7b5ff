"""Codex CLI: what its captures hold is what its API served."""

import json
from pathlib import Path

import pytest

from claude_metrics.agents.codex import sources as codex
from claude_metrics.agents.codex.outcome import Ended, changed, ended, item_ended
from tests.agents.recorded import (
    CODEX,
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

# All that is served and never written are the `utility` requests: a task's title, asked in a thread without a rollout.
A, B = "01a1f700-0000-7000-8000-00000000000a", "01a1f700-0000-7000-8000-00000000000b"


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    return Recorder(tmp_path / "metrics.db")


@pytest.mark.parametrize("name", CODEX.names)
def test_a_capture_gives_its_truth(name: str, home: Path, recorder: Recorder) -> None:
    truth = CODEX.truth(name)
    repository(home / "project", truth)
    record(recorder, CODEX.sources(CODEX.lay_out(name, home)))
    assert stored_tokens(recorder) == truth_tokens(truth, {})
    assert stored_calls(recorder) == truth_calls(truth)
    assert stored_prompts(recorder) == typed(truth)
    assert stored_commits(recorder) == truth_commits(truth)


@pytest.mark.parametrize("name", CODEX.names)
def test_without_usage_records_the_totals_tell_the_same(name: str, home: Path, recorder: Recorder) -> None:
    """As older clients wrote: only the running total."""
    data = CODEX.lay_out(name, home)
    for source in CODEX.sources(data):
        lines = source.path.read_bytes().splitlines(keepends=True)
        source.path.write_bytes(b"".join(line for line in lines if b'"type":"token_usage_record"' not in line))
    record(recorder, CODEX.sources(data))
    assert stored_tokens(recorder) == truth_tokens(CODEX.truth(name), {})


def test_a_session_has_its_facts(home: Path, recorder: Recorder) -> None:
    record(recorder, CODEX.sources(CODEX.lay_out("interactive-two-prompts", home)))
    row = recorder.connection.execute(
        """select agent_type, agent_version, project_path, git_branch, permission_mode, title, lines_added, start_time
        from sessions"""
    ).fetchone()
    assert row == (
        "codex_cli", "0.169.0", str(home / "project"), "main", "bypassPermissions", "Demo task", 2,
        "2026-11-20T04:06:20.575Z",
    )  # fmt: skip


def test_a_subagent_is_part_of_its_session(home: Path, recorder: Recorder) -> None:
    record(recorder, CODEX.sources(CODEX.lay_out("subagent", home)))
    session = "01a1f718-a486-7c72-a04a-fc30b8cf2c83"
    assert recorder.connection.execute("select session_id from sessions").fetchall() == [(session,)]
    rows = recorder.connection.execute("select distinct agent_id from tool_calls where tool_name = 'exec_command'")
    assert rows.fetchall() == [("01a1f718-a51d-7391-95bc-493c693fc557",)]


@pytest.mark.parametrize("name", CODEX.names)
def test_a_hooks_payload_finds_all_files_of_the_session(name: str, home: Path, capture) -> None:
    data = CODEX.lay_out(name, home)
    found = {}
    for payload in capture(f"codex-cli/{name}").payloads("SessionEnd"):
        of_one = codex.sources_of(payload)
        assert {source.session_id for source in of_one} == {payload["session_id"]}
        found |= {source.path: source for source in of_one}
    assert found.keys() == {source.path for source in CODEX.sources(data)}


def test_an_archived_rollout_is_the_same_session(home: Path, recorder: Recorder) -> None:
    data = CODEX.lay_out("exec-basic", home)
    [source] = CODEX.sources(data)
    record(recorder, [source])
    before = recorder.dump()
    (data / "archived_sessions").mkdir()
    source.path.rename(data / "archived_sessions" / source.path.name)
    record(recorder, CODEX.sources(data))
    assert recorder.dump() == before


def test_the_home_can_be_moved(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = CODEX.lay_out("exec-basic", home / "elsewhere")
    assert list(codex.find_sources()) == []
    monkeypatch.setenv("CODEX_HOME", str(data))
    assert len(list(codex.find_sources())) == 1


# -- rollouts written here ------------------------------------------------------------


def usage(given: int, output: int, cached: int = 0) -> dict[str, int]:
    return {"input_tokens": given, "cached_input_tokens": cached, "output_tokens": output}


class Rollout:
    """A rollout as older clients wrote it: `meta`, then turns of answers with their running total."""

    def __init__(self, thread: str, **meta: object) -> None:
        self.thread, self.total, self.second = thread, [0, 0, 0], 0
        self.lines: list[str] = []
        self.add("session_meta", {"id": thread, "timestamp": self.stamp(), "cwd": "/p", **meta})

    def stamp(self) -> str:
        return f"2026-01-01T00:{self.second // 60:02}:{self.second % 60:02}.000Z"

    def add(self, kind: str, payload: dict) -> "Rollout":
        self.second += 1
        self.lines.append(json.dumps({"timestamp": self.stamp(), "type": kind, "payload": payload}))
        return self

    def turn(self, model: str = "gpt-5", turn_id: str | None = None) -> "Rollout":
        self.add("turn_context", {"model": model, "cwd": "/p", **({"turn_id": turn_id} if turn_id else {})})
        return self.add("event_msg", {"type": "user_message", "message": f"prompt {self.second}"})

    def answer(self, given: int, output: int) -> "Rollout":
        self.add("event_msg", {"type": "agent_message", "message": "done"})
        self.total = [self.total[0] + given, self.total[1] + output, 0]
        return self.count(usage(given, output))

    def count(self, last: dict[str, int]) -> "Rollout":
        total = usage(self.total[0], self.total[1])
        return self.add(
            "event_msg", {"type": "token_count", "info": {"total_token_usage": total, "last_token_usage": last}}
        )

    def write(self, folder: Path) -> Path:
        path = folder / "sessions" / "2026" / "01" / "01" / f"rollout-2026-01-01T00-00-00-{self.thread}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(self.lines) + "\n")
        return path


def totals(recorder: Recorder) -> dict[str, tuple[int, int]]:
    return {
        r[0]: r[1:] for r in recorder.connection.execute("select session_id, input_tokens, output_tokens from sessions")
    }


def test_a_repeated_total_counts_once(tmp_path: Path, recorder: Recorder) -> None:
    rollout = Rollout(A).turn().answer(100, 10).count(usage(100, 10)).turn().count(usage(900, 90)).answer(50, 5)
    rollout.write(tmp_path)
    record(recorder, CODEX.sources(tmp_path))
    assert totals(recorder) == {A: (150, 15)}
    assert stored_prompts(recorder) == ["prompt 2", "prompt 7"]


@pytest.mark.parametrize("again", [False, True], ids=["answer first", "the parent's total again"])
def test_a_forks_total_goes_on_from_its_parents(again: bool, tmp_path: Path, recorder: Recorder) -> None:
    Rollout(A).turn().answer(100, 10).write(tmp_path)
    fork = Rollout(B, forked_from_id=A)
    fork.total = [100, 10, 0]
    if again:
        fork.count(usage(100, 10))
    fork.turn().answer(30, 3).answer(40, 4).write(tmp_path)
    record(recorder, CODEX.sources(tmp_path))
    assert totals(recorder) == {A: (100, 10), B: (70, 7)}
    assert recorder.connection.execute(
        "select parent_session_id from sessions where session_id = ?", (B,)
    ).fetchone() == (A,)


@pytest.mark.parametrize("turn_id", ["turn-1", None], ids=["turn ids", "without"])
@pytest.mark.parametrize("order", [1, -1], ids=["parent first", "fork first"])
def test_lines_that_a_fork_copied_belong_to_its_parent(
    turn_id: str | None, order: int, tmp_path: Path, recorder: Recorder
) -> None:
    parent = Rollout(A).turn(turn_id=turn_id).answer(100, 10)
    parent.write(tmp_path)
    fork = Rollout(B, forked_from_id=A, timestamp="2026-01-01T00:30:00.000Z")
    fork.lines, fork.total = [fork.lines[0].replace("00:00:01", "00:30:00"), *parent.lines], [100, 10, 0]
    fork.second = 2000
    fork.turn(turn_id="turn-2").answer(30, 3).write(tmp_path)
    for source in CODEX.sources(tmp_path)[::order]:
        record(recorder, [source])
    assert totals(recorder) == {A: (100, 10), B: (30, 3)}


def test_a_total_that_begins_anew_is_not_lost(tmp_path: Path, recorder: Recorder) -> None:
    rollout = Rollout(A).turn().answer(100, 10)
    rollout.total = [0, 0, 0]
    rollout.answer(20, 2).write(tmp_path)
    record(recorder, CODEX.sources(tmp_path))
    assert totals(recorder) == {A: (120, 12)}


def test_a_compaction_counts_for_the_model_it_ran_on(tmp_path: Path, recorder: Recorder) -> None:
    rollout = Rollout(A).turn("gpt-5").answer(100, 10).add("compacted", {"message": "..."}).answer(200, 20)
    rollout.turn("gpt-6-luna").answer(5, 1).write(tmp_path)
    record(recorder, CODEX.sources(tmp_path))
    rows = recorder.connection.execute("select model, sum(input_tokens) from token_usage group by 1").fetchall()
    assert rows == [("gpt-5", 300), ("gpt-6-luna", 5)]


def test_a_session_begun_by_an_older_client_and_resumed_by_a_newer(tmp_path: Path, recorder: Recorder) -> None:
    rollout = Rollout(A).turn(turn_id="t1").answer(100, 10).turn(turn_id="t2")
    record_of = {"thread_id": A, "session_id": A, "turn_id": "t2", "response_id": "r1", "usage": usage(50, 5)}
    rollout.add("token_usage_record", record_of).answer(50, 5).write(tmp_path)
    record(recorder, CODEX.sources(tmp_path))
    assert totals(recorder) == {A: (150, 15)}


def test_an_empty_rollout_is_no_session(tmp_path: Path, recorder: Recorder) -> None:
    path = Rollout(A).write(tmp_path)
    record(recorder, CODEX.sources(tmp_path))
    assert totals(recorder) == {}
    path.write_text("\n".join(Rollout(A).turn().answer(7, 1).lines) + "\n")
    record(recorder, CODEX.sources(tmp_path))
    assert totals(recorder) == {A: (7, 1)}


def test_cached_tokens_read_and_written_are_no_input(tmp_path: Path, recorder: Recorder) -> None:
    used = {**usage(1000, 10, cached=600), "cache_write_input_tokens": 100, "reasoning_output_tokens": 4}
    rollout = Rollout(A).turn()
    rollout.add("token_usage_record", {"thread_id": A, "session_id": A, "response_id": "r", "usage": used})
    rollout.write(tmp_path)
    record(recorder, CODEX.sources(tmp_path))
    columns = "input_tokens, cache_read_tokens, cache_creation_tokens, output_tokens, reasoning_tokens"
    row = recorder.connection.execute(f"select {columns} from token_usage").fetchone()
    assert row == (300, 600, 100, 10, 4)


# -- calls --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "output", "expected"),
    [
        ("exec_command", "Chunk ID: a\nWall time: 0.1 seconds\nProcess exited with code 2\nOutput:\n", Ended(0, None)),
        ("exec_command", "Chunk ID: a\nProcess exited with code 0\nOutput:\nExit code: 9", Ended(1, None)),
        ("exec_command", "Process running with session ID 7\n", Ended(None, None, True)),
        ("exec_command", "exec command rejected by user", Ended(0, 1)),
        ("exec_command", "execution error: no such shell", Ended(0, None)),
        ("write_stdin", "Process running with session ID 7\n", Ended(1, None, True)),
        ("shell", '{"output":"x","metadata":{"exit_code":1,"duration_seconds":0.1}}', Ended(0, None)),
        ("apply_patch", "Exit code: 0\nWall time: 0 seconds\nOutput:\nSuccess.", Ended(1, None)),
        ("apply_patch", "apply_patch verification failed: x", Ended(0, None)),
        ("exec", "Script completed\nWall time 0.2 seconds\nOutput:\nExit code: 3", Ended(1, None)),
        ("exec", "Script error:\nReferenceError", Ended(0, None)),
        ("exec", "Script running with cell ID 4", Ended(None, None, True)),
        ("spawn_agent", '{"agent_id":"x"}', Ended(1, None)),
        ("update_plan", "aborted by user after 2.0s", Ended(0, None)),
    ],
)
def test_how_a_call_ended_by_its_output(name: str, output: str, expected: Ended) -> None:
    assert ended(name, output) == expected


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"status": "completed", "exit_code": 0}, Ended(1, None)),
        ({"status": "completed", "exit_code": 3}, Ended(0, None)),
        ({"status": "declined"}, Ended(0, 1)),
        ({"success": False}, Ended(0, None)),
        ({"status": "in_progress"}, Ended(None, None)),
    ],
)
def test_how_a_call_ended_by_its_item(item: dict, expected: Ended) -> None:
    assert item_ended(item) == expected


def test_lines_of_a_patch() -> None:
    changes = {
        "/p/new": {"type": "add", "content": "a\nb"},
        "/p/old": {"update": {"unified_diff": "@@ -1,2 +1,2 @@\n-a\n+b\n c\n"}},
        "/p/gone": {"type": "delete", "content": "x\n"},
    }
    assert changed(changes) == ("/p/new", "created", 3, 2)


def test_a_call_of_an_older_client_ends_by_its_event(tmp_path: Path, recorder: Recorder) -> None:
    asked = {
        "type": "function_call",
        "name": "shell",
        "call_id": "c",
        "arguments": '{"command":["bash","-lc","false"]}',
    }
    over = {"type": "exec_command_end", "call_id": "c", "exit_code": 1, "aggregated_output": "oh"}
    rollout = Rollout(A).turn().add("response_item", asked).add("event_msg", over)
    rollout.add("response_item", {"type": "function_call_output", "call_id": "c", "output": "Exit code: 1"}).answer(
        9, 1
    )
    rollout.write(tmp_path)
    record(recorder, CODEX.sources(tmp_path))
    row = recorder.connection.execute(
        "select tool_name, input_summary, success, duration_ms, request_key is not null, output_bytes from tool_calls"
    ).fetchone()
    assert row == ("shell", "false", 0, 1000, 1, 12)


def test_a_call_says_what_it_was_for_and_what_it_checked(tmp_path: Path, recorder: Recorder) -> None:
    rollout = Rollout(A).turn()
    for call_id, command in (("c1", "pytest -q"), ("c2", "ls")):
        item = {
            "type": "function_call",
            "name": "exec_command",
            "call_id": call_id,
            "arguments": json.dumps({"cmd": command}),
        }
        rollout.add("response_item", item)
        done = {
            "type": "CommandExecution",
            "id": call_id,
            "status": "failed",
            "exit_code": 1,
            "aggregated_output": "2 failed",
        }
        rollout.add("event_msg", {"type": "item_completed", "item": done})
    rollout.answer(9, 1).write(tmp_path)
    record(recorder, CODEX.sources(tmp_path))
    assert recorder.connection.execute("select distinct category from tool_calls").fetchall() == [("shell",)]
    rows = recorder.connection.execute("select title, outcome from observations where kind = 'verification'").fetchall()
    assert rows == [("tests: pytest", "failed")]


def test_odd_records_are_counted_and_passed_over(tmp_path: Path, recorder: Recorder) -> None:
    rollout = Rollout(A).turn().answer(9, 1)
    rollout.add("hologram", {}).add("event_msg", {"type": "sparkle"}).add("response_item", {"type": "dance"})
    rollout.add("event_msg", {"type": "token_count", "info": None})
    rollout.add("event_msg", {"type": "token_count", "info": {"total_token_usage": {"input_tokens": "many"}}})
    rollout.lines += ['{"type":"response_item","payload":[1]}', "[]", "nonsense", '{"type":7}', "\xed"]
    path = rollout.write(tmp_path)
    done = record(recorder, CODEX.sources(tmp_path))
    unknown = json.loads(recorder.connection.execute("select unknown from sources").fetchone()[0])
    assert unknown == {"hologram": 1, "event sparkle": 1, "item dance": 1, "item None": 1, "7": 1}
    assert done.bad_lines == 3, path.read_text()
    assert totals(recorder) == {A: (9, 1)}
