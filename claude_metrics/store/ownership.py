"""Which session a copied request or prompt belongs to, and which session a fork came from.

A fork repeats its parent's lines. Where the line names the session that made the request (clients since 2.1.328) that
stands; else it belongs to the session that was opened first. `opened_at` is the latest time in the head of the
transcript, up to its first message: a fork's file begins with something of its own before the older copies
(seen in print mode and interactively, 2.1.133 to 2.1.328). It is kept from the first reading.
"""

from __future__ import annotations

import sqlite3

from claude_metrics.store.touched import Touched

IMPORTED = "imported:"  # begins the message id of rows of the predecessor's database, which had no ids
FIRST_OPENED = "coalesce(s.opened_at, s.first_record_at, '9'), coalesce(s.last_record_at, '9'), s.session_id"


def assign(connection: sqlite3.Connection, touched: Touched) -> Touched:
    """Give copies to their owners; returns `touched` with every session that gained or lost rows, and all forks."""
    marks = ", ".join("?" * len(touched))
    connection.execute(_SUPERSEDED.format(marks=marks), [*touched])
    related = [
        r[0] for r in connection.execute(f"select distinct key from copies where session_id in ({marks})", [*touched])
    ]
    for table, key in (("token_usage", "id"), ("turns", "prompt_id")):
        for start in range(0, len(related), 500):
            _resolve(connection, table, key, related[start : start + 500], touched)
    for session_id in _forks(connection, touched):
        touched.setdefault(session_id, "")
    _start_times(connection, list(touched))
    return touched


# The transcript, once it was read, has each request with its id: what stood for it goes.
_SUPERSEDED = f"""delete from token_usage where session_id in ({{marks}}) and message_id glob '{IMPORTED}*'
    and exists (select 1 from token_usage u where u.session_id = token_usage.session_id
        and u.kind = 'message' and u.message_id not glob '{IMPORTED}*')"""


def _resolve(connection: sqlite3.Connection, table: str, key: str, keys: list[int], touched: Touched) -> None:
    marks = ", ".join("?" * len(keys))
    rows = connection.execute(
        f"""select {key}, old, new from (select u.{key}, u.session_id as old, s.session_id as new,
                row_number() over (partition by u.{key} order by {FIRST_OPENED}) as rank
            from {table} u join copies c on c.key = u.{key} join sessions s on s.session_id = c.session_id
            where u.{key} in ({marks}) and not u.owner_known)
        where rank = 1 and old <> new""",
        keys,
    ).fetchall()
    for row_key, old, new in rows:
        unset = ", turn_index = null" if table == "turns" else ""
        connection.execute(f"update {table} set session_id = ?{unset} where {key} = ?", (new, row_key))
        touched[old] = touched[new] = ""
    if table == "token_usage":
        _follow(connection, keys)


def _follow(connection: sqlite3.Connection, keys: list[int]) -> None:
    """A tool call belongs to the session of the request that asked for it."""
    marks = ", ".join("?" * len(keys))
    connection.execute(
        f"""update tool_calls set session_id = u.session_id, turn_index = null from token_usage u
        where u.id = request_key and tool_calls.session_id <> u.session_id
            and u.id in ({marks})
            and tool_calls.session_id in (select session_id from copies where key in ({marks}))""",
        [*keys, *keys],
    )


def _forks(connection: sqlite3.Connection, touched: Touched) -> list[str]:
    """Name the parent of every fork among `touched`: the owner of the last line it copied. Its own forks follow."""
    marks = ", ".join("?" * len(touched))
    rows = connection.execute(
        f"""select c.session_id, u.session_id, max(u.timestamp) from copies c join token_usage u on u.id = c.key
        where c.session_id in ({marks}) and u.session_id <> c.session_id group by 1""",
        [*touched],
    ).fetchall()
    connection.executemany(
        "update sessions set parent_session_id = ?2 where session_id = ?1 and parent_session_id is not ?2",
        [row[:2] for row in rows],
    )
    found = connection.execute(f"select session_id from sessions where parent_session_id in ({marks})", [*touched])
    return [row[0] for row in found]


_COPIED_UNTIL = """(select max(u.timestamp) from copies c join token_usage u on u.id = c.key
    where c.session_id = s.session_id and u.session_id <> s.session_id and not u.owner_known)"""
_FIRST_OWN = """(select min(at) from (select min(timestamp) as at from token_usage u
        where u.session_id = s.session_id and kind = 'message'
    union all select min(started_at) from turns u where u.session_id = s.session_id))"""


def _start_times(connection: sqlite3.Connection, sessions: list[str]) -> None:
    """A fork's file begins with its parent's times; its own beginning is the first thing only it has.

    That is its head where the head is later than what it copied, else its first prompt or request.
    """
    connection.execute(
        f"""update sessions as s set start_time = case
        when forked_at is not null then min(forked_at, iif(opened_at > first_record_at, opened_at, forked_at))
        when {_COPIED_UNTIL} is not null
        then coalesce(iif(opened_at >= {_COPIED_UNTIL}, opened_at, null), {_FIRST_OWN}, opened_at, first_record_at)
        else coalesce(first_record_at, opened_at, {_FIRST_OWN}) end
        where session_id in ({", ".join("?" * len(sessions))})""",
        sessions,
    )
