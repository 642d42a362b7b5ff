"""The totals an agent wrote of a session, and what a fork's first one began with.

A fork begins with the last total that its parent's transcript had when the fork was taken; with nothing where there
was none, and where the fork was made inside the parent's process. A total names the start of the process from which
it was carried on, so a start of its own says that a fork began with nothing.
"""

from __future__ import annotations

import json
import sqlite3

from claude_metrics.store.coverage import lasted_since, may_grow
from claude_metrics.store.totals import COLUMNS, NOTHING, WIDTH, ListedRequest, Total, summed

NO_PROCESS = -1


def know_processes(totals: list[Total]) -> bool:
    """False for totals of a database of 0.1.0, whose first one follows on another that there is not."""
    return totals[0].follows != NO_PROCESS


def totals_of(connection: sqlite3.Connection, session_id: str) -> list[Total]:
    """A session's totals in the order of the transcript.

    A database of 0.1.0 does not know that: there each total is taken for a process that followed on the one before.
    """
    rows = connection.execute(
        """select as_of, started_at, total_cost_usd, total_duration_ms, total_api_duration_ms, lines_added,
            lines_removed, models, process, position, follows, fresh, interactive from cost_states
        where session_id = ? order by position, total_duration_ms, as_of""",
        (session_id,),
    )
    totals = [Total._make((*row[:7], json.loads(row[7]), *row[8:])) for row in rows]
    if any(total.position is None for total in totals):
        totals.sort(key=lambda total: (total.total_duration_ms, total.as_of))
        totals = [
            total._replace(process=number, position=number, follows=number + NO_PROCESS)
            for number, total in enumerate(totals)
        ]
    return totals


def baseline(connection: sqlite3.Connection, session_id: str, first: Total) -> Total:
    """What the fork's process that wrote `first` began with, in a transcript that had no total yet."""
    row = connection.execute(
        """select f.parent_session_id, f.start_time, f.forked_totals, p.opened_at is not null
        from sessions f left join sessions p on p.session_id = f.parent_session_id where f.session_id = ?""",
        (session_id,),
    ).fetchone()
    if row and row[2]:
        return _kept(row[2], first)
    if not row or not row[0] or first.fresh:
        return NOTHING
    totals = totals_of(connection, row[0])
    at_fork = _at_fork(totals, row[1] or "", first)
    if at_fork is not None:
        return at_fork._replace(position=None)
    return NOTHING if totals or row[3] else _copied(connection, session_id, first)


def _at_fork(totals: list[Total], start_time: str, first: Total) -> Total | None:
    """The parent's last total when the fork was taken, if the fork's total can have grown from it.

    Where the clock was set back before the fork, the fork's total has the earlier start, and times say nothing.
    """
    possible = [
        total
        for total in reversed(totals)
        if may_grow(total, first) and (total.as_of <= start_time or first.started_at < total.started_at)
    ]
    return next((total for total in possible if lasted_since(total, first)), possible[0] if possible else None)


def keep_baseline(connection: sqlite3.Connection, session_id: str) -> None:
    """Write down what a fork's total began with: its parent is about to be purged, the fork's own figures stay."""
    row = connection.execute(
        "select parent_session_id, start_time from sessions where session_id = ? and forked_totals is null",
        (session_id,),
    ).fetchone()
    if row is None:
        return
    totals = totals_of(connection, session_id)
    if totals:
        kept = baseline(connection, session_id, totals[0])
    else:
        before = [total for total in totals_of(connection, row[0]) if total.as_of <= (row[1] or "")] if row[0] else []
        kept = before[-1] if before else NOTHING
    connection.execute(
        "update sessions set forked_totals = ? where session_id = ?",
        (json.dumps(kept._replace(process=None, position=None, follows=None)), session_id),
    )


def _kept(text: str, first: Total) -> Total:
    """What was kept of a purged parent's total, unless the fork's total has a later start of its own."""
    kept = Total(*json.loads(text))
    return NOTHING if first.started_at > (kept.started_at or kept.as_of or "9999") else kept


def _copied(connection: sqlite3.Connection, session_id: str, first: Total) -> Total:
    """The copied lines, where the parent's transcript was never read; a process begun after them began with nothing."""
    rows = connection.execute(
        f"""select u.timestamp, model, {", ".join(COLUMNS)}, cost_usd from copies c join token_usage u on u.id = c.key
        where c.session_id = ? and u.session_id <> c.session_id""",
        (session_id,),
    ).fetchall()
    latest = max((row[0] for row in rows), default="")
    if first.started_at > latest:
        return NOTHING
    sums = summed(ListedRequest("", row[1], [value or 0 for value in row[2:]]) for row in rows)
    usd = sum(figures[WIDTH] for figures in sums.values())
    return NOTHING._replace(as_of=latest, models=sums, total_cost_usd=usd)
