"""`report causes` and `session show`: what requests were made for, and why the cache was written again."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from claude_metrics import paths
from tests.support.captured import Capture

Json = dict[str, Any]
Cli = Callable[..., Any]
SESSION = "00001002-0000-4000-8000-000000001002"


def answer(at: str, read: int, written: int, **more: Any) -> Json:
    """An answer at `at` that read so much of the cache and wrote so much, for 5 minutes or, with `hourly`, for 1 hour."""
    hourly = more.pop("hourly", 0)
    usage = {
        "input_tokens": 5, "output_tokens": 7, "cache_read_input_tokens": read, "cache_creation_input_tokens": written,
        "cache_creation": {"ephemeral_1h_input_tokens": hourly, "ephemeral_5m_input_tokens": written - hourly},
        "speed": more.pop("speed", "standard"), **more.pop("usage", {}),
    }  # fmt: skip
    message = {"id": f"msg_{at}", "role": "assistant", "model": more.pop("model", "claude-opus-4-8"), "usage": usage}
    return {
        "type": "assistant", "timestamp": at, "requestId": f"req_{at}", "effort": "high",
        "message": {**message, "stop_reason": "end_turn", "content": [{"type": "text", "text": "done"}]}, **more,
    }  # fmt: skip


def at(minute: int) -> str:
    return f"2026-09-10T09:{minute:02}:00.000Z"


def write(home: Path, *records: Json) -> None:
    prompt = {"type": "user", "timestamp": at(0), "message": {"role": "user", "content": "go"}}
    common = {"sessionId": SESSION, "cwd": "/home/dev/app", "version": "2.1.331"}
    path = home / ".claude" / "projects" / "-home-dev-app" / f"{SESSION}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [
        {"type": record["type"], "uuid": f"u{n}", **common, **record} for n, record in enumerate([prompt, *records])
    ]
    path.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines))


@pytest.fixture
def breaks(run_cli: Cli, home: Path) -> Callable[..., list[tuple[Any, ...]]]:
    """Cause, tokens and cost of each break in a transcript of these records."""

    def recorded(*records: Json) -> list[tuple[Any, ...]]:
        if records:
            write(home, *records)
        done = run_cli("sync")
        assert done.returncode == 0, done.stderr
        sql = "select cause, rewritten_tokens, cost_usd from v_cache_breaks order by timestamp"
        with closing(sqlite3.connect(paths.database_file())) as database:
            return [tuple(row) for row in database.execute(sql)]

    return recorded


def cost(tokens: int, written: float = 1.25) -> Any:
    """At opus-4-8's prices: 5 dollars in, 0.50 to read; writing is 1.25 or 2 times the input."""
    return pytest.approx(tokens * (5 * written - 0.5) / 1e6)


def sent(name: str, shape: str) -> Json:
    return {"type": "api-request", "id": name, "timestamp": at(0), "querySource": "sdk", "shapeHash": shape * 8}


BOUNDARY = {"type": "system", "subtype": "compact_boundary", "compactMetadata": {"trigger": "auto", "preTokens": 9}}
TOTAL = {
    "type": "cost-state",
    "totalCostUSD": 0.1,
    "startTime": 1789030800000,
    "totalDuration": 60000,
    "modelUsage": {},
}
FIRST = answer(at(1), 0, 10_000)


def test_a_prefix_that_grows_breaks_no_cache(breaks: Any) -> None:
    assert breaks(FIRST, answer(at(2), 10_000, 500), answer(at(3), 10_500, 100)) == []


def test_the_first_request_of_a_session_breaks_no_cache(breaks: Any) -> None:
    assert breaks(FIRST) == []


@pytest.mark.parametrize(
    ("records", "cause"),
    [
        pytest.param([FIRST, answer(at(7), 0, 10_400)], "pause", id="a pause beyond five minutes"),
        pytest.param([FIRST, answer(at(5), 0, 10_400)], None, id="a pause within them"),
        pytest.param([FIRST, answer(at(2), 0, 10_400, model="claude-opus-4-7")], "model switched", id="another model"),
        pytest.param([FIRST, answer(at(2), 0, 10_400, effort="low")], "effort switched", id="another effort"),
        pytest.param([FIRST, answer(at(2), 0, 10_400, effort=None)], None, id="an effort that is not told"),
        pytest.param([FIRST, {**BOUNDARY, "timestamp": at(2)}, answer(at(3), 0, 10_400)], "compaction", id="compaction"),
        pytest.param(
            [sent("a", "12"), {**FIRST, "requestRef": "a"}, sent("b", "34"), answer(at(2), 0, 10_400, requestRef="b")],
            "tools or system prompt changed",
            id="other tools",
        ),
        pytest.param(
            [sent("a", "12"), {**FIRST, "requestRef": "a"}, sent("b", "12"), answer(at(2), 0, 10_400, requestRef="b")],
            None,
            id="the same tools",
        ),
        pytest.param([FIRST, TOTAL, answer(at(2), 0, 10_400)], "resumed", id="another process"),
    ],
)  # fmt: skip
def test_the_cause_of_a_break_is_what_the_records_tell(breaks: Any, records: list[Json], cause: str | None) -> None:
    [(told, tokens, dollars)] = breaks(*records)
    assert (told, tokens) == (cause, 10_000)
    assert dollars == cost(10_000)


def test_only_what_had_been_cached_is_written_again(breaks: Any) -> None:
    [(_, tokens, dollars)] = breaks(FIRST, answer(at(2), 4_000, 9_000))
    assert tokens == 6_000
    assert dollars == cost(6_000)


def test_a_prefix_written_for_an_hour_outlives_half_of_it(breaks: Any) -> None:
    hourly = answer(at(1), 0, 10_000, hourly=10_000)
    assert breaks(hourly, answer(at(31), 0, 10_400, hourly=10_400)) == [(None, 10_000, cost(10_000, 2))]


def test_a_switch_to_fast_mode_is_told_and_priced(breaks: Any) -> None:
    [(cause, _, dollars)] = breaks(FIRST, answer(at(2), 0, 10_400, speed="fast"))
    assert cause == "speed switched"
    assert dollars == pytest.approx(2 * 10_000 * (6.25 - 0.5) / 1e6)


def test_the_price_of_a_break_is_unknown_where_the_models_is(breaks: Any) -> None:
    odd = {"model": "odd-model"}
    assert breaks(answer(at(1), 0, 10_000, **odd), answer(at(2), 0, 10_400, **odd)) == [(None, 10_000, None)]


def test_a_subagent_has_a_cache_of_its_own(breaks: Any) -> None:
    side = answer(at(2), 0, 2_000, isSidechain=True, agentId="a1")
    assert breaks(FIRST, side, answer(at(3), 10_000, 100)) == []


def test_an_advisor_breaks_no_cache(breaks: Any) -> None:
    part = {"type": "advisor_message", "model": "claude-fable-5", "input_tokens": 50, "cache_creation_input_tokens": 9}
    advised = answer(at(2), 10_000, 100, usage={"iterations": [part]})
    assert breaks(FIRST, advised, answer(at(3), 10_100, 100)) == []


def test_compaction_is_why_the_captures_cache_broke(breaks: Any, capture: Callable[[str], Capture]) -> None:
    capture("tui-compact")
    assert [row[:2] for row in breaks()] == [("compaction", 3000)]


def test_the_report_lists_every_kind_of_cause(run_cli: Cli, capture: Callable[[str], Capture]) -> None:
    for name in ("skills-commands", "commit-routes", "agent-team", "tui-compact"):
        capture(name)
    assert run_cli("sync").returncode == 0
    told = json.loads(run_cli("report", "causes", "--json").stdout)
    found = {(row["kind"], row["cause"]) for row in told["causes"]}
    assert {("skill", "shout"), ("skill", "calm"), ("skill", "away"), ("command", "shout"), ("server", "tiny")} <= found
    assert {("subagent", "helper"), ("subagent", "general-purpose"), ("effort", "medium")} <= found
    assert all(row["cost_usd"] > 0 and row["requests"] > 0 for row in told["causes"])
    assert told["cache_breaks"][0]["cost_usd"] > 0
    screen = run_cli("report", "causes").stdout
    assert "shout" in screen and "compaction" in screen
    only = json.loads(run_cli("report", "causes", "--by", "server", "--json").stdout)["causes"]
    assert [(row["kind"], row["cause"]) for row in only] == [("server", "tiny")]


def test_a_skills_cost_is_the_sum_of_its_requests(run_cli: Cli, capture: Callable[[str], Capture]) -> None:
    capture("skills-commands")
    assert run_cli("sync").returncode == 0
    told = json.loads(run_cli("report", "causes", "--by", "skill", "--json").stdout)["causes"]
    with closing(sqlite3.connect(paths.database_file())) as database:
        sums = dict(database.execute("select skill, sum(cost_usd) from v_requests where skill is not null group by 1"))
    assert {row["cause"]: row["cost_usd"] for row in told} == pytest.approx(sums)


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("skills-commands", ["Subagents", "general-purpose", "Skill calm: 1 request,", "Command shout: 1 request,"]),
        ("tui-compact", ["Why the cache was written again", "Compaction (manual)", "12,078 tokens before"]),
        ("agent-team", ["helper", "session-c048bd62"]),
    ],
)
def test_a_session_is_shown_with_what_it_was_for(
    run_cli: Cli, capture: Callable[[str], Capture], name: str, texts: list[str]
) -> None:
    session = next(path.stem for path in capture(name).transcripts if "agent-" not in path.name)
    assert run_cli("sync").returncode == 0
    shown = run_cli("session", "show", session, env=None).stdout
    assert [text for text in texts if text not in shown] == []


def test_errors_of_one_kind_stand_in_one_line(run_cli: Cli, capture: Callable[[str], Capture]) -> None:
    capture("errors")
    assert run_cli("sync").returncode == 0
    shown = run_cli("session", "show", "c44a8ae2").stdout
    assert "API error 529 overloaded_error: 2 retried, 1 failed" in shown


def test_nothing_to_tell_is_said(run_cli: Cli, capture: Callable[[str], Capture]) -> None:
    capture("gemini-cli/interactive-two-prompts")
    assert run_cli("sync").returncode == 0
    assert (
        "No request in this selection names" in run_cli("report", "causes").stdout + run_cli("report", "causes").stderr
    )
