"""Where OpenCode keeps its sessions, and how what changed in one of them is read.

A source is a session with its child sessions (subagents): its path is the database's with the session's id behind it.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from claude_metrics import clock
from claude_metrics.agents import base
from claude_metrics.agents._json import text
from claude_metrics.agents.base import source_from
from claude_metrics.agents.opencode import files as opencode_files
from claude_metrics.agents.opencode import store as opencode_store
from claude_metrics.agents.opencode.names import NAME
from claude_metrics.agents.opencode.store import Message, Session
from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.models import Batch, Source

OVERLAP_MS = 60_000  # a row may be committed later than one with a newer time
ROW_BYTES = 1024  # a session in a database has no size: rows of about so much

Sessions = Mapping[str, Session]


def data_dirs() -> list[Path]:
    """The folder that holds `opencode.db`."""
    moved = os.environ.get("XDG_DATA_HOME")
    return [(Path(moved).expanduser().absolute() if moved else Path.home() / ".local" / "share") / "opencode"]


def databases(root: Path | None = None) -> list[Path]:
    """`opencode.db`, those of other channels, and the one `OPENCODE_DB` names."""
    found = [path for folder in ([root] if root else data_dirs()) for path in sorted(folder.glob("opencode*.db"))]
    named = os.environ.get("OPENCODE_DB")
    if named and named != ":memory:" and root is None:
        found.insert(0, data_dirs()[0] / Path(named).expanduser())
    return [path for path in dict.fromkeys(found) if path.is_file()]


def find_sources(root: Path | None = None) -> Iterator[Source]:
    """Every session that is no other's child. A database that cannot be read is a source too: reading it tells why."""
    stored: set[str] = set()
    for path in databases(root):
        try:
            listed = _listed(path)
        except ClaudeMetricsError:
            found = source_from(NAME, path, None)
            yield from [found] if found else []
            continue
        stored |= listed.keys()
        yield from (_source(path, tree) for tree in trees(listed).values())
    for folder in [root] if root else data_dirs():
        old = trees(opencode_files.sessions(folder / "storage"))
        yield from (_source(folder / "storage", tree) for home, tree in old.items() if home not in stored)


def trees(listed: Sessions) -> dict[str, list[Session]]:
    """Every session that is no other's child, with its children at any depth behind it."""
    found: dict[str, list[Session]] = {}
    for session in sorted(listed.values(), key=lambda s: s.parent_id in listed):
        found.setdefault(root_of(session.id, listed), []).append(session)
    return found


def root_of(session_id: str, listed: Sessions) -> str:
    """The session whose subagent this is; a parent that is gone leaves its child on its own."""
    seen = {session_id}
    while (parent := listed[session_id].parent_id) in listed and parent not in seen:
        session_id = str(parent)
        seen.add(session_id)
    return session_id


def _source(place: Path, tree: list[Session]) -> Source:
    """Its time is that of the latest change in the session and its children."""
    rows, changed = sum(s.rows for s in tree), max(s.changed for s in tree)
    return Source(NAME, place / tree[0].id, tree[0].id, None, rows * ROW_BYTES, changed * 1_000_000, 0)


def sources_of(payload: Mapping[str, Any]) -> list[Source]:
    """The session a payload names, or the one it is a child of."""
    session_id = text(payload.get("session_id"))
    for path in databases() if session_id else []:
        listed = _listed(path)
        if session_id in listed:
            return [_source(path, trees(listed)[root_of(str(session_id), listed)])]
    return []


def session_of(payload: Mapping[str, Any]) -> str:
    """The plugin tells of child sessions too: they are part of their root."""
    found = sources_of(payload)
    return str(found[0].session_id) if found else base.session_of(payload)


def read(source: Source, cursor: Mapping[str, Any] | None) -> Batch:
    """What changed in the session since the cursor, its last time less an overlap."""
    place = source.path.parent if source.session_id else source.path
    if place.is_dir():
        listed = opencode_files.sessions(place)
        return _read(source, listed, lambda ids: opencode_files.messages(place, ids))
    updated = int((cursor or {}).get("updated", 0))
    try:
        return opencode_store.patiently(place, lambda connection: _read_database(connection, source, updated))
    except (sqlite3.DatabaseError, OSError) as error:
        raise _unreadable(place, error) from error


def _read_database(connection: sqlite3.Connection, source: Source, updated: int) -> Batch:
    listed, since = opencode_store.sessions(connection), max(0, updated - OVERLAP_MS)
    parent = opencode_store.origin(connection, str(source.session_id))
    last = clock.from_seconds(updated / 1000) if updated else None
    return _read(source, listed, lambda ids: opencode_store.messages(connection, ids, since), parent, last, updated)


def _read(
    source: Source,
    listed: Sessions,
    messages: Callable[[list[str]], Iterable[Message]],
    parent: str | None = None,
    last: str | None = None,
    updated: int = 0,
) -> Batch:
    """A session that was deleted since it was found has nothing to read; what is stored of it stays."""
    tree = trees(listed).get(str(source.session_id))
    if tree is None:
        return Batch(source)
    from claude_metrics.agents.opencode.reader import Reader

    reader = Reader(source, tree[0], last)
    reader.session(parent)
    for message in messages([session.id for session in tree]):
        reader.message(message, listed[message.session_id])
    batch = reader.finish()
    batch.bytes_read = reader.bytes_read
    batch.cursor = {"updated": max(updated, reader.newest), "session": source.session_id}
    return batch


def _listed(path: Path) -> Sessions:
    try:
        return opencode_store.patiently(path, opencode_store.sessions)
    except (sqlite3.DatabaseError, OSError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> ClaudeMetricsError:
    return ClaudeMetricsError(f"OpenCode's database cannot be read ({error}); {path}; is its version known here?")
