"""The random name of this machine, which tells the sessions of several machines apart."""

from __future__ import annotations

import sqlite3
import uuid

from claude_metrics.config import Config


def machine_id(connection: sqlite3.Connection, config: Config) -> str:
    """A random name for this machine, made once; no hardware or host name leaves the config."""
    if config.machine_id:
        return config.machine_id
    row = connection.execute("select value from meta where key = 'machine_id'").fetchone()
    if row:
        return str(row[0])
    fresh = uuid.uuid4().hex[:12]
    connection.execute("insert into meta values ('machine_id', ?)", (fresh,))
    return fresh
