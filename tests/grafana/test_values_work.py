"""Models, tools, commits, projects, budgets and the recorder equal what Python computes from the tables."""

import calendar
import json
import math
from collections import Counter

from tests.grafana.facts import (
    Facts,
    Row,
    cost,
    failure_rate,
    figure,
    grouped,
    hit,
    near,
    one,
    quarter,
    seconds,
    show,
    tokens,
)


def test_models(facts: Facts) -> None:
    rates = {(r["model"], r["day"]): json.loads(r["rates"])[0] for r in facts.table("rates") if r["rates"]}
    frame = show(facts, "cm-models", 4)
    shown = {row[0]: row[1:10] for row in frame.rows}
    by_model = grouped(facts.requests, facts.model)
    assert shown.keys() == by_model.keys()
    for model, rows in by_model.items():
        kinds = [tokens(rows, kind) for kind in ("input", "output", "cache_read", "cache_creation")]
        saved = sum(savings(row, rates.get((row["model"], row["timestamp"][:10]))) for row in rows)
        per_thousand = 1000 * cost(rows) / kinds[1] if kinds[1] else None
        assert list(shown[model]) == near([cost(rows), len(rows), *kinds, per_thousand, hit(rows), saved])
    asked = facts.requests
    assert figure(facts, "cm-models", 1) == near(hit(asked))
    spent = cost([row for row in asked if row["agent_id"] is not None])
    assert figure(facts, "cm-models", 3) == near(spent / cost(asked))
    prices = {model: price for (model, day), price in sorted(rates.items())}
    what_if = dict(row[:2] for row in show(facts, "cm-models", 9).rows)
    used = [tokens(asked, kind) for kind in ("input", "output", "cache_read", "cache_creation")]
    assert what_if == near(
        {facts.names[m]: sum(n * p for n, p in zip(used, price, strict=False)) / 1e6 for m, price in prices.items()}
    )


def savings(row: Row, price: list[float] | None) -> float:
    if price is None:
        return 0.0
    hourly = row["cache_creation_1h_tokens"]
    short = row["cache_creation_tokens"] - hourly
    fresh, _, read, written, long = price
    return (row["cache_read_tokens"] * (fresh - read) - short * (written - fresh) - hourly * (long - fresh)) / 1e6


def test_tools(facts: Facts) -> None:
    calls = facts.calls
    denied = sum(bool(c["denied"]) for c in calls)
    failed = sum(c["success"] == 0 and not c["denied"] for c in calls)
    unfinished = sum(c["success"] is None for c in calls)
    assert one(show(facts, "cm-tools", 1)) == [
        len(calls) - failed - denied - unfinished,
        failed,
        denied,
        unfinished,
    ]
    assert figure(facts, "cm-tools", 12) == len(calls)
    assert figure(facts, "cm-tools", 2) == near(failure_rate(calls))
    by_tool = grouped(calls, lambda c: c["tool_name"])
    assert dict(show(facts, "cm-tools", 4).rows) == {tool: len(rows) for tool, rows in by_tool.items()}
    frame = show(facts, "cm-tools", 7)
    for tool, rate, sent, returned in zip(
        frame["Tool"], frame["Failure rate"], frame["Sent"], frame["Returned"], strict=True
    ):
        rows = by_tool[tool]
        assert rate == near(failure_rate(rows))
        assert (sent, returned) == tuple(sum(c[name] or 0 for c in rows) for name in ("input_bytes", "output_bytes"))
    timed = sum(c["duration_ms"] is not None for c in calls)
    heat = show(facts, "cm-tools", 5)
    assert sum(v or 0 for f in heat.fields if f.kind != "time" for v in f.values) == timed
    largest = sorted((c["output_bytes"] or 0 for c in calls), reverse=True)
    assert show(facts, "cm-tools", 9)["Returned"][0] == largest[0]


def test_durations_are_interpolated_within_their_class(facts: Facts) -> None:
    limits = [0, 10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000, 300_000, 1_000_000]
    for tool, *shown in show(facts, "cm-tools", 6).rows:
        times = sorted(c["duration_ms"] for c in facts.calls if c["tool_name"] == tool and c["duration_ms"] is not None)
        for q, found in zip((0.5, 0.95), shown, strict=True):
            exact = times[math.ceil(q * len(times)) - 1]
            place = next(n for n, limit in enumerate(limits[1:], 1) if exact <= limit)
            assert limits[place - 1] <= found <= limits[place]


def test_recent_failures(facts: Facts) -> None:
    wanted = [
        c for c in facts.table("tool_calls") if c["success"] == 0 and not c["denied"] and facts.inside(c["timestamp"])
    ]
    newest = sorted((int(seconds(c["timestamp"])) for c in wanted), reverse=True)[:100]
    assert show(facts, "cm-tools", 8)["Time"] == newest


def test_commits(facts: Facts) -> None:
    made = [c for c in facts.commits if c["attribution"] == "proven"]
    kept = [c for c in made if c["reachable"]]
    added, deleted = (sum(c[name] for c in kept) for name in ("lines_added", "lines_deleted"))
    assert one(show(facts, "cm-git", 2)) == [len(kept), added, deleted]
    spent = cost(facts.requests)
    per = [spent / len(kept), 100 * spent / (added + deleted)] if kept else [None, None]
    assert one(show(facts, "cm-git", 1)) == near(per)
    assert one(show(facts, "cm-git", 4)) == [len(made) - len(kept)]
    with_commit = [s for s in facts.begun if s["commits"]]
    whole = sum(s["total_cost_usd"] or 0 for s in facts.begun)
    wasted = whole - sum(s["total_cost_usd"] or 0 for s in with_commit)
    assert one(show(facts, "cm-git", 3)) == near([len(with_commit) / len(facts.begun), wasted / whole])
    frame = show(facts, "cm-git", 6)
    assert sum(filter(None, frame["Lines added"])) == added and sum(filter(None, frame["Lines removed"])) == -deleted


def test_projects(facts: Facts) -> None:
    frame = show(facts, "cm-projects", 5)
    by_project = grouped(facts.requests, facts.project)
    for name, spent, asked, ratio in zip(
        frame["Project"], frame["Cost"], frame["Requests"], frame["Hit ratio"], strict=True
    ):
        rows = by_project[name]
        assert [spent, asked, ratio] == near([cost(rows), len(rows), hit(rows)])
    begun = Counter(s["project_name"] or "(none)" for s in facts.begun)
    assert dict(zip(frame["Project"], frame["Sessions begun"], strict=True)) == {
        name: begun[name] for name in frame["Project"]
    }
    tools = show(facts, "cm-projects", 7)
    by_project = grouped(facts.calls, facts.project)
    rates = dict(zip(tools["Project"], tools["Failure rate"], strict=True))
    assert rates == near({name: failure_rate(rows) for name, rows in by_project.items()})


def test_budgets(facts: Facts) -> None:
    now = facts.local(facts.when.end / 1000)
    began = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    month = [
        r for r in facts.table("token_usage") if began.timestamp() <= quarter(r["timestamp"]) < facts.when.end / 1000
    ]
    spent, projected, budget = one(show(facts, "cm-budget", 2))
    assert [spent, budget] == near([cost(month), None]) and projected >= spent
    assert one(show(facts, "cm-budget", 1)) == [None], "no budget, no share of it"
    course = show(facts, "cm-budget", 3)
    length = calendar.monthrange(now.year, now.month)[1]
    assert course["Day"] == list(range(1, length + 1)), "the month is drawn to its end"
    assert course["Spent"][now.day - 1] == near(cost(month)) and set(course["Spent"][now.day :]) <= {None}
    assert set(course["Projected"][: now.day - 1]) <= {None} and course["Projected"][-1] == near(projected)
    assert set(course["Budget"]) == {None}, "no budget, no line"
    days = show(facts, "cm-budget", 4)
    by_day = {
        day: cost(rows) for day, rows in grouped(month, lambda r: facts.local(quarter(r["timestamp"])).day).items()
    }
    assert days["Spent"] == near([by_day.get(n) or None for n in days["Day"]])


def test_recorder_health(facts: Facts) -> None:
    last = max(seconds(r["finished_at"]) for r in facts.table("recordings"))
    latest = max(seconds(r["timestamp"]) for r in facts.table("token_usage"))
    assert one(show(facts, "cm-recorder", 1)) == [
        facts.when.end // 1000 - int(last),
        facts.when.end // 1000 - int(latest),
    ]
    sources = facts.table("sources")
    unpriced = {r["model"] for r in facts.requests if r["cost_usd"] is None}
    shown = one(show(facts, "cm-recorder", 2))
    assert shown[0] == sum(s["bad_lines"] for s in sources) and shown[2] == len(unpriced)
    assert one(show(facts, "cm-recorder", 8))[0] == len(facts.sessions)
    runs = [r for r in facts.table("recordings") if facts.inside(r["finished_at"])]
    events = (
        {name: sum(filter(None, values)) for name, values in show(facts, "cm-recorder", 4).by_label().items()}
        if runs
        else {}
    )
    assert events == dict(Counter(r["event"] for r in runs))
    assert show(facts, "cm-recorder", 9)["Schema"] == [facts.tried.source.plain("pragma user_version")[0][0]]
