"""What the agent itself made of a session: `<session>.json` in the folders that the agent names (Claude's `/insights`).

Goal, outcome and friction where the file has them, and always the whole as it is, for its shape is the agent's own
affair. Only sessions that are stored have facets. One listing of the folder; only files of known sessions are looked
at, only newer ones read. `*.json.tmp.*` are half-written and never match.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from claude_metrics import clock
from claude_metrics.config import Config
from claude_metrics.store import facets as store
from claude_metrics.store.transaction import transaction
from claude_metrics.text import session_name

LIMIT_BYTES = 256 * 1024
TEXT = 4000


def pick_up(
    connection: sqlite3.Connection, folders: Iterable[Path], settings: Config, only: Collection[str] | None = None
) -> int:
    """Store new and newer facets of `folders`, of `only` these sessions if given. Returns how many."""
    existing = [folder for folder in folders if folder.is_dir()]
    if settings.content == "none" or not existing:
        return 0
    known = _known(connection, only)
    found = [file for folder in existing for file in _files(folder, known)]
    rows = [row for file in found if (row := _row(*file)) is not None]
    if rows:
        with transaction(connection):
            store.save(connection, rows)
    return len(rows)


Known = dict[str, tuple[int | None, int | None]]


def _known(connection: sqlite3.Connection, only: Collection[str] | None) -> Known:
    """`(mtime_ns, bytes)` of the facets stored for each session, None where there are none yet."""
    some = f"where s.session_id in ({', '.join('?' * len(only))})" if only is not None else ""
    sql = f"select s.session_id, mtime_ns, bytes from sessions s left join facets using (session_id) {some}"
    return {row[0]: row[1:] for row in connection.execute(sql, [*(only or ())])}


def _files(folder: Path, known: Known) -> Iterator[tuple[Path, int, int]]:
    """Facets that differ from what is stored: one look at each of a few sessions, else one listing."""
    try:
        names = [f"{name}.json" for name in known] if len(known) < 5 else [entry.name for entry in os.scandir(folder)]
    except OSError:
        return
    for name in names:
        stored = known.get(session_name(name.removesuffix(".json"))) if name.endswith(".json") else None
        if stored is None:
            continue
        path = folder / name
        try:
            status = path.lstat()
        except OSError:
            continue
        if path.is_file() and not path.is_symlink() and (status.st_mtime_ns, status.st_size) != stored:
            yield path, status.st_mtime_ns, status.st_size


def _row(path: Path, mtime_ns: int, size: int) -> dict[str, Any] | None:
    try:
        with path.open("rb") as file:
            raw = file.read(LIMIT_BYTES).decode("utf-8", "replace")
    except OSError:
        return None
    from claude_metrics.redact import redact  # 20 ms: most runs find no new judgement

    judged = _parsed(raw)
    goal = _first(judged, "underlying_goal", "goal")
    friction = _first(judged, "friction_detail", "friction", "friction_counts")
    texts = (goal, _first(judged, "outcome"), friction, raw)
    values = (session_name(path.stem), *map(redact, texts), clock.now(), mtime_ns, size)
    return dict(zip(store.COLUMNS, values, strict=True))


def _parsed(raw: str) -> dict[str, Any]:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _first(judged: dict[str, Any], *names: str) -> str | None:
    """The first of these fields that has a value, as text."""
    return next((text for name in names if (text := _text(judged.get(name)))), None)


def _text(value: Any) -> str | None:
    """A text as it is; another shape as JSON."""
    if not value:
        return None
    return (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))[:TEXT]
