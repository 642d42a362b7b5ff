"""Take sessions out for good. What stays is a hash of each id, so that no sync or hook brings them back.

Rows, cursors, recordings and waiting events go; forks keep their own rows and figures. The freed pages are
overwritten (`secure_delete`) and the file is made anew (`vacuum`).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from claude_metrics.config import Config
from claude_metrics.recording import spool
from claude_metrics.store import tombstones, unlisted, writer
from claude_metrics.store.machine import machine_id
from claude_metrics.store.rates import RateBook
from claude_metrics.store.settle import settle
from claude_metrics.text import session_name

STEP = 500


def matching(
    connection: sqlite3.Connection, sessions: Sequence[str] = (), project: str | None = None
) -> list[sqlite3.Row]:
    """`(session_id, project_name, start_time, first_prompt)` of sessions by id or unique prefix, or by project.

    `project` is its name, or a folder: then all sessions below it.
    """
    found = {row[0]: row for prefix in sessions for row in _by_prefix(connection, prefix)}
    if project:
        folder = project.rstrip("/\\") or project
        rows = connection.execute(
            """select session_id, project_name, start_time, first_prompt from sessions
            where project_name = ?1 or project_path = ?2
            or substr(project_path, 1, length(?2) + 1) in (?2 || '/', ?2 || '\\')""",
            (project, folder),
        )
        found |= {row[0]: row for row in rows}
    return list(found.values())


def _by_prefix(connection: sqlite3.Connection, prefix: str) -> list[sqlite3.Row]:
    columns = "session_id, project_name, start_time, first_prompt"
    exact = connection.execute(f"select {columns} from sessions where session_id = ?", (prefix,)).fetchall()
    return (
        exact
        or connection.execute(
            f"select {columns} from sessions where substr(session_id, 1, length(?1)) = ?1", (prefix,)
        ).fetchall()
    )


def purge(connection: sqlite3.Connection, sessions: Sequence[str], settings: Config, remember: bool = True) -> int:
    """Delete `sessions` and all that is theirs in one transaction; returns how many there were.

    `remember=False` is for a session that never was one (the doctor's): no hash of it stays.
    """
    connection.execute("begin immediate")
    try:
        before = connection.execute("select count(*) from sessions").fetchone()[0]
        forks = _forks(connection, sessions)
        for fork in forks:
            unlisted.keep_baseline(connection, fork)
        for start in range(0, len(sessions), STEP):
            _delete(connection, sessions[start : start + STEP], remember)
        rates = RateBook(connection, settings.prices)
        settle(connection, dict.fromkeys(forks, writer.FOREVER), rates.bounds, machine_id(connection, settings))
        after = connection.execute("select count(*) from sessions").fetchone()[0]
        connection.execute("commit")
    except BaseException:
        if connection.in_transaction:
            connection.execute("rollback")
        raise
    return int(before - after)


def scrub(connection: sqlite3.Connection) -> None:
    """Nothing of deleted rows stays in the file, its free pages or its journal."""
    connection.execute("pragma secure_delete = on")
    connection.execute("vacuum")
    if connection.execute("pragma journal_mode").fetchone()[0] == "wal":
        connection.execute("pragma wal_checkpoint(truncate)")


def _forks(connection: sqlite3.Connection, sessions: Sequence[str]) -> list[str]:
    gone = set(sessions)
    rows = connection.execute("select session_id, parent_session_id from sessions where parent_session_id is not null")
    return [row[0] for row in rows if row[1] in gone and row[0] not in gone]


def _delete(connection: sqlite3.Connection, sessions: Sequence[str], remember: bool) -> None:
    marks = ", ".join("?" * len(sessions))
    rows = f"""select id from token_usage where session_id in ({marks})
        union select prompt_id from turns where session_id in ({marks})"""
    keys = [row[0] for row in connection.execute(rows, [*sessions, *sessions])]
    if remember:
        tombstones.add(connection, (tombstones.session_key(session_id) for session_id in sessions))
        tombstones.add(connection, keys)
    # A fork that does not know where it began begins where its own rows do, no longer with its parent's lines.
    connection.execute(
        f"""update sessions set parent_session_id = null,
            first_record_at = iif(forked_at is null, coalesce(start_time, first_record_at), first_record_at)
        where parent_session_id in ({marks})""",
        [*sessions],
    )
    connection.executemany("delete from copies where key = ?", ((key,) for key in keys))
    connection.execute(f"delete from recordings where session_id in ({marks})", [*sessions])
    connection.execute(f"delete from sessions where session_id in ({marks})", [*sessions])
    connection.execute(
        "delete from places where place_id not in (select place_id from sessions where place_id is not null)"
    )
    _delete_cursors(connection, sessions)


def _delete_cursors(connection: sqlite3.Connection, sessions: Sequence[str]) -> None:
    """Every cursor that names one of them, be it a fork's: its file is read anew, and what was purged passed over."""
    rows = connection.execute("select path, session_id, cursor from sources").fetchall()
    named = [row[0] for row in rows if _names(row, sessions)]
    connection.executemany("delete from sources where path = ?", ((path,) for path in named))


def _names(row: Sequence[str | None], sessions: Sequence[str]) -> bool:
    if row[1] and session_name(row[1]) in sessions:
        return True
    return any(session_id in (row[0] or "") or session_id in (row[2] or "") for session_id in sessions)


# -- events that wait, and those set aside -----------------------------------------


def drop_events(folder: Path, sessions: Sequence[str]) -> int:
    """Delete the spool's events of `sessions`, waiting or set aside; returns how many."""
    gone, dropped = set(sessions), 0
    for event in spool.pending(folder):
        if _session_of(spool.read(event)) in gone:
            spool.finish(event)
            dropped += 1
    for path in spool.failed(folder):
        if _session_of(_bytes(path)) in gone:
            for each in (path, path.with_name(path.name + ".reason")):
                each.unlink(missing_ok=True)
            dropped += 1
    return dropped


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()[: spool.LIMIT_BYTES]
    except OSError:
        return None


def _session_of(payload: bytes | None) -> str | None:
    try:
        value = json.loads(payload or b"")
    except (ValueError, RecursionError):
        value = spool.salvage(payload or b"")
    named = value.get("session_id") if isinstance(value, dict) else None
    return session_name(named) if isinstance(named, str) else None
