"""The views hold no data: when their text changes they are dropped and made again, never migrated."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

from claude_metrics.store import meta
from claude_metrics.store.transaction import transaction

FILE = Path(__file__).with_name("views.sql")


def are_current(connection: sqlite3.Connection) -> bool:
    """True when the views were made from today's text."""
    return meta.get(connection, "views") == _mark(_text())


def refresh(connection: sqlite3.Connection) -> None:
    """Make the views anew unless they are current."""
    if not are_current(connection):
        with transaction(connection):
            make(connection)


def make(connection: sqlite3.Connection) -> None:
    """Drop all `v_` views and make today's, inside the caller's transaction."""
    text = _text()
    names = connection.execute("select name from sqlite_master where type = 'view' and name glob 'v_*'").fetchall()
    for (name,) in names:
        connection.execute(f'drop view "{name}"')
    for statement in text.split(";\n"):  # `executescript` would commit the caller's transaction
        connection.execute(statement)
    meta.put(connection, "views", _mark(text))


def _text() -> str:
    return FILE.read_text(encoding="utf-8")


def _mark(text: str) -> str:
    return f"{len(text)}:{hashlib.sha256(text.encode()).hexdigest()[:16]}"
