"""Everything inside a filter at once, as the page of many sessions shows it."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from claude_metrics.reports import lists, query, tools
from claude_metrics.reports.lists import Line
from claude_metrics.reports.query import Entry, Filter


@dataclass(frozen=True, slots=True)
class Overview:
    """Usage by day, session, model and project; tools with their durations; commits, those that do not count too."""

    days: list[Entry]
    sessions: list[Entry]
    models: list[Entry]
    projects: list[Entry]
    tools: list[Line]
    durations: dict[str, Line]
    commits: list[Line]


def load(connection: sqlite3.Connection, where: Filter) -> Overview:
    """`durations` holds `p50_ms` and `p95_ms` by the tool's name."""
    return Overview(
        days=query.by_time(connection, where, "date"),
        sessions=query.by_session(connection, where),
        models=query.by_column(connection, where, ("model",)),
        projects=query.by_column(connection, where, ("project",)),
        tools=lists.tools(connection, where),
        durations={line["tool_name"]: line for line in tools.sizes(connection, where)},
        commits=lists.commits(connection, where),
    )
