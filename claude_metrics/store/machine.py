"""The random name of this machine, which tells the sessions of several machines apart."""

from __future__ import annotations

import os
import sqlite3

from claude_metrics.config import Config
from claude_metrics.store import meta


def machine_id(connection: sqlite3.Connection, config: Config) -> str:
    """A random name for this machine, made once; no hardware or host name leaves the config."""
    if config.machine_id:
        return config.machine_id
    if stored := meta.get(connection, "machine_id"):
        return stored
    fresh = os.urandom(6).hex()
    meta.put(connection, "machine_id", fresh)
    return fresh
