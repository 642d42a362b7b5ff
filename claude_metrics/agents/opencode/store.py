"""OpenCode's database, read and never touched.

A plain read-only connection would still write: SQLite makes `-shm` and `-wal` files, and marks readers in them. So:
- the client has it open (`-wal` and `-shm` are there): share its `-shm` read-only; a read lock holds up no writer;
- nobody has: the file alone is all of it, and is read as immutable;
- a `-wal` without `-shm` (restored from a copy): both are copied away first.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from claude_metrics.agents._json import Json, count, load, millis, text

TRIES = 5
T = TypeVar("T")


class Part(NamedTuple):
    id: str
    updated: int
    data: Json
    size: int = 0


class Message(NamedTuple):
    """Times are Unix milliseconds."""

    id: str
    session_id: str
    created: int
    updated: int
    data: Json
    parts: list[Part]
    size: int = 0


class Session(NamedTuple):
    """`changed` is the latest time of the row and its messages; `rows` counts messages and parts."""

    id: str
    parent_id: str | None
    directory: str | None
    title: str | None
    version: str | None
    created: int
    changed: int
    rows: int
    lines: tuple[int, int] | None


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that leaves every byte and time of `path` and its neighbours as they are."""
    with ExitStack() as stack:
        connection = sqlite3.connect(_uri(path, stack), uri=True, timeout=5, isolation_level=None)
        stack.callback(connection.close)
        connection.text_factory = lambda raw: raw.decode("utf-8", "replace")  # SQLite's own error would quote the text
        connection.execute("pragma query_only = on")
        connection.execute("begin")
        yield connection


def _uri(path: Path, stack: ExitStack) -> str:
    wal, shared = (path.with_name(path.name + end) for end in ("-wal", "-shm"))
    if wal.exists() and shared.exists():
        return f"{path.absolute().as_uri()}?mode=ro&readonly_shm=1"
    if wal.exists() and wal.stat().st_size:
        import shutil
        import tempfile

        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="claude-metrics-")))
        for file in (path, wal):
            shutil.copyfile(file, scratch / file.name)
        return f"{(scratch / path.name).as_uri()}?mode=ro"
    return f"{path.absolute().as_uri()}?mode=ro&immutable=1"


def patiently(path: Path, ask: Callable[[sqlite3.Connection], T]) -> T:
    """The answer of `ask`, given while nobody wrote (or in a snapshot); a client that opens or closes is waited for."""
    for attempt in range(TRIES):
        before, shared = _state(path), path.with_name(path.name + "-shm").exists()
        try:
            with opened(path) as connection:
                found = ask(connection)
        except (sqlite3.OperationalError, FileNotFoundError):
            if attempt == TRIES - 1:
                raise
        else:
            if shared or before == _state(path):
                return found
        time.sleep(0.05 * attempt)
    raise sqlite3.OperationalError("it kept changing while it was read")


def _state(path: Path) -> list[tuple[int, int, int] | None]:
    """What changes when somebody writes: an immutable read in between is not to be trusted."""
    files = (path, path.with_name(path.name + "-wal"))
    return [(s.st_size, s.st_mtime_ns, s.st_ino) if (s := _stat(file)) else None for file in files]


def _stat(file: Path) -> os.stat_result | None:
    try:
        return file.stat()
    except OSError:
        return None


# -- questions ------------------------------------------------------------------

_SESSIONS = """select s.id, s.parent_id, s.directory, s.title, s.version, s.time_created,
        max(s.time_updated, coalesce(m.latest, 0)), coalesce(m.rows, 0) + coalesce(p.rows, 0),
        s.summary_additions, s.summary_deletions, s.summary_files
    from session s
    left join (select session_id, max(time_updated) as latest, count(*) as rows from message group by 1) m
        on m.session_id = s.id
    left join (select session_id, count(*) as rows from part group by 1) p on p.session_id = s.id"""


def sessions(connection: sqlite3.Connection) -> dict[str, Session]:
    found = (_session(row) for row in connection.execute(_SESSIONS))
    return {session.id: session for session in found}


def _session(row: tuple[Any, ...]) -> Session:
    """The client counts lines only where it takes snapshots; without any it writes zeros."""
    session_id, parent, directory, title, version, created, changed, rows, added, removed, files = row
    return Session(
        str(session_id),
        text(parent),
        text(directory),
        text(title),
        text(version),
        millis(created),
        millis(changed),
        count(rows),
        (count(added), count(removed)) if files else None,
    )


def messages(connection: sqlite3.Connection, session_ids: Iterable[str], since: int) -> Iterator[Message]:
    """Messages that changed since (Unix ms), or a part of which did, each with all of its parts."""
    for session_id in session_ids:
        rows = connection.execute(
            """select id, time_created, time_updated, data from message where session_id = ?1 and (time_updated >= ?2
                or id in (select message_id from part where session_id = ?1 and time_updated >= ?2))
            order by time_created, id""",
            (session_id, since),
        ).fetchall()
        for row_id, created, updated, data in rows:
            times, record, size = (millis(created), millis(updated)), *_record(data)
            yield Message(str(row_id), session_id, *times, record, _parts(connection, row_id), size)


def _parts(connection: sqlite3.Connection, message_id: str) -> list[Part]:
    found = connection.execute(
        "select id, time_updated, data from part where message_id = ? order by id", (message_id,)
    )
    return [Part(str(row_id), millis(updated), *_record(data)) for row_id, updated, data in found]


def _record(data: object) -> tuple[Json, int]:
    """SQLite lets a column hold anything."""
    return (load(data) or {}, len(data)) if isinstance(data, str) else ({}, 0)


def origin(connection: sqlite3.Connection, fork: str) -> str | None:
    """The session that a fork copied its last message from: a copy keeps the original's time."""
    row = connection.execute(
        """select o.session_id from message c join session f on f.id = c.session_id
            join session s on s.project_id = f.project_id and s.id <> f.id
            join message o on o.session_id = s.id and o.time_created = c.time_created
        where c.session_id = ?1 and c.time_created < f.time_created and o.time_created >= s.time_created
        order by c.time_created desc, o.session_id limit 1""",
        (fork,),
    ).fetchone()
    return str(row[0]) if row else None
