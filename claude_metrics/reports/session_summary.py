"""What a session came to, as it is stored: texts, lists, and what the agent itself left of it (facets)."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

# The lists of a summary in the order in which they are shown.
HEADINGS = {
    "completed": "Completed", "decisions": "Decisions", "failed_attempts": "Failed attempts",
    "verification_results": "Checks", "next_steps": "Next steps", "files_created": "Files created",
    "files_modified": "Files modified", "investigated": "Investigated",
}  # fmt: skip
# What the agent may have said of the session itself.
FACETS = {"goal": "Goal", "outcome": "Outcome", "friction": "Friction"}


def load(connection: sqlite3.Connection, session_id: str) -> dict[str, Any]:
    """The row of `v_session_summaries` with its lists as lists and `facets` parsed; empty where there is none."""
    row = connection.execute("select * from v_session_summaries where session_id = ?", (session_id,)).fetchone()
    if row is None:
        return {}
    found = dict(row)
    return {name: _parsed(value) if name in HEADINGS or name == "facets" else value for name, value in found.items()}


def _parsed(value: str | None) -> Any:
    """The JSON in `value`; what is none stays as it is."""
    try:
        return json.loads(value) if value else None
    except (ValueError, RecursionError):
        return value
