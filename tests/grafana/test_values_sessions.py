"""The Sessions list and the session page equal what Python computes from the tables."""

from collections import Counter

import pytest

from tests.grafana import suite
from tests.grafana.emulator import Range
from tests.grafana.facts import EAST, Facts, cost, grouped, near, one, seconds, show, tokens


def test_the_explorer(facts: Facts) -> None:
    begun = sorted(facts.begun, key=lambda row: row["start_time"], reverse=True)
    frame = show(facts, "cm-sessions", 2)
    assert len(frame.rows) == min(500, len(begun)) and set(frame["session_id"]) <= {row["session_id"] for row in begun}
    for name, start, cost_usd, turns, tools in zip(
        frame["session_id"], frame["Start"], frame["Cost"], frame["Turns"], frame["Tools"], strict=True
    ):
        row = facts.sessions[name]
        assert (start, turns, tools) == (int(seconds(row["start_time"])), row["user_message_count"], row["tool_calls"])
        assert cost_usd == near(row["total_cost_usd"])
    spent = sum(row["total_cost_usd"] or 0.0 for row in begun)
    asking = {row["session_id"] for row in facts.table("token_usage")}
    with_requests = sum(row["session_id"] in asking for row in begun)
    assert one(show(facts, "cm-sessions", 1)) == near([len(begun), with_requests, spent, spent / len(begun)])
    priced = sorted(row["total_cost_usd"] for row in begun if row["total_cost_usd"] is not None)
    assert sorted(show(facts, "cm-sessions", 3)["Cost"]) == near(priced)
    dearest: dict[int, float] = {}
    for row in (r for r in begun if r["total_cost_usd"] is not None):
        length = int(seconds(row["end_time"])) - int(seconds(row["start_time"]))
        dearest[length] = max(dearest.get(length, 0.0), row["total_cost_usd"])
    assert dict(show(facts, "cm-sessions", 4).rows) == near(dearest)


def test_hours_and_weekdays_are_the_viewers(facts: Facts) -> None:
    hours: Counter[str] = Counter()
    days: Counter[str] = Counter()
    for (_, at), ms in facts.active().items():
        hours[f"{facts.local(at).hour:02d}:00"] += ms / 3_600_000  # type: ignore[assignment]
        days[f"{facts.local(at):%a}"] += ms / 3_600_000  # type: ignore[assignment]
    shown = dict(show(facts, "cm-sessions", 5).rows)
    assert len(shown) == 24 and shown == pytest.approx({h: hours[h] for h in shown}, abs=1e-3)
    shown = dict(show(facts, "cm-sessions", 6).rows)
    assert list(shown) == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    assert shown == pytest.approx({d: days[d] for d in shown}, abs=1e-3)


def test_one_session(facts: Facts) -> None:
    name = max(facts.sessions, key=lambda key: (facts.sessions[key]["tool_calls"], key))
    row = facts.sessions[name]
    own = [r for r in facts.table("token_usage") if r["session_id"] == name]
    calls = [r for r in facts.table("tool_calls") if r["session_id"] == name]
    turns = [r for r in facts.table("turns") if r["session_id"] == name]
    everything = tokens(own, "input", "output", "cache_read", "cache_creation")
    failed = sum(c["success"] == 0 and not c["denied"] for c in calls)
    assert one(show(facts, "cm-session", 1, session=name)) == near(
        [cost(own), len(turns), len(calls), failed, everything]
    )
    course = show(facts, "cm-session", 5, session=name)
    assert course["Cost"][-1] == near(cost(own)) and course["Cost"] == sorted(course["Cost"])
    main = [r for r in own if r["agent_id"] is None and r["kind"] == "message"]
    by_time = grouped(main, lambda r: r["timestamp"])
    filled = [
        max(tokens([r], "input", "cache_read", "cache_creation") / 200_000 for r in by_time[at])
        for at in sorted(by_time)
    ]
    assert show(facts, "cm-session", 6, session=name)["Context"] == near(filled)
    models = show(facts, "cm-session", 8, session=name)
    spent = {model: cost(rows) for model, rows in grouped(own, facts.model).items()}
    assert {m: c or 0.0 for m, c in zip(models["Model"], models["Cost"], strict=True)} == near(spent)
    assert len(show(facts, "cm-session", 9, session=name).rows) == len(turns)
    results = Counter(show(facts, "cm-session", 10, session=name)["Result"])
    assert results["failed"] == failed and sum(results.values()) == len(calls)
    assert one(show(facts, "cm-session", 2, session=name))[1] == pytest.approx(
        (seconds(row["end_time"]) - seconds(row["start_time"])) * 1000, abs=1
    )


def test_the_timeline_of_one_session(facts: Facts) -> None:
    name = max(facts.sessions, key=lambda key: (facts.sessions[key]["tool_calls"], key))
    row = facts.sessions[name]
    when = Range(int(seconds(row["start_time"])) * 1000, int(seconds(row["end_time"])) * 1000 + 1000, EAST)
    target = suite.target("cm-session", 4)
    frame = suite.run(facts.tried.source, target, when, session=name)
    turns = [r for r in facts.table("turns") if r["session_id"] == name]
    assert frame["time"] == sorted(set(frame["time"])), "one state per instant"
    assert {v for v in frame["Turn"] if v} == {f"turn {r['turn_index']}" for r in turns}
    for call in (c for c in facts.table("tool_calls") if c["session_id"] == name and c["agent_id"] is None):
        began = seconds(call["timestamp"])
        if call["finished_at"] and seconds(call["finished_at"]) > began:
            at = next(n for n, time in enumerate(frame["time"]) if abs(time - began) < 0.0011)
            assert frame["Tools"][at] is not None, "while a tool runs its lane is not idle"
    assert frame["Model"][-1] is None and frame["Tools"][-1] is None, "at the end all is still"
    earlier = suite.run(facts.tried.source, target, Range(when.start - 9_000_000, when.start - 5_000_000), session=name)
    assert "click the title" in earlier["Turn"][0], "a range without the session says what to do"
