"""A database of OpenCode as its client writes it."""

import json
import sqlite3
from pathlib import Path


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
