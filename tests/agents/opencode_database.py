"""A database of OpenCode as its client writes it."""

import hashlib
import json
import sqlite3
from pathlib import Path

from claude_metrics.agents.opencode import sources as opencode
from tests.agents.recorded import record
from tests.support.recorder import Recorder


def writable(data: Path) -> sqlite3.Connection:
    """The client's own connection: WAL, autocommit."""
    db = sqlite3.connect(data / "opencode.db", isolation_level=None)
    db.execute("pragma journal_mode = wal")
    return db


def add_message(db: sqlite3.Connection, session: str, message: str, created: int, **data: object) -> None:
    tokens = {"input": 10, "output": 2, "reasoning": 3, "cache": {"read": 4, "write": 5}}
    whole = {"role": "assistant", "modelID": "gpt-5", "tokens": tokens, "cost": 0.5, "path": {"cwd": "/p"}, **data}
    row = (message, session, created, created, json.dumps(whole))
    db.execute("insert into message (id, session_id, time_created, time_updated, data) values (?, ?, ?, ?, ?)", row)


def state(folder: Path) -> dict[str, tuple[str, int, int]]:
    """Bytes, times and modes of everything there."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.stat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        found[str(path)] = (content, status.st_mtime_ns, status.st_mode)
    return found


def whole(database: Path, place: Path) -> dict[str, list[object]]:
    recorder = Recorder(place / "whole.db")
    record(recorder, opencode.find_sources(database.parent))
    return recorder.dump()
