"""The rows of `facets`: the agent's own judgement of a session."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

COLUMNS = ("session_id", "goal", "outcome", "friction", "raw", "updated_at", "mtime_ns", "bytes")


def _upsert(columns: Sequence[str]) -> str:
    sets = ", ".join(f"{name} = excluded.{name}" for name in columns if name != "session_id")
    values = ", ".join(f":{name}" for name in columns)
    return (
        f"insert into facets ({', '.join(columns)}) values ({values})"
        f" on conflict (session_id) do update set {sets} where true"
    )


def save(connection: sqlite3.Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Put these rows, which have all `COLUMNS`, in place of what is stored of their sessions."""
    connection.executemany(_upsert(COLUMNS), rows)


def save_newer(connection: sqlite3.Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Take over rows of another database, perhaps without some columns, that are newer than what is stored."""
    for row in rows:
        statement = _upsert([name for name in COLUMNS if name in row])
        connection.execute(f"{statement} and coalesce(excluded.updated_at, '') > coalesce(facets.updated_at, '')", row)
