"""What usage came to: cost per commit that counts, by project, by branch, and by the ticket that a branch names."""

from __future__ import annotations

import re
import sqlite3
from typing import Any

from claude_metrics.reports import query
from claude_metrics.reports.query import Filter, Sums

Line = dict[str, Any]
BY = {"project": ("project",), "branch": ("project", "branch"), "ticket": ("project", "branch")}


def outcomes(connection: sqlite3.Connection, where: Filter, by: str, pattern: str) -> list[Line]:
    """A line per value of `by`, the costliest first. A ticket is what `pattern` finds in a branch's name."""
    columns = BY[by]
    lines: dict[tuple[str, ...], Line] = {}

    def line_of(about: Any) -> Line:
        key = tuple(str(about[name] or "") for name in columns)
        if by == "ticket":
            found = re.search(pattern, key[1])
            key = (found[0] if found else "",)
        names = ("ticket",) if by == "ticket" else columns
        empty = {"cost_usd": None, "total_tokens": 0, "unpriced_tokens": 0, "commits": 0, "lines_added": 0}
        return lines.setdefault(key, {**{n: v or None for n, v in zip(names, key, strict=True)}, **empty})

    for entry in query.by_column(connection, where, columns):
        line = line_of(entry.about)
        sums = Sums(cost_usd=line["cost_usd"]).plus(entry.sums)
        line["cost_usd"] = sums.cost_usd
        line["total_tokens"] += entry.sums.total_tokens
        line["unpriced_tokens"] += entry.sums.unpriced_tokens
    for row in _commits(connection, where, columns):
        line = line_of(row)
        line["commits"] += row["commits"]
        line["lines_added"] += row["lines_added"]
    for line in lines.values():
        line["usd_per_commit"] = line["cost_usd"] / line["commits"] if line["commits"] and line["cost_usd"] else None
    return sorted(lines.values(), key=lambda line: (-(line["cost_usd"] or 0), str(line)))


def _commits(connection: sqlite3.Connection, where: Filter, columns: tuple[str, ...]) -> list[sqlite3.Row]:
    """Commits that count, by the project and branch of the sessions that made them, as their usage is."""
    condition, values = where.clauses(time="c.time", model=None)
    condition = re.sub(r"\b(agent|project|session_id) (in|=)", r"c.\1 \2", condition)
    names = ", ".join(f"s.{name}" for name in columns)
    return connection.execute(
        f"""select {names}, count(*) as commits, coalesce(sum(c.lines_added), 0) as lines_added
            from v_commits c join v_sessions s on s.session_id = c.session_id {condition} and c.counted
            group by {names}""",
        values,
    ).fetchall()
