"""Take sessions out for good. What stays is a hash of each id, so that no sync or hook brings them back.

Rows, cursors, recordings and waiting events go; forks keep their own rows and figures. The freed pages are
overwritten (`secure_delete`) and the file is made anew (`vacuum`).
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from claude_metrics import config
from claude_metrics.config import Config
from claude_metrics.maintenance.alone import alone
from claude_metrics.paths import work
from claude_metrics.recording import spool
from claude_metrics.store import backup, baselines, upkeep
from claude_metrics.store import connection as database
from claude_metrics.store.deletion import delete_sessions
from claude_metrics.store.derive import derive
from claude_metrics.store.machine import machine_id
from claude_metrics.store.rates import RateBook
from claude_metrics.store.touched import FOREVER
from claude_metrics.store.transaction import transaction
from claude_metrics.text import session_name

WAIT_S = 30.0  # for a worker that is recording


def matching(connection: sqlite3.Connection, sessions: Sequence[str], project: str | None = None) -> list[sqlite3.Row]:
    """`(session_id, project, start_time, first_prompt)` of the sessions with these ids, and of those of a project.

    `project` is its name, or a folder: then all sessions below it.
    """
    columns = "session_id, project, start_time, first_prompt"
    by_id = f"select {columns} from v_sessions where session_id = ?"
    rows = [row for session in sessions for row in connection.execute(by_id, (session,))]
    if project:
        folder = project.rstrip("/\\") or project
        rows += connection.execute(
            f"""select {columns} from v_sessions where project = ?1 or project_path = ?2
            or substr(project_path, 1, length(?2) + 1) in (?2 || '/', ?2 || '\\')""",
            (project, folder),
        )
    return list({row[0]: row for row in rows}.values())


def for_good(db_path: Path, spool: Path, sessions: Sequence[str]) -> tuple[int, int]:
    """Delete `sessions` everywhere; returns how many there were, and how many of their events.

    A note of it comes first: what is killed on the way is completed at the next start.
    """
    with work.noted("purge", completes=True, db_path=str(db_path), spool=str(spool), sessions=[*sessions]):
        return complete(db_path, spool, sessions, WAIT_S)


def complete(db_path: Path, spool: Path, sessions: Sequence[str], wait_s: float) -> tuple[int, int]:
    """Every step can be repeated. The first deletes the rows and remembers that they are not to come back."""
    settings = config.lenient()
    with alone(spool, wait_s), closing(database.connect(db_path, settings.journal_mode)) as connection:
        gone = purge(connection, sessions, settings)
        dropped = drop_events(spool, sessions)
        upkeep.scrub(connection)
        backup.forget(db_path)
        for old in db_path.parent.glob(".rebuild-*"):  # what a killed rebuild of 0.1.0 left
            shutil.rmtree(old, ignore_errors=True)
    return gone, dropped


def purge(connection: sqlite3.Connection, sessions: Sequence[str], settings: Config, remember: bool = True) -> int:
    """Delete `sessions` and all that is theirs in one transaction; returns how many there were.

    `remember=False` is for a session that never was one (the doctor's): no hash of it stays.
    """
    with transaction(connection):
        before = _count(connection)
        forks = _forks(connection, sessions)
        for fork in forks:
            baselines.keep_baseline(connection, fork)
        delete_sessions(connection, sessions, remember)
        rates = RateBook(connection, settings.prices)
        derive(connection, dict.fromkeys(forks, FOREVER), rates.bounds, machine_id(connection, settings))
        after = _count(connection)
    return before - after


def _count(connection: sqlite3.Connection) -> int:
    return int(connection.execute("select count(*) from sessions").fetchone()[0])


def _forks(connection: sqlite3.Connection, sessions: Sequence[str]) -> list[str]:
    gone = set(sessions)
    rows = connection.execute("select session_id, parent_session_id from sessions where parent_session_id is not null")
    return [row[0] for row in rows if row[1] in gone and row[0] not in gone]


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
