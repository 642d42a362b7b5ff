"""Sessions that ended without saying so: their process was killed, so no hook ran and no total was written."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from claude_metrics.config import Config
from claude_metrics.store import sessions as store_sessions
from claude_metrics.store.derive import derive
from claude_metrics.store.machine import machine_id
from claude_metrics.store.rates import RateBook
from claude_metrics.store.touched import FOREVER
from claude_metrics.store.transaction import transaction

KILLED = "killed"


def mark_killed(connection: sqlite3.Connection, sessions: Iterable[str], settings: Config) -> int:
    """Note the end of those that are still open, at their last record; returns how many.

    A later record opens a session again, and a hook's own reason replaces ours.
    """
    open_ones = [session_id for session_id in sorted(sessions) if _is_open(connection, session_id)]
    if not open_ones:
        return 0
    rates = RateBook(connection, settings.prices)
    with transaction(connection):
        store_sessions.end_at_last_record(connection, open_ones, KILLED)
        touched = dict.fromkeys(open_ones, FOREVER)
        derive(connection, touched, rates.bounds, machine_id(connection, settings))
    return len(open_ones)


def _is_open(connection: sqlite3.Connection, session_id: str) -> bool:
    return bool(
        connection.execute(
            """select 1 from sessions where session_id = ? and last_record_at is not null
            and (ended_at is null or ended_at < last_record_at)""",
            (session_id,),
        ).fetchone()
    )
