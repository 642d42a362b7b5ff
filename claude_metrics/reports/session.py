"""One session as a reader wants it: totals, what each model took, turns, tool calls, commits, and what has no line."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

from claude_metrics.reports import session_summary

Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SessionView:
    """Rows of the views, in the order in which things happened; `tools` and `subagents` are sums."""

    session: Line
    models: list[Line]
    turns: list[Line]
    tools: list[Line]
    tool_calls: list[Line]
    commits: list[Line]
    unlisted: list[Line]
    subagents: Line
    recordings: list[Line]
    forks: list[str]
    summary: Line


_QUERIES = {
    "models": "select * from v_session_models where session_id = ? order by cost_usd desc, model",
    "turns": "select * from v_turns where session_id = ? order by turn_index",
    "tools": """select tool_name, count(*) as calls, sum(result = 'failed') as failed, sum(result = 'denied') as denied,
        sum(result = 'unfinished') as unfinished, coalesce(sum(duration_ms), 0) as duration_ms
        from v_tool_calls where session_id = ? group by 1 order by 2 desc, 1""",
    "tool_calls": "select * from v_tool_calls where session_id = ? order by timestamp, tool_call_id",
    "commits": "select * from v_commits where session_id = ? order by committed_at, sha",
    "unlisted": "select * from v_requests where session_id = ? and kind = 'unlisted' order by model",
    "recordings": "select * from v_recordings where session_id = ? order by id",
}
_SUBAGENTS = """select count(distinct agent_id) as agents, count(*) as requests, sum(cost_usd) as cost_usd
    from v_requests where session_id = ? and agent_id is not null"""


def load(connection: sqlite3.Connection, session_id: str) -> SessionView:
    """Everything stored of `session_id`, which must be there."""
    found = {name: [dict(row) for row in connection.execute(query, (session_id,))] for name, query in _QUERIES.items()}
    session = dict(connection.execute("select * from v_sessions where session_id = ?", (session_id,)).fetchone())
    subagents = dict(connection.execute(_SUBAGENTS, (session_id,)).fetchone())
    forks = connection.execute(
        "select session_id from v_sessions where parent_session_id = ? order by start_time", (session_id,)
    )
    return SessionView(
        session=session, subagents=subagents, forks=[row[0] for row in forks],
        summary=session_summary.load(connection, session_id), **found,
    )  # fmt: skip
