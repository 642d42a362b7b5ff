"""Copies of the database: on request, and one a day that `doctor --fix` falls back on.

A copy is made page by page from one snapshot (SQLite's backup API), checked, and put in place whole or not at all.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from claude_metrics import files, paths
from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.log import logger
from claude_metrics.store import connection as database

DAY_S = 86_400
LARGEST = 200 * 2**20  # a daily copy of more would be felt


def write(db_path: Path, target: Path, force: bool = False) -> int:
    """Copy the database to `target`, private and whole; returns its bytes. Raises ClaudeMetricsError."""
    if target.exists() and not force:
        raise ClaudeMetricsError(f"the file exists; {target}; choose another name, or give --force to replace it")
    if target.exists() and target.samefile(db_path):
        raise ClaudeMetricsError(f"that is the database itself; {target}; choose another name")
    if target.is_dir():
        raise ClaudeMetricsError(f"that is a folder; {target}; name a file in it")
    source = database.connect_readonly(db_path)
    try:
        with _replacing(target) as half:
            _copy(source, half)
    finally:
        source.close()
    return target.stat().st_size


@contextlib.contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    """A private file beside `target` that takes its place when all went well."""
    half = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        half.unlink(missing_ok=True)
        with files.noted(half), files.replacing(target, scratch=half):  # SQLite writes into the new file by its name
            yield half
    except OSError as error:
        raise ClaudeMetricsError(
            f"cannot write the copy ({error.strerror}); {target}; check the folder, its owner and free space"
        ) from error
    except sqlite3.Error as error:
        raise ClaudeMetricsError(
            f"cannot copy the database ({error}); {target}; check free space, and `claude-metrics doctor`"
        ) from error


def _copy(source: sqlite3.Connection, half: Path) -> None:
    with contextlib.closing(sqlite3.connect(half)) as copy:
        source.backup(copy)
        copy.execute("pragma journal_mode = delete")
        problem = copy.execute("pragma quick_check(1)").fetchone()[0]
    if problem != "ok":
        raise sqlite3.DatabaseError(f"it is damaged: {problem}")


def overwrite(new: sqlite3.Connection, db_path: Path) -> None:
    """Put the pages of `new` in place of the database's, in one transaction. Raises ClaudeMetricsError."""
    try:
        with contextlib.closing(sqlite3.connect(db_path, timeout=database.BUSY_MS / 1000)) as old:
            new.backup(old)
    except sqlite3.Error as error:
        raise ClaudeMetricsError(
            f"the database could not be replaced ({error}) and stays as it was; {db_path}; check free space, try again"
        ) from error


# -- the daily one ------------------------------------------------------------------


def previous_file(db_path: Path) -> Path:
    """The last copy that had sessions which the present database lacks, for example because it was deleted."""
    return paths.daily_copy(db_path).with_suffix(".previous.db")


def daily(db_path: Path, now: float | None = None) -> bool:
    """Refresh the daily copy when it is a day old. True when it was made; trouble is logged, never raised."""
    try:
        target = paths.daily_copy(db_path)
        if not _due(db_path, target, time.time() if now is None else now):
            return False
        paths.private_dir(target.parent)
        if target.exists() and _sessions(target) > _sessions(db_path):
            target.replace(previous_file(db_path))
        write(db_path, target, force=True)
    except (ClaudeMetricsError, OSError, sqlite3.Error) as error:
        logger.warning("no daily copy of the database: %s", error)
        return False
    return True


def forget(db_path: Path) -> None:
    """After a purge: copies that still hold what was purged go, and a fresh one takes their place."""
    for copy in (paths.daily_copy(db_path), previous_file(db_path)):
        copy.unlink(missing_ok=True)
    daily(db_path)


def forget_trial(db_path: Path, session_id: str) -> None:
    """The doctor's trial session may have been in the database just when its daily copy was made."""
    copy = paths.daily_copy(db_path)
    if not copy.exists():
        return
    with (
        contextlib.suppress(ClaudeMetricsError, sqlite3.Error),
        contextlib.closing(database.connect_readonly(copy)) as found,
    ):
        if found.execute("select 1 from sessions where session_id = ?", (session_id,)).fetchone():
            write(db_path, copy, force=True)


def _due(db_path: Path, target: Path, now: float) -> bool:
    with contextlib.suppress(FileNotFoundError):
        if db_path.stat().st_size > LARGEST:
            return False
        return not target.exists() or not 0 <= now - target.stat().st_mtime < DAY_S
    return False


def _sessions(path: Path) -> int:
    """0 for what is no database of ours."""
    try:
        with contextlib.closing(database.connect_readonly(path)) as connection:
            return int(connection.execute("select count(*) from sessions").fetchone()[0])
    except (ClaudeMetricsError, sqlite3.Error):
        return 0
