"""Settings of the database file itself, by name: the machine, budgets, what prices and views were made from."""

from __future__ import annotations

import sqlite3


def get(connection: sqlite3.Connection, key: str) -> str | None:
    row = connection.execute("select value from meta where key = ?", (key,)).fetchone()
    return row[0] if row else None


def put(connection: sqlite3.Connection, key: str, value: str) -> None:
    """Store a value; one that is stored already writes nothing."""
    connection.execute(
        """insert into meta values (?1, ?2)
        on conflict (key) do update set value = excluded.value where value is not excluded.value""",
        (key, value),
    )
