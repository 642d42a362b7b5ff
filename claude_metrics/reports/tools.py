"""Tools in depth: how long calls take, what their results put into the context, and which tool follows which."""

from __future__ import annotations

import sqlite3
from typing import Any

from claude_metrics.reports import durations
from claude_metrics.reports.query import Filter

Line = dict[str, Any]
BYTES_PER_TOKEN = 4  # a rule of thumb: what a tool returns is sent with every later request of its session


def sizes(connection: sqlite3.Connection, where: Filter) -> list[Line]:
    """A line per tool, the one that fills the context most first.

    `sent_bytes` are the calls' inputs, `returned_bytes` their results, `context_tokens` an estimate of both, `share`
    their part of all tools'; `largest_bytes` is the biggest result; `p50_ms` and `p95_ms` are those of
    `reports.durations`, None where no call has a duration.
    """
    condition, values = where.clauses(model=None)
    rows = connection.execute(
        f"""select tool_name, sum(calls), sum(input_bytes), sum(output_bytes), max(largest_bytes)
        from v_tools {condition} group by 1""",
        values,
    ).fetchall()
    took = {row[0]: row[1:] for row in connection.execute(durations.by_tool(condition.removeprefix("where ")), values)}
    whole = sum(_tokens(row[2], row[3]) for row in rows) or 1
    lines = [
        {
            "tool_name": row[0],
            "calls": row[1],
            "sent_bytes": row[2] or 0,
            "returned_bytes": row[3] or 0,
            "mean_returned_bytes": round((row[3] or 0) / row[1]),
            "largest_bytes": row[4],
            "context_tokens": _tokens(row[2], row[3]),
            "share": round(_tokens(row[2], row[3]) / whole, 4),
            **dict(zip(("p50_ms", "p95_ms"), took.get(row[0], (None, None)), strict=True)),
        }
        for row in rows
    ]
    return sorted(lines, key=lambda line: (-line["context_tokens"], line["tool_name"]))


def _tokens(sent: int | None, returned: int | None) -> int:
    return ((sent or 0) + (returned or 0)) // BYTES_PER_TOKEN


def sequences(connection: sqlite3.Connection, where: Filter, most: int = 10) -> list[Line]:
    """Which tool followed which in a turn, the `most` frequent; `after_failure`: how often the first had failed."""
    condition, values = where.clauses(model=None)
    rows = connection.execute(
        f"""with steps as (select tool_name as first, result,
                lead(tool_name) over (partition by session_id, turn_index, agent_id order by timestamp, tool_call_id)
                as next from v_tool_calls {condition})
        select first, next, count(*) as times, sum(result = 'failed') as after_failure
        from steps where next is not null group by 1, 2 order by times desc, 1, 2 limit ?""",
        [*values, most],
    )
    return [dict(row) for row in rows]
