"""Sessions on this machine's disk against sessions stored, and by which door they came."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from claude_metrics import config
from claude_metrics.agents import RECORDED
from claude_metrics.agents.roots import all_sources
from claude_metrics.store.sources import sessions_on_disk


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
    read = {row[0] for row in connection.execute("select path from v_sources where agent = ?", (name,))}
    on_disk = sessions_on_disk(connection, all_sources(RECORDED[name], config.lenient().roots, read))
    stored = dict(
        connection.execute(
            "select session_id, recorded_by from v_sessions where agent = ?", (RECORDED[name].type,)
        ).fetchall()
    )
    names = on_disk.sessions.keys()
    missing = names - stored.keys()
    empty = sum(any(str(source.path) in read for source in on_disk.sessions[session]) for session in missing)
    by_hook = sum(by == "hook" for by in stored.values())
    return Coverage(
        agent=name,
        on_disk=len(names),
        stored=len(names & stored.keys()),
        empty=empty,
        unread=len(missing) - empty,
        purged=len(on_disk.purged),
        gone=len(stored.keys() - names),
        by_hook=by_hook,
        by_sync=len(stored) - by_hook,
    )
