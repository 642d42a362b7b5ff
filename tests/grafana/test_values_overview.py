"""The Overview's numbers, charts and lists equal what Python computes from the tables."""

from datetime import UTC, datetime

import pytest

from tests.grafana import suite
from tests.grafana.facts import (
    EAST,
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


def test_the_now_of_the_tests_is_not_the_clock(facts: Facts) -> None:
    """No panel depends on the time of the run: the range's end is its now."""
    assert abs(facts.when.end / 1000 - datetime.now(UTC).timestamp()) > 60 or facts.tried.name == "captured"
    assert all("'now'" not in t.body["rawQueryText"] for t in suite.targets())


def test_commit_marks_are_bundled(facts: Facts) -> None:
    note = next(t for t in suite.targets() if t.kind == "annotation" and t.name.startswith("cm-overview"))
    frame = suite.run(facts.tried.source, note, facts.when)
    reachable = [c for c in facts.commits if c["reachable"]]
    assert sum(int(title.split()[0]) for title in frame["title"]) == len(reachable)
    assert len(frame.rows) <= 50 and set(frame["time"]) <= {int(seconds(c["committed_at"])) for c in reachable}
