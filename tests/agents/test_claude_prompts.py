"""Who typed what in a Claude Code transcript, what a killed session cost, and tools that the API ran itself."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.captured import Capture
from tests.support.recorder import Recorder

SESSION = "5e551011-0000-4000-8000-000000000001"
AT = "2026-11-20T10:00:0{}.000Z"
TYPED = {"turnOrigin": "human", "turnPosition": {"promptIndex": 1, "turnIndex": 1}, "origin": {"kind": "human"}}
COMMAND = (
    "<command-message>shout</command-message>\n<command-name>/shout</command-name>\n<command-args>{}</command-args>"
)
USAGE = {"input_tokens": 10, "output_tokens": 5, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0}


def common(number: int) -> dict[str, Any]:
    return {"sessionId": SESSION, "uuid": f"00000000-0000-4000-8000-{number:012}", "timestamp": AT.format(number)}


def user(content: Any, number: int = 1, **more: Any) -> dict[str, Any]:
    return {"type": "user", "message": {"role": "user", "content": content}, **common(number), **more}


def assistant(content: list[Any], number: int = 2) -> dict[str, Any]:
    message = {"id": "msg_1", "model": "claude-opus-4-8", "stop_reason": "end_turn", "usage": USAGE, "content": content}
    return {"type": "assistant", "message": message, "requestId": "req_1", **common(number)}


def record(folder: Path, *records: dict[str, Any]) -> Recorder:
    path = folder / "claude" / "projects" / "-app" / f"{SESSION}.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text("".join(json.dumps(each, separators=(",", ":")) + "\n" for each in records))
    recorder = Recorder(folder / "metrics.db")
    recorder.sync("claude", folder / "claude")
    return recorder


@pytest.mark.parametrize(
    ("given", "prompts"),
    [
        pytest.param(user("hello", **TYPED), ["hello"], id="typed text"),
        pytest.param(user(COMMAND.format("good day"), **TYPED), ["/shout good day"], id="a typed custom command"),
        pytest.param(user(COMMAND.format(""), **TYPED), ["/shout"], id="a typed skill without arguments"),
        pytest.param(user(COMMAND.format("it")), ["/shout it"], id="a custom command of a client without marks"),
        pytest.param(user("hello"), ["hello"], id="text of a client without marks"),
        pytest.param(
            user("<command-name>/usage</command-name>\n<command-message>usage</command-message>"),
            [],
            id="a built-in one",
        ),
        pytest.param(
            user('Another Claude session sent a message:\n<teammate-message teammate_id="a">x</teammate-message>'),
            [],
            id="a teammate's message",
        ),
        pytest.param(user("anything", turnPosition={"promptIndex": 1, "turnIndex": 2}), [], id="a turn nobody began"),
        pytest.param(user("<task-notification>\n<task-id>b</task-id>", **TYPED), [], id="a task notification"),
        pytest.param(
            user("done", **{**TYPED, "origin": {"kind": "task-notification"}}), [], id="a notification by its origin"
        ),
        pytest.param(user("Shout loudly", isMeta=True), [], id="the text behind a command"),
    ],
)
def test_a_turn_begins_with_what_a_person_typed(tmp_path: Path, given: dict[str, Any], prompts: list[str]) -> None:
    recorder = record(tmp_path, given, assistant([{"type": "text", "text": "ok"}]))
    assert [row[0] for row in recorder.connection.execute("select prompt from turns")] == prompts
    [(first, count)] = recorder.connection.execute("select first_prompt, user_message_count from sessions")
    assert (first, count) == ((prompts or [None])[0], len(prompts))


@pytest.mark.parametrize("name", ["skills-commands", "agent-team"])
def test_every_request_belongs_to_a_turn_that_somebody_typed(name: str, capture: Any, tmp_path: Path) -> None:
    found: Capture = capture(name)
    recorder = Recorder(tmp_path / "metrics.db")
    recorder.sync("claude", found.claude_dir)
    [(session, prompts)] = recorder.connection.execute("select session_id, user_message_count from sessions")
    assert prompts == found.oracle["sessions"][session]["user_prompts"]
    none = "select count(*) from token_usage where turn_index is null and kind = 'message'"
    assert recorder.connection.execute(none).fetchone() == (0,)


def test_the_cost_of_a_session_killed_before_any_answer_is_unknown(tmp_path: Path) -> None:
    recorder = record(tmp_path, user("hello", **TYPED))
    assert recorder.connection.execute("select total_cost_usd from sessions").fetchall() == [(None,)]


def test_a_session_whose_total_is_nothing_cost_nothing(tmp_path: Path) -> None:
    total = {
        "type": "cost-state",
        "sessionId": SESSION,
        "totalCostUSD": 0,
        "startTime": 1795168800000,
        "modelUsage": {},
    }
    recorder = record(tmp_path, user("hello", **TYPED), total)
    assert recorder.connection.execute("select total_cost_usd from sessions").fetchall() == [(0.0,)]


@pytest.mark.parametrize(
    ("content", "success"),
    [
        ([{"type": "web_search_result", "url": "x"}], 1),
        ({"type": "web_search_tool_result_error", "error_code": "max_uses_exceeded"}, 0),
    ],
    ids=["found", "failed"],
)
def test_a_tool_that_the_api_ran_has_its_result(tmp_path: Path, content: Any, success: int) -> None:
    call = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}}
    result = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": content}
    recorder = record(tmp_path, user("hello", **TYPED), assistant([call, result]))
    rows = recorder.connection.execute("select tool_name, success, output_bytes from tool_calls").fetchall()
    assert rows == [("web_search", success, len(json.dumps(content, separators=(",", ":"))))]
