"""Sessions on this machine's disk against sessions stored, and by which door they came."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from claude_metrics.agents import RECORDED
from claude_metrics.store import tombstones
from claude_metrics.text import session_name


@dataclass(slots=True)
class Coverage:
    """Sessions of one agent. `empty`: no prompt, no request; `unread`: wait for a sync; `gone`: left the disk."""

    agent: str
    on_disk: int = 0
    stored: int = 0
    empty: int = 0
    unread: int = 0
    purged: int = 0
    gone: int = 0
    by_hook: int = 0
    by_sync: int = 0


def coverage(connection: sqlite3.Connection, names: Iterable[str]) -> list[Coverage]:
    """What the agents have on this machine's disk now, against what the database holds."""
    return [_covered(connection, name) for name in names]


def _covered(connection: sqlite3.Connection, name: str) -> Coverage:
    read = dict(connection.execute("select path, session_id from v_sources where agent = ?", (name,)).fetchall())
    on_disk: dict[str, bool] = {}
    for source in RECORDED[name].find_sources():
        session_id = read.get(str(source.path)) or source.session_id
        if session_id:
            key = session_name(session_id)
            on_disk[key] = on_disk.get(key, False) or str(source.path) in read
    stored = dict(
        connection.execute(
            "select session_id, recorded_by from v_sessions where agent = ?", (RECORDED[name].type,)
        ).fetchall()
    )
    purged = tombstones.purged_sessions(connection, on_disk)
    missing = on_disk.keys() - stored.keys() - purged
    empty = sum(on_disk[key] for key in missing)
    by_hook = sum(by == "hook" for by in stored.values())
    return Coverage(
        name, len(on_disk), len(on_disk.keys() & stored.keys()), empty, len(missing) - empty, len(purged),
        len(stored.keys() - on_disk.keys()), by_hook, len(stored) - by_hook,
    )  # fmt: skip
