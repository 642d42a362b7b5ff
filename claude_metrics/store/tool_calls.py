"""The rows of `tool_calls`: a result that arrives later completes the row of its call."""

from __future__ import annotations

import sqlite3

from claude_metrics.models import ToolCall
from claude_metrics.store.touched import Touched

_CALL = [c for c in ToolCall._fields if c not in ("tool_call_id", "session_id")]
_SIZES = ("input_bytes", "output_bytes")


def _completed(column: str, new: str) -> str:
    """What a later row adds. Copies of one call may be escaped differently: the larger size stands."""
    if column in _SIZES:
        return f"max(coalesce({column}, {new}), coalesce({new}, {column}))"
    return f"coalesce({new}, {column})"


def _complete(prefix: str) -> tuple[str, str]:
    """The assignments, and the condition that one of them changes something."""
    sets = {column: _completed(column, f"{prefix}{column}") for column in _CALL}
    changes = " or ".join(f"{value} is not {column}" for column, value in sets.items())
    return ", ".join(f"{column} = {value}" for column, value in sets.items()), changes


_SET_CALL, _CALL_DIFFERS = _complete("excluded.")
_UPSERT_CALL = (
    f"insert into tool_calls ({', '.join(ToolCall._fields)}) values ({', '.join('?' * len(ToolCall._fields))})"
    f" on conflict (tool_call_id) do update set {_SET_CALL} where {_CALL_DIFFERS}"
)
_SET_RESULT, _RESULT_DIFFERS = _complete(":")
_COMPLETE_CALL = f"update tool_calls set {_SET_RESULT} where tool_call_id = :tool_call_id and ({_RESULT_DIFFERS})"


def save_tool_calls(connection: sqlite3.Connection, rows: list[ToolCall], touched: Touched) -> None:
    """A result whose call was never seen has nothing to complete and is left out."""
    connection.executemany(_UPSERT_CALL, [row for row in rows if row.tool_name is not None])
    connection.executemany(_COMPLETE_CALL, [row._asdict() for row in rows if row.tool_name is None])
    for row in rows:
        if row.session_id in touched:  # a call that is completed may have begun at any time
            touched[row.session_id] = min(touched[row.session_id], row.timestamp or "")
