"""The rows of `sources`: how far each file or database of an agent was read."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from claude_metrics import clock
from claude_metrics.models import Batch
from claude_metrics.text import session_name


def save_cursor(connection: sqlite3.Connection, batch: Batch) -> None:
    """Rows and cursor are one transaction: what is stored is behind the cursor, what is not is before it."""
    source = batch.source
    connection.execute(
        "insert or replace into sources values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            str(source.path), source.agent, _only_session(batch) or source.session_id, source.size, source.mtime_ns,
            source.inode,
            json.dumps(batch.cursor, separators=(",", ":")), batch.bad_lines,
            json.dumps(batch.unknown) if batch.unknown else None, clock.now(),
        ),
    )  # fmt: skip


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
