"""What requests were made for (skills, commands, servers, subagents, effort), and why the cache was written again."""

from __future__ import annotations

import sqlite3
from typing import Any

from claude_metrics.reports.query import Filter

Line = dict[str, Any]
KINDS = ("skill", "command", "server", "subagent", "effort")


def causes(connection: sqlite3.Connection, where: Filter, kinds: tuple[str, ...] = ()) -> list[Line]:
    """A line per kind and cause, the most expensive first. One request may have several causes."""
    condition, values = where.clauses()
    wanted = kinds or KINDS
    rows = connection.execute(
        f"""select kind, cause, count(distinct session_id) as sessions, sum(requests) as requests,
            sum(input_tokens) as input_tokens, sum(output_tokens) as output_tokens,
            sum(cache_creation_tokens) as cache_creation_tokens, sum(cache_read_tokens) as cache_read_tokens,
            sum(total_tokens) as total_tokens, sum(cost_usd) as cost_usd, sum(unpriced_tokens) as unpriced_tokens
        from v_causes {condition} and kind in ({", ".join("?" * len(wanted))}) group by 1, 2
        order by cost_usd desc, 1, 2""",
        [*values, *wanted],
    )
    return sorted((dict(row) for row in rows), key=lambda line: KINDS.index(line["kind"]))


def cache_breaks(connection: sqlite3.Connection, where: Filter) -> list[Line]:
    """A line per cause for which the cache was written again, the most expensive first; NULL: no record tells it."""
    condition, values = where.clauses()
    rows = connection.execute(
        f"""select cause, count(*) as breaks, count(distinct session_id) as sessions,
            sum(rewritten_tokens) as rewritten_tokens, sum(cost_usd) as cost_usd,
            sum(iif(cost_usd is null, rewritten_tokens, 0)) as unpriced_tokens
        from v_cache_breaks {condition} group by 1 order by cost_usd desc, rewritten_tokens desc""",
        values,
    )
    return [dict(row) for row in rows]
