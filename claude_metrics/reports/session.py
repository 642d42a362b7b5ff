"""One session: its totals and rows, the session turn by turn, and its summary."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

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
    agents: list[Line]
    causes: list[Line]
    compactions: list[Line]
    api_errors: list[Line]
    cache_breaks: list[Line]


@dataclass(frozen=True, slots=True)
class Turn:
    """A prompt with what followed; `about` is None for what came before the first one."""

    about: Line | None
    calls: list[Line]
    observations: list[Line]
    commits: list[Line]


@dataclass(frozen=True, slots=True)
class SessionHistory:
    """A session turn by turn, with the rows that belong to no turn."""

    view: SessionView
    turns: list[Turn]
    requests: list[Line]
    observations: list[Line]
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
    "agents": "select * from v_agents where session_id = ? order by started_at, agent_id",
    "causes": """select kind, cause, sum(requests) as requests, sum(total_tokens) as total_tokens,
        sum(cost_usd) as cost_usd from v_causes where session_id = ? and kind <> 'subagent'
        group by 1, 2 order by 1, 2""",
    "compactions": "select * from v_compactions where session_id = ? order by timestamp",
    "api_errors": "select * from v_api_errors where session_id = ? order by timestamp, api_error_id",
    "cache_breaks": "select * from v_cache_breaks where session_id = ? order by timestamp, request",
}
_SUBAGENTS = """select count(distinct agent_id) as agents, count(*) as requests, sum(cost_usd) as cost_usd
    from v_requests where session_id = ? and agent_id is not null"""


def load(connection: sqlite3.Connection, session_id: str) -> SessionView:
    """Everything stored of `session_id`, which must be there."""
    rows = {name: _rows(connection, query, session_id) for name, query in _QUERIES.items()}
    (session,) = _rows(connection, "select * from v_sessions where session_id = ?", session_id)
    (subagents,) = _rows(connection, _SUBAGENTS, session_id)
    forks = connection.execute(
        "select session_id from v_sessions where parent_session_id = ? order by start_time", (session_id,)
    )
    return SessionView(
        session=session,
        subagents=subagents,
        forks=[row[0] for row in forks],
        summary=load_summary(connection, session_id),
        **rows,
    )


def load_history(connection: sqlite3.Connection, session_id: str) -> SessionHistory:
    """The same, with what belongs to each turn."""
    view = load(connection, session_id)
    requests = _rows(connection, "select * from v_requests where session_id = ? order by timestamp, id", session_id)
    observations = _rows(
        connection, "select * from v_observations where session_id = ? order by timestamp, kind, title", session_id
    )
    return SessionHistory(view, _turns(view, observations), requests, observations, view.summary)


def _rows(connection: sqlite3.Connection, sql: str, session_id: str) -> list[Line]:
    return [dict(row) for row in connection.execute(sql, (session_id,))]


def _turns(view: SessionView, observations: Iterable[Line]) -> list[Turn]:
    calls = defaultdict[int | None, list[Line]](list)
    for call in view.tool_calls:
        calls[call["turn_index"]].append(call)
    starts = [(turn["started_at"], turn["turn_index"]) for turn in view.turns]
    of_calls = {call["tool_call_id"]: call["turn_index"] for call in view.tool_calls}
    observed = defaultdict[int | None, list[Line]](list)
    for row in observations:
        observed[of_calls.get(row["tool_call_id"], _turn_at(starts, row["timestamp"]))].append(row)
    made = defaultdict[int | None, list[Line]](list)
    for commit in view.commits:
        made[_turn_at(starts, commit["committed_at"])].append(commit)
    numbers = [None] if calls[None] or observed[None] or made[None] else []
    about = {turn["turn_index"]: turn for turn in view.turns}
    return [Turn(about.get(n or 0), calls[n], observed[n], made[n]) for n in [*numbers, *about]]


def _turn_at(starts: list[tuple[str, int]], moment: str | None) -> int | None:
    """The turn that ran at `moment`. Git keeps whole seconds: a commit may seem to come before its turn began."""
    at = (moment or "")[:19]
    return next((number for start, number in reversed(starts) if start[:19] <= at), None)


# -- the summary ------------------------------------------------------------------------

# The lists of a summary in the order in which they are shown.
HEADINGS = {
    "completed": "Completed",
    "decisions": "Decisions",
    "failed_attempts": "Failed attempts",
    "verification_results": "Checks",
    "next_steps": "Next steps",
    "files_created": "Files created",
    "files_modified": "Files modified",
    "investigated": "Investigated",
}
# What the agent may have said of the session itself.
FACETS = {"goal": "Goal", "outcome": "Outcome", "friction": "Friction"}


def load_summary(connection: sqlite3.Connection, session_id: str) -> Line:
    """The row of `v_session_summaries` with its lists as lists and `facets` parsed; empty where there is none."""
    rows = _rows(connection, "select * from v_session_summaries where session_id = ?", session_id)
    as_json = {*HEADINGS, "facets"}
    return {name: _parsed(value) if name in as_json else value for row in rows for name, value in row.items()}


def _parsed(value: str | None) -> Any:
    """The JSON in `value`; what is none stays as it is."""
    try:
        return json.loads(value) if value else None
    except (ValueError, RecursionError):
        return value
