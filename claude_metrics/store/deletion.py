"""Delete sessions for good: their rows, recordings and cursors go, a hash of each id stays (`tombstones`)."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from claude_metrics.store import tombstones
from claude_metrics.store.rows import STEP, marks
from claude_metrics.store.sources import delete_cursors


def delete_sessions(connection: sqlite3.Connection, sessions: Sequence[str], remember: bool) -> None:
    """Delete all rows of `sessions`; forks of them keep theirs. With `remember` no sync brings them back."""
    for start in range(0, len(sessions), STEP):
        _delete(connection, sessions[start : start + STEP], remember)
    connection.execute(
        "delete from places where place_id not in (select place_id from sessions where place_id is not null)"
    )
    delete_cursors(connection, sessions)


def _delete(connection: sqlite3.Connection, sessions: Sequence[str], remember: bool) -> None:
    rows = f"""select id from token_usage where session_id in ({marks(sessions)})
        union select prompt_id from turns where session_id in ({marks(sessions)})"""
    keys = [row[0] for row in connection.execute(rows, [*sessions, *sessions])]
    if remember:
        tombstones.add(connection, map(tombstones.session_key, sessions))
        tombstones.add(connection, keys)
    _free_forks(connection, sessions)
    connection.executemany("delete from copies where key = ?", ((key,) for key in keys))
    for table in ("recordings", "sessions"):  # the other tables' rows go with those of `sessions`, by their foreign key
        connection.execute(f"delete from {table} where session_id in ({marks(sessions)})", [*sessions])


def _free_forks(connection: sqlite3.Connection, sessions: Sequence[str]) -> None:
    """A fork that does not know where it began begins with its own rows, no longer with its parent's lines."""
    connection.execute(
        f"""update sessions set parent_session_id = null,
            first_record_at = iif(forked_at is null, coalesce(start_time, first_record_at), first_record_at)
        where parent_session_id in ({marks(sessions)})""",
        [*sessions],
    )
