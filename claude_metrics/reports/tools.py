"""Tools in depth: how long calls take, what their results put into the context, and which tool follows which."""

from __future__ import annotations

import sqlite3
from itertools import accumulate
from typing import Any

from claude_metrics.reports.query import Filter
from claude_metrics.store.rollups import DURATION_LIMITS_MS

Line = dict[str, Any]
BYTES_PER_TOKEN = 4  # a rule of thumb: what a tool returns is sent with every later request of its session
CLASSES = len(DURATION_LIMITS_MS) + 1
LONGEST_LIMIT_MS = DURATION_LIMITS_MS[-1]


def sizes(connection: sqlite3.Connection, where: Filter) -> list[Line]:
    """A line per tool, the one that fills the context most first.

    `sent_bytes` the calls' inputs, `returned_bytes` their results, `context_tokens` an estimate of both, `share` its
    part of all tools'; `largest_bytes` the biggest result and its call; `p50_ms` and `p95_ms` the upper ends of the
    duration classes in which half and 95 % of the calls had ended (None: longer than the last class).
    """
    condition, values = where.clauses(model=None)
    classes = ", ".join(f"sum(d{i})" for i in range(CLASSES))
    rows = connection.execute(
        f"""select tool_name, sum(calls), sum(input_bytes), sum(output_bytes), max(largest_bytes), {classes}
        from v_tools {condition} group by 1""",
        values,
    ).fetchall()
    whole = sum(_tokens(row[2], row[3]) for row in rows) or 1
    lines = [
        {
            "tool_name": row[0], "calls": row[1], "sent_bytes": row[2] or 0, "returned_bytes": row[3] or 0,
            "mean_returned_bytes": round((row[3] or 0) / row[1]), "largest_bytes": row[4],
            "context_tokens": _tokens(row[2], row[3]), "share": round(_tokens(row[2], row[3]) / whole, 4),
            "p50_ms": _percentile(row[5:], 0.5), "p95_ms": _percentile(row[5:], 0.95),
        }
        for row in rows
    ]  # fmt: skip
    return sorted(lines, key=lambda line: (-line["context_tokens"], line["tool_name"]))


def _tokens(sent: int | None, returned: int | None) -> int:
    return ((sent or 0) + (returned or 0)) // BYTES_PER_TOKEN


def _percentile(counts: tuple[int, ...], part: float) -> int | None:
    """The upper end of the class that the `part` smallest durations end in."""
    whole = sum(count or 0 for count in counts)
    for limit, reached in zip(DURATION_LIMITS_MS, accumulate(count or 0 for count in counts), strict=False):
        if whole and reached >= whole * part:
            return limit
    return None


def sequences(connection: sqlite3.Connection, where: Filter, most: int = 10) -> list[Line]:
    """Which tool followed which in a turn, the `most` frequent; `after_failure`: how often the first had failed."""
    condition, values = where.clauses(model=None)
    rows = connection.execute(
        f"""with steps as (select tool_name as first, success,
                lead(tool_name) over (partition by session_id, turn_index, agent_id order by timestamp, tool_call_id)
                as next from v_tool_calls {condition})
        select first, next, count(*) as times, coalesce(sum(success = 0), 0) as after_failure
        from steps where next is not null group by 1, 2 order by times desc, 1, 2 limit ?""",
        [*values, most],
    )
    return [dict(row) for row in rows]
