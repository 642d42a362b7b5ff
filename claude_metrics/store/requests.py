"""The rows of `token_usage`: each billed request once, whichever transcripts hold a copy of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence

from claude_metrics.models import Copy, Request, merged
from claude_metrics.store.rows import by_key, marks
from claude_metrics.store.touched import Touched, touch

Priced = Callable[[Request], Request]

_REQUEST = ", ".join(Request._fields)
_INSERT_REQUEST = f"insert or replace into token_usage ({_REQUEST}) values ({', '.join('?' * len(Request._fields))})"


def save_requests(connection: sqlite3.Connection, rows: list[Request], priced: Priced, touched: Touched) -> list[Copy]:
    """Insert or complete requests, priced; returns which transcripts share one."""
    known = {row[0]: Request(*row) for row in by_key(connection, _REQUEST, "token_usage", "id", [r.id for r in rows])}
    fresh: dict[int, Request] = {}
    copies: list[Copy] = []
    for row in rows:
        old = fresh.get(row.id) or known.get(row.id)
        new = row if old is None else _united(old, row, copies)
        if new != old:
            fresh[row.id] = priced(new) if new.cost_usd is None else new
            touch(touched, new.session_id, new.timestamp)
    connection.executemany(_INSERT_REQUEST, fresh.values())
    return copies


def _united(old: Request, new: Request, copies: list[Copy]) -> Request:
    """Two sightings of one request. A named owner stands; else both sessions are noted and `ownership` decides."""
    both = merged(old, new)
    if old.session_id != new.session_id:
        copies += [Copy(old.id, old.session_id), Copy(old.id, new.session_id)]
    if new.owner_known and not old.owner_known:
        return both._replace(session_id=new.session_id, owner_known=1, agent_id=new.agent_id)
    if old.session_id == new.session_id and not old.owner_known:
        return both._replace(agent_id=_agent_of(old, new))
    return both


def _agent_of(old: Request, new: Request) -> str | None:
    """A subagent's transcript may begin with a copy of what was there before it: whoever said it first, asked it."""
    return min(old, new, key=lambda row: (row.timestamp, row.agent_id or "")).agent_id


def save_copies(connection: sqlite3.Connection, copies: Iterable[Copy]) -> None:
    """Note which transcripts hold which request or prompt."""
    connection.executemany("insert or ignore into copies (key, session_id) values (?, ?)", copies)


def replace_unlisted(connection: sqlite3.Connection, session_id: str, rows: Sequence[Request]) -> bool:
    """Put `rows` in place of the session's unlisted requests. False where there were none and are none."""
    deleted = connection.execute(
        "delete from token_usage where session_id = ? and kind = 'unlisted'", (session_id,)
    ).rowcount
    connection.executemany(f"insert into token_usage ({_REQUEST}) values ({marks(Request._fields)})", rows)
    return bool(deleted or rows)
