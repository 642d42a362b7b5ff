"""Today, this week and this month against the period before; what the last 30 days went into; the last sessions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from claude_metrics.config import Config, zones
from claude_metrics.reports import query
from claude_metrics.reports.query import Entry, Filter

DAYS = 30
TOP = 5
LAST_SESSIONS = 5
_SESSION = (
    "session_id, agent, project, branch, title, first_prompt, coalesce(end_time, start_time) as last_activity,"
    " total_cost_usd as cost_usd, total_tokens, unpriced_tokens, commits, status"
)


@dataclass(frozen=True, slots=True)
class Period:
    """Local days `since` to `until` with their sums, and as many of the period before; a budget if there is one."""

    name: str
    since: str
    until: str
    usage: Entry
    before_since: str
    before_until: str
    before: Entry
    budget_usd: float | None = None


@dataclass(frozen=True, slots=True)
class FirstScreen:
    """`days` has every one of the last 30 days, also those without usage; the rest is of the same 30 days."""

    periods: list[Period]
    days: list[Entry]
    projects: list[Entry]
    models: list[Entry]
    sessions: list[dict[str, Any]]
    unpriced: list[str]


def load(connection: sqlite3.Connection, where: Filter, today: str, settings: Config) -> FirstScreen:
    spans = _spans(today, settings)
    recent = replace(where, since=_shifted(today, 1 - DAYS), until=today)
    earliest = min([str(recent.since), *(span[3] for span in spans)])
    entries = query.by_time(connection, replace(where, since=earliest, until=today), "date")
    by_day = {entry.about["date"]: entry for entry in entries}
    return FirstScreen(
        periods=[_period(by_day, *span) for span in spans],
        days=[by_day.get(day, Entry({"date": day})) for day in _days(str(recent.since), today)],
        projects=query.by_column(connection, recent, ("project",)),
        models=query.by_column(connection, recent, ("model",)),
        sessions=_last_sessions(connection),
        unpriced=[row[0] for row in connection.execute("select distinct model from v_unpriced order by 1")],
    )


def _spans(today: str, settings: Config) -> list[tuple[str, str, str, str, str, float]]:
    """Name, first and last day, first and last day of the period before, budget."""
    yesterday, monday, first = _shifted(today, -1), zones.monday(today), zones.first_of_month(today)
    before = zones.first_of_month(_shifted(first, -1))
    in_month = min(_shifted(before, int(today[8:]) - 1), _shifted(first, -1))
    return [
        ("today", today, today, yesterday, yesterday, settings.budget_daily_usd),
        ("week", monday, today, _shifted(monday, -7), _shifted(today, -7), 0.0),
        ("month", first, today, before, in_month, settings.budget_monthly_usd),
    ]


def _period(
    by_day: dict[str, Entry], name: str, since: str, until: str, before_since: str, before_until: str, budget: float
) -> Period:
    usage, before = (
        query.total(by_day[day] for day in _days(*span) if day in by_day)
        for span in ((since, until), (before_since, before_until))
    )
    return Period(name, since, until, usage, before_since, before_until, before, budget or None)


def _shifted(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days)).isoformat()


def _days(since: str, until: str) -> Iterable[str]:
    day = since
    while day <= until:
        yield day
        day = zones.next_day(day)


def _last_sessions(connection: sqlite3.Connection) -> list[dict[str, Any]]:
    """Those that a person began; subagents' own sessions are parts of them."""
    rows = connection.execute(
        f"select {_SESSION} from v_sessions where parent_session_id is null order by last_activity desc limit ?",
        (LAST_SESSIONS,),
    )
    return [dict(row) for row in rows]
