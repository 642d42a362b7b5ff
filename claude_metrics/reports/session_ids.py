"""Session ids as people type them: any beginning that only one session has."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from itertools import pairwise

from claude_metrics.errors import ClaudeMetricsError

LEAST = 8
SHOWN = 5


def shortened(ids: Iterable[str]) -> dict[str, str]:
    """Each id by its shortest unique beginning, at least `LEAST` characters."""
    names = sorted(ids)
    shared = [_shared(*pair) for pair in pairwise(names)]
    needed = [max(before, after) + 1 for before, after in zip([0, *shared], [*shared, 0], strict=False)]
    return {name: name[: max(LEAST, length)] for name, length in zip(names, needed, strict=False)}


def _shared(one: str, two: str) -> int:
    """How many characters both begin with."""
    return next((i for i, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))


def all_shortened(connection: sqlite3.Connection) -> dict[str, str]:
    return shortened(row[0] for row in connection.execute("select session_id from v_sessions"))


def find(connection: sqlite3.Connection, prefix: str) -> str:
    """The session whose id begins with `prefix`. Raises ClaudeMetricsError that names the candidates."""
    sql = "select session_id from v_sessions where substr(session_id, 1, ?) = ? order by start_time desc"
    ids = [row[0] for row in connection.execute(sql, (len(prefix), prefix))] if prefix else []
    if prefix in ids:
        return prefix
    if not ids:
        raise ClaudeMetricsError(f"no session begins with `{prefix}`; {_latest(connection)}")
    if len(ids) > 1:
        raise ClaudeMetricsError(f"`{prefix}` could be {_listed(ids)}; session ID; type more of it")
    return str(ids[0])


def _latest(connection: sqlite3.Connection) -> str:
    rows = connection.execute(f"select session_id from v_sessions order by start_time desc limit {SHOWN}")
    latest = [row[0] for row in rows]
    if not latest:
        return "no session is stored at all; run `claude-metrics sync` first"
    return f"session ID; the latest sessions are {_listed(latest)}"


def _listed(ids: list[str]) -> str:
    more = f" and {len(ids) - SHOWN} more" if len(ids) > SHOWN else ""
    return ", ".join(ids[:SHOWN]) + more
