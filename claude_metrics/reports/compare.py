"""Two selections side by side: models, projects or spans of days."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from typing import Any

from claude_metrics.reports import query
from claude_metrics.reports.lists import commit_totals, commits
from claude_metrics.reports.query import Filter


@dataclass(frozen=True, slots=True)
class Side:
    """The figures of one of the two, under the name it was asked for."""

    name: str
    figures: dict[str, float | None]


def filter_for(connection: sqlite3.Connection, where: Filter, name: str, span: tuple[str, str] | None) -> Filter:
    """`where` narrowed to what `name` means: a span of days if it is one, a stored project, else part of a model."""
    if span:
        return replace(where, since=span[0], until=span[1])
    projects = {row[0].lower() for row in connection.execute("select project from v_projects where project <> ''")}
    if name.lower() in projects:
        return replace(where, projects=(name,))
    narrowed = replace(where, models=(name,))
    query.check_models(connection, narrowed)
    return narrowed


def side(connection: sqlite3.Connection, where: Filter, name: str) -> Side:
    sessions = query.by_session(connection, where)
    sums = query.total(sessions).sums
    count = len(sessions)
    made = commit_totals(commits(connection, where))["commits"] if not where.models else None
    figures: dict[str, Any] = {
        "cost_usd": sums.cost_usd, "requests": sums.requests, "sessions": count, "total_tokens": sums.total_tokens,
        "output_tokens": sums.output_tokens, "cache_hit_share": sums.cache_hit_share,
        "cache_savings_usd": sums.cache_savings_usd,
        "usd_per_session": sums.cost_usd / count if sums.cost_usd is not None and count else None,
        "usd_per_request": sums.cost_usd / sums.requests if sums.cost_usd is not None and sums.requests else None,
        "commits": made, "usd_per_commit": sums.cost_usd / made if sums.cost_usd and made else None,
    }  # fmt: skip
    return Side(name, figures)
