"""What panels show equals what Python computes from the tables, row by row, on generated and on recorded sessions."""

import calendar
import itertools
import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import cached_property
from typing import Any

import pytest

from tests.grafana import suite
from tests.grafana.conftest import Tried
from tests.grafana.emulator import Range

EAST = 345  # Nepal: the zone that needs quarter hours
Row = dict[str, Any]


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def quarter(text: str) -> int:
    return int(seconds(text)) // 900 * 900


@dataclass(frozen=True)
class Facts:
    """The tables as lists of dicts, and the range that panels are asked for."""

    tried: Tried
    when: Range

    def table(self, name: str) -> list[Row]:
        columns = [row[1] for row in self.tried.source.plain(f"pragma table_info({name})")]
        return [dict(zip(columns, row, strict=True)) for row in self.tried.source.plain(f"select * from {name}")]

    @cached_property
    def sessions(self) -> dict[str, Row]:
        return {row["session_id"]: row for row in self.table("sessions")}

    def inside(self, text: str | None) -> bool:
        return text is not None and self.when.start / 1000 <= seconds(text) < self.when.end / 1000

    def in_quarters(self, text: str) -> bool:
        return self.when.start // 1000 <= quarter(text) < self.when.end // 1000

    @cached_property
    def requests(self) -> list[Row]:
        return [row for row in self.table("token_usage") if self.in_quarters(row["timestamp"])]

    @cached_property
    def calls(self) -> list[Row]:
        return [row for row in self.table("tool_calls") if self.in_quarters(row["timestamp"])]

    @cached_property
    def begun(self) -> list[Row]:
        return [row for row in self.sessions.values() if self.inside(row["start_time"])]

    @cached_property
    def commits(self) -> list[Row]:
        return [row for row in self.table("commits") if self.inside(row["committed_at"])]

    def project(self, row: Row) -> str:
        return self.sessions[row["session_id"]]["project_name"] or "(none)"

    @cached_property
    def names(self) -> dict[str, str]:
        return dict(self.tried.source.plain("select model, model_name from v_model_names"))

    def model(self, row: Row) -> str:
        return self.names[row["model"]]

    def local(self, at: float) -> datetime:
        return datetime.fromtimestamp(at, timezone(timedelta(minutes=self.when.east)))

    def active(self) -> dict[tuple[str, int], float]:
        """(session, quarter) -> milliseconds: pauses below five minutes between prompts and requests."""
        signs: dict[str, list[str]] = defaultdict(list)
        for row in self.table("token_usage"):
            if row["kind"] == "message":
                signs[row["session_id"]].append(row["timestamp"])
        for row in self.table("turns"):
            signs[row["session_id"]].append(row["started_at"])
        found: dict[tuple[str, int], float] = defaultdict(float)
        for session, times in signs.items():
            times.sort()
            for earlier, later in itertools.pairwise(times):
                pause = (seconds(later) - seconds(earlier)) * 1000
                if pause < 300_000 and self.in_quarters(later):
                    found[session, quarter(later)] += pause
        return found


def cost(rows: list[Row]) -> float:
    return sum(row["cost_usd"] or 0.0 for row in rows)


def tokens(rows: list[Row], *kinds: str) -> int:
    return sum(row[f"{kind}_tokens"] for row in rows for kind in kinds)


def grouped(rows: list[Row], key: Callable[[Row], Any]) -> dict[Any, list[Row]]:
    found: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return found


def hit(rows: list[Row]) -> float | None:
    whole = tokens(rows, "input", "cache_read", "cache_creation")
    return tokens(rows, "cache_read") / whole if whole else None


def failure_rate(rows: list[Row]) -> float | None:
    done = [row for row in rows if row["success"] is not None and not row["denied"]]
    return sum(row["success"] == 0 for row in done) / len(done) if done else None


@pytest.fixture(params=["odd_names", "captured"])
def facts(request: pytest.FixtureRequest) -> Facts:
    tried: Tried = request.getfixturevalue(request.param)
    now = tried.now // 900 * 900 + 900
    return Facts(tried, Range((now - 40 * 86400) * 1000, now * 1000, EAST))


def show(facts: Facts, board: str, panel: int, **chosen: Any) -> Any:
    return suite.run(facts.tried.source, suite.target(board, panel), facts.when, **chosen)


def figure(facts: Facts, board: str, panel: int) -> Any:
    return suite.last(show(facts, board, panel))


def one(frame: Any) -> list[Any]:
    assert len(frame.rows) == 1
    return list(frame.rows[0])


def near(value: Any) -> Any:
    """Equal but for rounding; None is only None."""
    if isinstance(value, dict):
        return {key: near(item) for key, item in value.items()}
    if isinstance(value, list):
        return [near(item) for item in value]
    return None if value is None else pytest.approx(value, rel=1e-9, abs=1e-9)


def test_overview_numbers(facts: Facts) -> None:
    asked = facts.requests
    assert asked, "there is something to compare"
    length = (facts.when.end - facts.when.start) // 1000
    before = [
        row for row in facts.table("token_usage") if -length <= quarter(row["timestamp"]) - facts.when.start // 1000 < 0
    ]
    spend = show(facts, "cm-overview", 1)
    assert suite.last(spend) == near(cost(asked))
    complete = min(seconds(row["timestamp"]) for row in facts.table("token_usage")) <= facts.when.start / 1000 - length
    assert suite.note(spend) == compared(cost(asked), cost(before), complete)
    now = facts.local(facts.when.end / 1000)
    stored = [row for row in facts.table("token_usage") if quarter(row["timestamp"]) < facts.when.end / 1000]
    dates = [(row, facts.local(quarter(row["timestamp"]))) for row in stored]
    today = cost([row for row, at in dates if at.date() == now.date()])
    month = cost([row for row, at in dates if (at.year, at.month) == (now.year, now.month)])
    assert one(show(facts, "cm-overview", 2)) == near([today, month])
    assert figure(facts, "cm-overview", 3) == len({row["session_id"] for row in asked})
    assert figure(facts, "cm-overview", 4) == len(asked)
    assert figure(facts, "cm-overview", 5) == pytest.approx(sum(facts.active().values()), abs=len(facts.active()))
    assert figure(facts, "cm-overview", 6) == sum(facts.in_quarters(row["started_at"]) for row in facts.table("turns"))
    assert figure(facts, "cm-overview", 7) == near(hit(asked))
    assert figure(facts, "cm-overview", 8) == near(failure_rate(facts.calls))


def compared(now: float, earlier: float, complete: bool) -> str:
    if not complete:
        return "no full period before"
    if not earlier:
        return "nothing in the period before"
    change = 100 * (now / earlier - 1)
    return f"{change:+.0f} % vs. period before" if abs(change) >= 0.5 else "as in the period before"


@pytest.mark.parametrize("step", [900, 3600, 86400, 604800])
def test_cost_and_tokens_by_bucket(facts: Facts, step: int) -> None:
    def bucket(row: Row) -> int:
        shift = EAST * 60 + (259_200 if step == 604_800 else 0)
        return (quarter(row["timestamp"]) + shift) // step * step - shift

    frame = show(facts, "cm-overview", 9, bucket=str(step))
    for model, rows in grouped(facts.requests, facts.model).items():
        wanted = {at: cost(some) for at, some in grouped(rows, bucket).items() if cost(some)}
        if model not in frame.by_label():
            assert not wanted or "other" in frame.by_label()
            continue
        shown = dict(zip(frame["time"], frame.by_label()[model], strict=True))
        assert {at: value for at, value in shown.items() if value is not None} == near(wanted)
    kinds = show(facts, "cm-overview", 10, bucket=str(step))
    for name, kind in (
        ("Input", "input"),
        ("Output", "output"),
        ("Cache read", "cache_read"),
        ("Cache write", "cache_creation"),
    ):
        wanted = {at: tokens(some, kind) for at, some in grouped(facts.requests, bucket).items()}
        shown = dict(zip(kinds["time"], kinds[name], strict=True))
        assert {at: value for at, value in shown.items() if value is not None} == {
            at: value for at, value in wanted.items() if value
        }


def test_top_lists(facts: Facts) -> None:
    by_project = {name: cost(rows) for name, rows in grouped(facts.requests, facts.project).items()}
    for board, panel, limit in (("cm-overview", 11, 10), ("cm-projects", 1, 12)):
        shown = dict(row[:2] for row in show(facts, board, panel).rows)
        assert shown == near({name: by_project[name] for name in shown})
        assert len(shown) == min(limit, len(by_project)) and min(shown.values()) == near(
            sorted(by_project.values())[-len(shown)]
        )
    by_session = {name: cost(rows) for name, rows in grouped(facts.requests, lambda row: row["session_id"]).items()}
    frame = show(facts, "cm-overview", 12)
    assert frame["Cost"] == near(sorted(by_session.values(), reverse=True)[:10])
    assert [by_session[name] for name in frame["session_id"]] == near(frame["Cost"])


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
        (seconds(row["end_time"]) - seconds(row["start_time"])) * 1000, abs=1)  # fmt: skip


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
        len(calls) - failed - denied - unfinished, failed, denied, unfinished,
    ]  # fmt: skip
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


def test_commit_marks_are_bundled(facts: Facts) -> None:
    note = next(t for t in suite.targets() if t.kind == "annotation" and t.name.startswith("cm-overview"))
    frame = suite.run(facts.tried.source, note, facts.when)
    reachable = [c for c in facts.commits if c["reachable"]]
    assert sum(int(title.split()[0]) for title in frame["title"]) == len(reachable)
    assert len(frame.rows) <= 50 and set(frame["time"]) <= {int(seconds(c["committed_at"])) for c in reachable}


def test_the_now_of_the_tests_is_not_the_clock(facts: Facts) -> None:
    """No panel depends on the time of the run: the range's end is its now."""
    assert abs(facts.when.end / 1000 - datetime.now(UTC).timestamp()) > 60 or facts.tried.name == "captured"
    assert all("'now'" not in t.body["rawQueryText"] for t in suite.targets())
