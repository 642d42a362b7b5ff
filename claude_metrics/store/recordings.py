"""The rows of `recordings`: a row per worker or sync run of a session."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

_AGAIN = """update recordings set finished_at = ?5, bytes_read = bytes_read + ?6,
    outcome = case outcome when 'recorded' then outcome else ?7 end, error = coalesce(?8, error)
    where session_id = ?1 and event = ?2 and received_at = ?3"""
_RECORDING = (
    "insert into recordings (session_id, event, received_at, started_at, finished_at, bytes_read, outcome, error)"
    " values (?, ?, ?, ?, ?, ?, ?, ?)"
)


def save_recordings(connection: sqlite3.Connection, rows: Iterable[tuple[object, ...]]) -> None:
    """`(session_id, event, received_at, started_at, finished_at, bytes_read, outcome, error)`.

    An event that is read twice, because its worker was killed before deleting it, stays one row.
    """
    for row in rows:
        if not connection.execute(_AGAIN, row).rowcount:
            connection.execute(_RECORDING, row)


COLUMNS = ("session_id", "event", "received_at", "started_at", "finished_at", "bytes_read", "outcome", "error")
_SAME = " and ".join(f"{name} is ?{number}" for number, name in enumerate(COLUMNS, 1))
_ADD = f"""insert into recordings ({", ".join(COLUMNS)})
    select {", ".join(f"?{number}" for number in range(1, len(COLUMNS) + 1))}
    where not exists (select 1 from recordings where {_SAME})"""


def add_missing(connection: sqlite3.Connection, rows: Iterable[tuple[object, ...]]) -> None:
    """Take over rows of another database, in the order of `COLUMNS`; an equal row is not added again."""
    connection.executemany(_ADD, rows)
