"""Whether a file is a database of this program. A file of somebody else is refused before anything is written to it.

Ours are marked in SQLite's `application_id`; databases from before the mark are known by their tables. Of a file that
is damaged past reading, its place decides: the data folder's own, or one that a daily copy was made of.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from claude_metrics import paths
from claude_metrics.errors import ClaudeMetricsError

APPLICATION_ID = int.from_bytes(b"ClMt", "big")
TABLES = frozenset(["sessions", "token_usage", "copies", "meta"])
_MAGIC = b"SQLite format 3\0"
_ID_AT = slice(68, 72)  # https://sqlite.org/fileformat.html#application_id


def refuse_foreign_file(path: Path) -> None:
    """Raise ClaudeMetricsError if the file at `path` is not ours. A missing or an empty one may become ours."""
    head = _head(path)
    if head.startswith(_MAGIC):
        marked = int.from_bytes(head[_ID_AT], "big")
        if marked != APPLICATION_ID:
            _refuse_foreign_tables(path)
    elif head and not _is_place_of_ours(path):
        raise _foreign(path, "it is no database")


def refuse_foreign(connection: sqlite3.Connection, path: Path) -> None:
    """Raise ClaudeMetricsError if the open database has tables and none of them is ours."""
    if application_id(connection) != APPLICATION_ID:
        tables = _tables(connection)
        if tables and not tables >= TABLES:
            raise _foreign(path, f"it has the table {min(tables)}")


def is_ours(connection: sqlite3.Connection) -> bool:
    """A database that this program made, of whatever version; not an empty one, and not its predecessor's."""
    return application_id(connection) == APPLICATION_ID or _tables(connection) >= TABLES


def is_empty(connection: sqlite3.Connection) -> bool:
    return not _tables(connection)


def mark(connection: sqlite3.Connection) -> None:
    """Mark the database as ours; one that is marked already writes nothing."""
    if application_id(connection) != APPLICATION_ID:
        connection.execute(f"pragma application_id = {APPLICATION_ID}")


def application_id(connection: sqlite3.Connection) -> int:
    return int(connection.execute("pragma application_id").fetchone()[0])


def _head(path: Path) -> bytes:
    """Empty where there is no file or it cannot be read: opening it tells why."""
    with suppress(OSError):
        if path.is_file():
            with path.open("rb") as file:
                return file.read(100)
    return b""


def _refuse_foreign_tables(path: Path) -> None:
    with (
        suppress(sqlite3.DatabaseError),  # damaged or locked: opening it tells which
        closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=1)) as connection,
    ):
        refuse_foreign(connection, path)


def _tables(connection: sqlite3.Connection) -> set[str]:
    """Without those in which SQLite and sqlite-utils keep their own notes."""
    names = connection.execute(
        "select name from sqlite_master where type = 'table' and name not like 'sqlite!_%' escape '!'"
    )
    return {row[0] for row in names} - {"_sqlite_migrations"}


def _is_place_of_ours(path: Path) -> bool:
    own = paths.data_dir() / "db" / "metrics.db"
    return path.absolute() == own.absolute() or paths.daily_copy(path).exists()


def _foreign(path: Path, why: str) -> ClaudeMetricsError:
    return ClaudeMetricsError(
        f"not a database of claude-metrics ({why}); {path}; nothing was changed: name another file with --db-path"
        " or CLAUDE_METRICS_DB"
    )
