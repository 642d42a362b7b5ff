"""The rows of `sources`: how far each file or database of an agent was read."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from claude_metrics import clock
from claude_metrics.models import Batch, Source
from claude_metrics.store import tombstones
from claude_metrics.text import session_name


def save_cursor(connection: sqlite3.Connection, batch: Batch) -> None:
    """Rows and cursor are one transaction: what is stored is behind the cursor, what is not is before it."""
    source = batch.source
    connection.execute(
        "insert or replace into sources values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            str(source.path),
            source.agent,
            _only_session(batch) or source.session_id,
            source.size,
            source.mtime_ns,
            source.inode,
            json.dumps(batch.cursor, separators=(",", ":")),
            batch.bad_lines,
            json.dumps(batch.unknown) if batch.unknown else None,
            clock.now(),
        ),
    )


def _only_session(batch: Batch) -> str | None:
    """The session whose file this turned out to be: not every agent names it in the path."""
    return next(iter(batch.sessions)) if len(batch.sessions) == 1 else None


def delete_cursors(connection: sqlite3.Connection, sessions: Sequence[str]) -> None:
    """Delete every cursor that names one of `sessions`, also a fork's: its file is then read again from its start."""
    rows = connection.execute("select path, session_id, cursor from sources").fetchall()
    paths = [row[0] for row in rows if _names(row, sessions)]
    connection.executemany("delete from sources where path = ?", ((path,) for path in paths))


def _names(row: Sequence[str | None], sessions: Sequence[str]) -> bool:
    if row[1] and session_name(row[1]) in sessions:
        return True
    return any(session_id in (row[0] or "") or session_id in (row[2] or "") for session_id in sessions)


class OnDisk(NamedTuple):
    """Sessions by the sources that hold them; those that were purged count nowhere and are named apart."""

    sessions: dict[str, list[Source]]
    purged: set[str]


def own_session(source: Source) -> str:
    """The session that a source is named after."""
    return session_name(source.session_id or source.path.stem)


def sessions_on_disk(connection: sqlite3.Connection, sources: Iterable[Source]) -> OnDisk:
    """The one count of sessions on disk: what a source was found to hold, or else what it is named after."""
    read = dict(connection.execute("select path, session_id from v_sources where session_id is not null").fetchall())
    sessions: dict[str, list[Source]] = {}
    for source in sources:
        stored = read.get(str(source.path))
        sessions.setdefault(session_name(stored) if stored else own_session(source), []).append(source)
    purged = tombstones.purged_sessions(connection, sessions)
    return OnDisk({name: held for name, held in sessions.items() if name not in purged}, purged)
