"""Tools and commits inside a filter: what the sessions did, beside what they used."""

from __future__ import annotations

import sqlite3
from typing import Any

from claude_metrics.reports.query import Filter

Line = dict[str, Any]


def tools(connection: sqlite3.Connection, where: Filter) -> list[Line]:
    """A line per tool, the most used first. `duration_ms` is of all its calls together."""
    condition, values = where.clauses(model=None)
    rows = connection.execute(
        f"""select tool_name, sum(calls) as calls, sum(failed) as failed, sum(denied) as denied,
            sum(unfinished) as unfinished, sum(duration_ms) as duration_ms, sum(output_bytes) as output_bytes,
            count(distinct session_id) as sessions
        from v_tools {condition} group by 1 order by calls desc, 1""",
        values,
    )
    return [dict(row) for row in rows]


_COMMIT = (
    "committed_at", "sha", "repository", "project", "branch", "message", "author_name", "files_changed", "lines_added",
    "lines_deleted", "attribution", "session_id", "agent", "counted",
)  # fmt: skip


def commits(connection: sqlite3.Connection, where: Filter) -> list[Line]:
    """The commits that still are in their repositories, in the order they were made."""
    condition, values = where.clauses(model=None)
    rows = connection.execute(
        f"select {', '.join(_COMMIT)} from v_commits {condition} and reachable order by committed_at, sha", values
    )
    return [dict(row) for row in rows]


def commit_totals(lines: list[Line]) -> Line:
    """The sums of those that count (`counted` of `v_commits`); `inferred` is how many others there are."""
    counted = [line for line in lines if line["counted"]]
    names = ("files_changed", "lines_added", "lines_deleted")
    sums = {name: sum(line[name] or 0 for line in counted) for name in names}
    return {"commits": len(counted), "proven": len(counted), "inferred": len(lines) - len(counted), **sums}


def summed(lines: list[Line]) -> Line:
    """The numbers of all lines added up."""
    names = [name for name, value in (lines[0] if lines else {}).items() if isinstance(value, int)]
    return {name: sum(line[name] or 0 for line in lines) for name in names}
