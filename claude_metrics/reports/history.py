"""Everything that is stored in one sentence's worth of figures."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from claude_metrics.reports import query
from claude_metrics.reports.query import Filter, Sums


@dataclass(frozen=True, slots=True)
class History:
    """`since` is the time of the first request; `dearest` is the project that cost most, with its cost."""

    sums: Sums
    sessions: int
    since: str
    dearest: tuple[str, float] | None


def load(connection: sqlite3.Connection) -> History | None:
    """None while there is no usage at all."""
    projects = query.by_column(connection, Filter(), ("project",))
    if not projects:
        return None
    sessions, since = connection.execute("select count(distinct session_id), min(first_at) from v_usage").fetchone()
    cost, name = projects[0].sums.cost_usd, projects[0].about["project"]
    return History(query.total(projects).sums, sessions, since, (name or "(none)", cost) if cost else None)
