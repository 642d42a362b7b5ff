"""The rows of `turns`: each prompt once, whichever transcripts hold a copy of it, with the last answer to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

from claude_metrics.models import Copy, Prompt, Response
from claude_metrics.store.rows import by_key
from claude_metrics.store.touched import Touched, touch

_PROMPT = "prompt_id, session_id, started_at, prompt, prompt_tokens_estimated, owner_known"
_INSERT_PROMPT = f"""insert into turns ({_PROMPT}) values (?, ?, ?, ?, ?, ?) on conflict (prompt_id) do update set
    session_id = excluded.session_id, owner_known = excluded.owner_known, turn_index = null,
    prompt = coalesce(prompt, excluded.prompt)"""


def save_prompts(connection: sqlite3.Connection, rows: list[Prompt], touched: Touched) -> list[Copy]:
    """Insert or complete prompts; returns which transcripts share one."""
    known = {
        row[0]: row
        for row in by_key(
            connection, "prompt_id, session_id, owner_known", "turns", "prompt_id", [p.prompt_id for p in rows]
        )
    }
    fresh: dict[int, Prompt] = {}
    copies: list[Copy] = []
    for row in rows:
        old_session, old_known = (
            (fresh[row.prompt_id][1], fresh[row.prompt_id][5])
            if row.prompt_id in fresh
            else (known.get(row.prompt_id, (0, None, 0))[1:])
        )
        if old_session not in (None, row.session_id):
            copies += [Copy(row.prompt_id, old_session), Copy(row.prompt_id, row.session_id)]
        if old_session is None or (row.owner_known and not old_known):
            fresh[row.prompt_id] = _with_text(row, fresh.get(row.prompt_id))
            touch(touched, row.session_id, row.started_at)
            touch(touched, old_session or row.session_id, row.started_at)
            _touch_turn_before(connection, row, touched)
    connection.executemany(_INSERT_PROMPT, fresh.values())
    return copies


def _touch_turn_before(connection: sqlite3.Connection, row: Prompt, touched: Touched) -> None:
    """A new turn takes what came after its beginning from the turn before it."""
    before = connection.execute(
        "select max(started_at) from turns where session_id = ? and started_at < ?", (row.session_id, row.started_at)
    ).fetchone()
    if before[0]:
        touch(touched, row.session_id, before[0])


def _with_text(row: Prompt, earlier: Prompt | None) -> Prompt:
    return row._replace(prompt=earlier.prompt) if earlier and row.prompt is None else row


_ANSWER = """update turns set response = :response, responded_at = :responded_at,
    response_tokens_estimated = :response_tokens_estimated
    where prompt_id = coalesce(:prompt_id, (select prompt_id from turns
        where session_id = :session_id and started_at <= :responded_at
        order by started_at desc, prompt_id desc limit 1))
    and (responded_at is null or responded_at < :responded_at)"""


def save_responses(connection: sqlite3.Connection, rows: list[Response]) -> None:
    """Keep the latest answer of each turn."""
    connection.executemany(_ANSWER, [row._asdict() for row in rows])


_FILL = """update turns set response = :response, responded_at = :responded_at,
    response_tokens_estimated = :response_tokens_estimated
    where prompt_id = :prompt_id and (responded_at is null or responded_at < :responded_at)"""


def fill_responses(connection: sqlite3.Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Take over the later answers of another database's turns."""
    connection.executemany(_FILL, rows)
