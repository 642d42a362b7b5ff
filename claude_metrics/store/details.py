"""The rows of `agents`, `compactions` and `api_errors`: what happened in a session beside requests and tool calls."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from claude_metrics.models.details import Agent, ApiError, Compaction
from claude_metrics.store.ownership import FIRST_OPENED
from claude_metrics.store.rows import marks

_AGENT_KEY = ("session_id", "agent_id")


def save_agents(connection: sqlite3.Connection, rows: Sequence[Agent]) -> None:
    """What is known of a subagent; a later reading may know more. A row that learns nothing is not written."""
    known = {name: f"coalesce(excluded.{name}, {name})" for name in Agent._fields if name not in _AGENT_KEY}
    sets = [f"{name} = {value}" for name, value in known.items()]
    differs = [f"{value} is not {name}" for name, value in known.items()]
    connection.executemany(
        f"insert into agents ({', '.join(Agent._fields)}) values ({marks(Agent._fields)})"
        f" on conflict (session_id, agent_id) do update set {', '.join(sets)} where {' or '.join(differs)}",
        rows,
    )


def save_compactions(connection: sqlite3.Connection, rows: Sequence[Compaction]) -> None:
    _save_once(connection, "compactions", Compaction._fields, rows)


def save_api_errors(connection: sqlite3.Connection, rows: Sequence[ApiError]) -> None:
    _save_once(connection, "api_errors", ApiError._fields, rows)


def _save_once(connection: sqlite3.Connection, table: str, columns: Sequence[str], rows: Sequence[Any]) -> None:
    """A fork's transcript may repeat a row: it belongs to the session that was opened first."""
    connection.executemany(
        f"""insert into {table} ({", ".join(columns)}) values ({marks(columns)})
        on conflict ({columns[0]}) do update set session_id = (select s.session_id from sessions s
            where s.session_id in (excluded.session_id, {table}.session_id) order by {FIRST_OPENED} limit 1)
        where session_id <> excluded.session_id""",
        rows,
    )
