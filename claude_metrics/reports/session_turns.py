"""A session as it went: what was asked, done, committed and answered, turn by turn, and what it came to."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from claude_metrics.reports import session as session_view
from claude_metrics.reports.session import Line, SessionView


@dataclass(frozen=True, slots=True)
class Turn:
    """A prompt with what followed; `about` is None for what came before the first one."""

    about: Line | None
    calls: list[Line]
    observations: list[Line]
    commits: list[Line]


@dataclass(frozen=True, slots=True)
class Story:
    """Everything of a session, in order; `summary` is that of `session_summary`."""

    view: SessionView
    turns: list[Turn]
    requests: list[Line]
    observations: list[Line]
    summary: Line


def load(connection: sqlite3.Connection, session_id: str) -> Story:
    """All that is stored of `session_id`, which must be there."""
    view = session_view.load(connection, session_id)
    requests = _rows(connection, "select * from v_requests where session_id = ? order by timestamp, id", session_id)
    observations = _rows(
        connection, "select * from v_observations where session_id = ? order by timestamp, kind, title", session_id
    )
    return Story(view, _turns(view, observations), requests, observations, view.summary)


def _rows(connection: sqlite3.Connection, sql: str, session_id: str) -> list[Line]:
    return [dict(row) for row in connection.execute(sql, (session_id,))]


def _turns(view: SessionView, observations: Iterable[Line]) -> list[Turn]:
    calls = defaultdict[int | None, list[Line]](list)
    for call in view.tool_calls:
        calls[call["turn_index"]].append(call)
    starts = [(turn["started_at"], turn["turn_index"]) for turn in view.turns]
    of_calls = {call["tool_call_id"]: call["turn_index"] for call in view.tool_calls}
    seen = defaultdict[int | None, list[Line]](list)
    for row in observations:
        seen[of_calls.get(row["tool_call_id"], _turn_at(starts, row["timestamp"]))].append(row)
    made = defaultdict[int | None, list[Line]](list)
    for commit in view.commits:
        made[_turn_at(starts, commit["committed_at"])].append(commit)
    numbers = [None] if calls[None] or seen[None] or made[None] else []
    about = {turn["turn_index"]: turn for turn in view.turns}
    return [Turn(about.get(n or 0), calls[n], seen[n], made[n]) for n in [*numbers, *about]]


def _turn_at(starts: list[tuple[str, int]], moment: str | None) -> int | None:
    """The turn that ran at `moment`. Git keeps whole seconds: a commit may seem to come before its turn began."""
    at = (moment or "")[:19]
    return next((number for start, number in reversed(starts) if start[:19] <= at), None)
