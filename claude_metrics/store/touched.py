"""The sessions that a transaction touches, each with the earliest time at which something of it changed."""

from __future__ import annotations

Touched = dict[str, str]
FOREVER = "9999"  # something changed that has no time of its own; every time of a row comes before it


def touch(touched: Touched, session_id: str, timestamp: str | None) -> None:
    """Note a change of `session_id` at `timestamp`; of several changes the earliest stands."""
    touched[session_id] = min(touched.get(session_id, FOREVER), timestamp or FOREVER)
