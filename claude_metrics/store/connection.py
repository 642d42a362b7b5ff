"""Open the database: private to its owner, patient with other writers, and brought up to today's version."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from claude_metrics import paths
from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.store import identity, views
from claude_metrics.store.version import LATEST

ATTEMPTS = 20
CACHE_KIB = 64 * 1024  # keys are hashes: a bulk sync touches all pages, and the default of 2 MB thrashes
BUSY_MS = 10_000


def connect(path: Path, journal_mode: str = "delete") -> sqlite3.Connection:
    """Open `path` for writing, made and migrated if need be. Raises ClaudeMetricsError with the remedy."""
    identity.refuse_foreign_file(path)
    paths.private_dir(path.parent)
    _make_private(path)
    try:
        connection = sqlite3.connect(path, timeout=BUSY_MS / 1000, isolation_level=None)
        connection.execute(f"pragma busy_timeout = {BUSY_MS}")
        identity.refuse_foreign(connection, path)  # once more: it may have been made since, or stand in a journal
        prepare(connection, journal_mode)
        _upgrade(connection, path)
    except sqlite3.DatabaseError as error:
        raise ClaudeMetricsError(remedy(error, path)) from error
    return connection


def _make_private(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        mode = f"{path.stat().st_mode & 0o777:04o}" if path.exists() and not os.access(path, os.W_OK) else ""
        remedy = f"its mode is {mode}: run `chmod 600 {path}`" if mode else "check the folder's owner and free space"
        raise ClaudeMetricsError(f"cannot open the database for writing: {error.strerror}; {path}; {remedy}") from error


def prepare(connection: sqlite3.Connection, journal_mode: str = "delete") -> None:
    """Busy timeout first: every later pragma may have to wait for a writer."""
    connection.execute(f"pragma busy_timeout = {BUSY_MS}")
    connection.execute(f"pragma cache_size = -{CACHE_KIB}")
    connection.execute("pragma temp_store = memory")
    connection.execute("pragma foreign_keys = on")
    connection.execute("pragma secure_delete = on")
    current = connection.execute("pragma journal_mode").fetchone()[0]
    if current != journal_mode:
        connection.execute(f"pragma journal_mode = {journal_mode}")


def _upgrade(connection: sqlite3.Connection, path: Path) -> None:
    version = _version(connection)
    if version > LATEST:
        raise ClaudeMetricsError(
            f"the database is of a newer claude-metrics (version {version}, this one knows {LATEST}); {path};"
            " update claude-metrics, nothing was changed"
        )
    for attempt in range(ATTEMPTS):
        try:
            _bring_up(connection)
            return
        except sqlite3.OperationalError as error:
            if not _is_race(error) or attempt == ATTEMPTS - 1:
                raise
            time.sleep(0.05 * (attempt + 1))


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("pragma user_version").fetchone()[0])


def _bring_up(connection: sqlite3.Connection) -> None:
    if _version(connection) < LATEST:
        from claude_metrics.store.migrations import migrate

        migrate(connection)
    identity.mark(connection)
    views.refresh(connection)


def _is_race(error: sqlite3.OperationalError) -> bool:
    """Another process was making the same tables or views: look again, they are there now."""
    return any(word in str(error) for word in ("already exists", "locked", "no such view", "schema has changed"))


def roll_back(path: Path) -> None:
    """Take back what a killed writer left half done: readers that may not write, Grafana for one, are stuck until then.

    The journal of a writer that is at work is left to it.
    """
    if path.with_name(f"{path.name}-journal").exists() and path.exists():
        with suppress(sqlite3.Error), closing(sqlite3.connect(path, timeout=0)) as connection:
            marked = identity.application_id(connection)
            connection.execute(f"pragma application_id = {marked}")  # ends a journal that was not even begun, too


def connect_current(path: Path) -> sqlite3.Connection:
    """Open an existing database for reading. One that an older version wrote is brought up to date first."""
    identity.refuse_foreign_file(path)
    connection = connect_readonly(path)
    if identity.is_empty(connection):
        raise ClaudeMetricsError(
            f"the database is empty; {path}; run `claude-metrics sync`, or name another file with --db-path"
        )
    if not _is_outdated(connection):
        return connection
    journal_mode = connection.execute("pragma journal_mode").fetchone()[0]
    connection.close()
    connect(path, journal_mode).close()
    return connect_readonly(path)


def _is_outdated(connection: sqlite3.Connection) -> bool:
    version = _version(connection)
    return 0 < version < LATEST or (version == LATEST and not views.are_current(connection))


def connect_readonly(path: Path) -> sqlite3.Connection:
    """Open an existing database for reading, as Grafana does."""
    if not path.exists():
        raise ClaudeMetricsError(
            f"there is no database yet; {path}; run `claude-metrics setup` or `claude-metrics sync`"
        )
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_MS / 1000)
        connection.execute(f"pragma busy_timeout = {BUSY_MS}")
        connection.execute("pragma query_only = on")
        connection.execute("select 1 from sqlite_master").fetchone()
    except sqlite3.DatabaseError as error:
        raise ClaudeMetricsError(remedy(error, path)) from error
    connection.row_factory = sqlite3.Row
    return connection


# SQLite's primary result codes for a database, or its disk, that cannot be used now; https://sqlite.org/rescode.html
_UNFIT = frozenset(
    [
        *(sqlite3.SQLITE_PERM, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM),
        *(sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_FULL),
        *(sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOLFS, sqlite3.SQLITE_NOTADB),
    ]
)


def is_unfit(error: BaseException) -> bool:
    """True when the database is in no state to be used, whatever was to be stored in it."""
    return isinstance(error, sqlite3.Error) and (getattr(error, "sqlite_errorcode", 0) & 0xFF) in _UNFIT


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """An unfit database, met at any point, becomes a ClaudeMetricsError with the remedy."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if is_unfit(error):
            raise ClaudeMetricsError(remedy(error, path)) from error
        raise


def remedy(error: sqlite3.DatabaseError, path: Path) -> str:
    text = str(error)
    if "locked" in text or "busy" in text:
        return f"the database is locked by another program; {path}; close it (a sqlite3 shell?) and try again"
    if "not a database" in text or "malformed" in text:
        return (
            f"the database is damaged ({text}); {path}; run `claude-metrics doctor --fix`: it is set aside and rebuilt"
        )
    return f"cannot use the database ({text}); {path}; check its owner, mode and free space"
