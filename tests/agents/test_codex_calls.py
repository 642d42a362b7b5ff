"""Codex CLI: how its tool calls ended, what they were for, and which lines they changed."""

import json
from pathlib import Path

import pytest

from claude_metrics.agents.codex.outcome import Ended, changed, ended, item_ended
from tests.agents.recorded import CODEX, record
from tests.agents.rollout import A, Rollout
from tests.support.recorder import Recorder


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
