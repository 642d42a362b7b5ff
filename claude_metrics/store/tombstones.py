"""What was purged stays away: hashes of session, request and prompt ids, so that no sync or hook brings them back.

A fork's transcript repeats its parent's lines; with the hash of each request they are passed over there too.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from claude_metrics.models import Batch, SessionFacts, key_of
from claude_metrics.text import session_name

STEP = 500


def session_key(session_id: str) -> int:
    return key_of("purged session", session_id)


def add(connection: sqlite3.Connection, keys: Iterable[int]) -> None:
    connection.executemany("insert or ignore into purged (key) values (?)", ((key,) for key in keys))


def purged_sessions(connection: sqlite3.Connection, session_ids: Iterable[str]) -> set[str]:
    """Those of `session_ids` that were purged."""
    if not _any(connection):
        return set()
    keys = {session_key(session_id): session_id for session_id in session_ids}
    return {keys[key] for key in _stored(connection, keys)}


def forget(connection: sqlite3.Connection, batches: Sequence[Batch]) -> list[Batch]:
    """Take out of `batches` what was purged; those that held nothing else are left out of the list.

    Of such a source not even the cursor may be kept: its path may name the session.
    """
    if not _any(connection):
        return list(batches)
    kept = []
    for batch in batches:
        gone = purged_sessions(connection, _sessions(batch))
        if not gone or not gone >= batch.sessions.keys():
            kept.append(batch)
        keys = {row.id for row in batch.requests} | {row.prompt_id for row in batch.prompts}
        _take(batch, gone, _stored(connection, keys | {copy.key for copy in batch.copies}))
    return kept


def _any(connection: sqlite3.Connection) -> bool:
    """False for nearly everybody, who then need no hash of each session on disk."""
    return connection.execute("select 1 from purged limit 1").fetchone() is not None


def _stored(connection: sqlite3.Connection, keys: Collection[int]) -> set[int]:
    wanted, found = list(keys), set()
    for start in range(0, len(wanted), STEP):
        some = wanted[start : start + STEP]
        marks = ", ".join("?" * len(some))
        found |= {row[0] for row in connection.execute(f"select key from purged where key in ({marks})", some)}
    return found


def _sessions(batch: Batch) -> set[str]:
    rows: tuple[Any, ...] = (
        *batch.requests,
        *batch.tool_calls,
        *batch.prompts,
        *batch.responses,
        *batch.copies,
        *batch.cost_states,
        *batch.process_links,
    )
    named = {session_name(batch.source.session_id)} if batch.source.session_id else set()
    parents = {facts.parent_session_id for facts in batch.sessions.values() if facts.parent_session_id}
    return {*batch.sessions, *named, *parents, *(row.session_id for row in rows)}


def _take(batch: Batch, gone: set[str], keys: set[int]) -> None:
    if not gone and not keys:
        return
    copied = {row.session_id for row in batch.requests if row.id in keys}
    batch.requests = [row for row in batch.requests if row.session_id not in gone and row.id not in keys]
    batch.prompts = [row for row in batch.prompts if row.session_id not in gone and row.prompt_id not in keys]
    batch.tool_calls = [row for row in batch.tool_calls if row.session_id not in gone and row.request_key not in keys]
    batch.responses = [row for row in batch.responses if row.session_id not in gone]
    batch.copies = [row for row in batch.copies if row.session_id not in gone and row.key not in keys]
    batch.cost_states = [row for row in batch.cost_states if row.session_id not in gone]
    batch.process_links = [row for row in batch.process_links if row.session_id not in gone]
    batch.observations = [row for row in batch.observations if row.session_id not in gone]
    batch.agents = [row for row in batch.agents if row.session_id not in gone]
    batch.compactions = [row for row in batch.compactions if row.session_id not in gone]
    batch.api_errors = [row for row in batch.api_errors if row.session_id not in gone]
    batch.git_commands = [row for row in batch.git_commands if row.session_id not in gone]
    batch.sessions = {name: facts for name, facts in batch.sessions.items() if name not in gone}
    batch.cursor = _nameless(batch.cursor, gone)
    for facts in batch.sessions.values():
        if facts.parent_session_id in gone:
            facts.parent_session_id = None
        if facts.session_id in copied:
            _begin_later(batch, facts)


def _nameless(cursor: dict[str, Any], gone: set[str]) -> dict[str, Any]:
    """A fork's cursor remembers whose the open tool calls are."""
    text = json.dumps(cursor)
    for session_id in gone:
        text = text.replace(json.dumps(session_id)[1:-1], f"purged-{session_key(session_id):x}")
    return json.loads(text)  # type: ignore[no-any-return]


def _begin_later(batch: Batch, facts: SessionFacts) -> None:
    """The times of purged lines are not the session's own beginning."""
    times = [row.timestamp for row in batch.requests if row.session_id == facts.session_id]
    times += [row.started_at for row in batch.prompts if row.session_id == facts.session_id]
    facts.first_record_at = min([*times, *([facts.opened_at] if facts.opened_at else [])], default=None)
