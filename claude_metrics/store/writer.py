"""Upsert batches inside the caller's transaction. Every row has a natural key, so writing twice changes nothing."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from claude_metrics import clock
from claude_metrics.models import Batch, Copy, Observation, Prompt, Request, Response, SessionFacts, ToolCall, merged

Priced = Callable[[Request], Request]
Touched = dict[str, str]
FOREVER = "9999"


def upsert(connection: sqlite3.Connection, batches: Sequence[Batch], priced: Priced, recorded_by: str) -> Touched:
    """Write all facts of `batches`; returns each session they touch with the earliest time that changed."""
    touched: Touched = {}
    for batch in batches:
        _sessions(connection, batch, recorded_by, touched)
    copies = [copy for batch in batches for copy in batch.copies]
    copies += _requests(connection, [r for b in batches for r in b.requests], priced, touched)
    copies += _prompts(connection, [p for b in batches for p in b.prompts], touched)
    connection.executemany("insert or ignore into copies (key, session_id) values (?, ?)", copies)
    _tool_calls(connection, [t for b in batches for t in b.tool_calls], touched)
    observe(connection, [o for b in batches for o in b.observations])
    _cost_states(connection, batches, touched)
    _responses(connection, [r for b in batches for r in b.responses])
    return touched


def _touch(touched: Touched, session_id: str, moment: str | None) -> None:
    touched[session_id] = min(touched.get(session_id, FOREVER), moment or FOREVER)


# -- sessions ------------------------------------------------------------------

_EARLIEST, _LATEST = ("first_record_at",), ("last_record_at", "ended_at")
_KEPT = ("opened_at", "project_path", "parent_session_id", "agent_type")
_NEWEST = (
    "forked_at",
    "agent_version", "end_reason", "permission_mode", "git_branch", "git_remote_url", "title", "summary",
    "total_duration_ms", "total_api_duration_ms", "source_lines_added", "source_lines_removed", "source_cost_usd",
)  # fmt: skip
_COLUMNS = ("session_id", *_EARLIEST, *_LATEST, *_KEPT, *_NEWEST, "recorded_by")


def _merge_sql() -> str:
    sets = [f"{c} = min(coalesce({c}, excluded.{c}), coalesce(excluded.{c}, {c}))" for c in _EARLIEST]
    sets += [f"{c} = max(coalesce({c}, excluded.{c}), coalesce(excluded.{c}, {c}))" for c in _LATEST]
    sets += [f"{c} = coalesce({c}, excluded.{c})" for c in _KEPT]
    sets += [f"{c} = coalesce(excluded.{c}, {c})" for c in _NEWEST]
    marks = ", ".join("?" * len(_COLUMNS))
    return (
        f"insert into sessions ({', '.join(_COLUMNS)}) values ({marks})"
        f" on conflict (session_id) do update set {', '.join(sets)}"
    )


_UPSERT_SESSION = _merge_sql()


def upsert_session(connection: sqlite3.Connection, facts: SessionFacts, recorded_by: str) -> None:
    """The earliest beginning, the latest end, the first project, the newest of everything else."""
    renamed = {
        "source_lines_added": facts.lines_added,
        "source_lines_removed": facts.lines_removed,
        "source_cost_usd": facts.reported_cost_usd,
        "recorded_by": recorded_by,
    }
    row = [renamed[c] if c in renamed else getattr(facts, c) for c in _COLUMNS]
    connection.execute(_UPSERT_SESSION, row)


def _sessions(connection: sqlite3.Connection, batch: Batch, recorded_by: str, touched: Touched) -> None:
    for facts in batch.sessions.values():
        upsert_session(connection, facts, recorded_by)
        _touch(touched, facts.session_id, None)


# -- requests and prompts: one row each, whoever holds a copy ----------------------

_REQUEST = ", ".join(Request._fields)
_INSERT_REQUEST = f"insert or replace into token_usage ({_REQUEST}) values ({', '.join('?' * len(Request._fields))})"


def _requests(connection: sqlite3.Connection, rows: list[Request], priced: Priced, touched: Touched) -> list[Copy]:
    known = {row[0]: Request(*row) for row in _by_key(connection, _REQUEST, "token_usage", "id", [r.id for r in rows])}
    fresh: dict[int, Request] = {}
    copies: list[Copy] = []
    for row in rows:
        old = fresh.get(row.id) or known.get(row.id)
        new = row if old is None else _united(old, row, copies)
        if new != old:
            fresh[row.id] = priced(new) if new.cost_usd is None else new
            _touch(touched, new.session_id, new.timestamp)
    connection.executemany(_INSERT_REQUEST, fresh.values())
    return copies


def _united(old: Request, new: Request, copies: list[Copy]) -> Request:
    """Two sightings of one request. A named owner stands; else both sessions are noted and `settle` decides."""
    both = merged(old, new)
    if old.session_id != new.session_id:
        copies += [Copy(old.id, old.session_id), Copy(old.id, new.session_id)]
    if new.owner_known and not old.owner_known:
        both = both._replace(session_id=new.session_id, owner_known=1, agent_id=new.agent_id)
    return both


_PROMPT = "prompt_id, session_id, started_at, prompt, prompt_tokens_estimated, owner_known"
_INSERT_PROMPT = f"""insert into turns ({_PROMPT}) values (?, ?, ?, ?, ?, ?) on conflict (prompt_id) do update set
    session_id = excluded.session_id, owner_known = excluded.owner_known, turn_index = null,
    prompt = coalesce(prompt, excluded.prompt)"""


def _prompts(connection: sqlite3.Connection, rows: list[Prompt], touched: Touched) -> list[Copy]:
    known = {row[0]: row for row in _by_key(connection, "prompt_id, session_id, owner_known", "turns", "prompt_id",
                                            [p.prompt_id for p in rows])}  # fmt: skip
    fresh: dict[int, Prompt] = {}
    copies: list[Copy] = []
    for row in rows:
        old_session, old_known = (fresh[row.prompt_id][1], fresh[row.prompt_id][5]) if row.prompt_id in fresh else (
            known.get(row.prompt_id, (0, None, 0))[1:])  # fmt: skip
        if old_session not in (None, row.session_id):
            copies += [Copy(row.prompt_id, old_session), Copy(row.prompt_id, row.session_id)]
        if old_session is None or (row.owner_known and not old_known):
            fresh[row.prompt_id] = _with_text(row, fresh.get(row.prompt_id))
            _touch(touched, row.session_id, row.started_at)
            _touch(touched, old_session or row.session_id, row.started_at)
    connection.executemany(_INSERT_PROMPT, fresh.values())
    return copies


def _with_text(row: Prompt, earlier: Prompt | None) -> Prompt:
    return row._replace(prompt=earlier.prompt) if earlier and row.prompt is None else row


def _by_key(
    connection: sqlite3.Connection, columns: str, table: str, key: str, keys: Sequence[object]
) -> Iterator[tuple[Any, ...]]:
    for start in range(0, len(keys), 500):
        some = keys[start : start + 500]
        yield from connection.execute(
            f"select {columns} from {table} where {key} in ({', '.join('?' * len(some))})", some
        )


# -- tool calls, answers, cost states -----------------------------------------------

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


def _tool_calls(connection: sqlite3.Connection, rows: list[ToolCall], touched: Touched) -> None:
    """A result whose call was never seen has nothing to complete and is left out."""
    connection.executemany(_UPSERT_CALL, [row for row in rows if row.tool_name is not None])
    connection.executemany(_COMPLETE_CALL, [row._asdict() for row in rows if row.tool_name is None])
    for row in rows:
        if row.session_id in touched:  # a call that is completed may have begun at any time
            touched[row.session_id] = min(touched[row.session_id], row.timestamp or "")


_SAID = [c for c in Observation._fields if c not in ("observation_id", "session_id")]
_OBSERVE = (
    f"insert into observations ({', '.join(Observation._fields)}) select :observation_id, s.session_id,"
    f" {', '.join(f':{c}' for c in _SAID)} from sessions s where s.session_id = case when :tool_call_id is null"
    " then :session_id else (select c.session_id from tool_calls c where c.tool_call_id = :tool_call_id) end"
    f" on conflict (observation_id) do update set {', '.join(f'{c} = coalesce(excluded.{c}, {c})' for c in _SAID)}"
    f" where {' or '.join(f'coalesce(excluded.{c}, {c}) is not {c}' for c in _SAID)}"
)


def observe(connection: sqlite3.Connection, rows: Iterable[Observation]) -> None:
    """What was seen of a tool call belongs to whoever the call belongs to; without the call it is left out."""
    connection.executemany(_OBSERVE, (row._asdict() for row in rows))


_ANSWER = """update turns set response = :response, responded_at = :responded_at,
    response_tokens_estimated = :response_tokens_estimated
    where prompt_id = coalesce(:prompt_id, (select prompt_id from turns
        where session_id = :session_id and started_at <= :responded_at
        order by started_at desc, prompt_id desc limit 1))
    and (responded_at is null or responded_at < :responded_at)"""


def _responses(connection: sqlite3.Connection, rows: list[Response]) -> None:
    connection.executemany(_ANSWER, [row._asdict() for row in rows])


def _cost_states(connection: sqlite3.Connection, batches: Sequence[Batch], touched: Touched) -> None:
    rows = [state for batch in batches for state in batch.cost_states]
    connection.executemany(f"insert or ignore into cost_states values ({', '.join('?' * 10)})", rows)
    for state in rows:
        _touch(touched, state.session_id, None)


# -- how far each source was read, and what a run did ---------------------------------


def save_cursor(connection: sqlite3.Connection, batch: Batch) -> None:
    """Rows and cursor are one transaction: what is stored is behind the cursor, what is not is before it."""
    source = batch.source
    connection.execute(
        "insert or replace into sources values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            str(source.path), source.agent, _only_session(batch) or source.session_id, source.size, source.mtime_ns,
            source.inode,
            json.dumps(batch.cursor, separators=(",", ":")), batch.bad_lines,
            json.dumps(batch.unknown) if batch.unknown else None, clock.now(),
        ),
    )  # fmt: skip


def _only_session(batch: Batch) -> str | None:
    """The session whose file this turned out to be: not every agent names it in the path."""
    return next(iter(batch.sessions)) if len(batch.sessions) == 1 else None


_AGAIN = """update recordings set finished_at = ?5, bytes_read = bytes_read + ?6,
    outcome = case outcome when 'recorded' then outcome else ?7 end, error = coalesce(?8, error)
    where session_id = ?1 and event = ?2 and received_at = ?3"""
_RECORDING = (
    "insert into recordings (session_id, event, received_at, started_at, finished_at, bytes_read, outcome, error)"
    " values (?, ?, ?, ?, ?, ?, ?, ?)"
)


def save_recordings(connection: sqlite3.Connection, rows: Iterable[tuple[object, ...]]) -> None:
    """`(session_id, event, received_at, started_at, finished_at, bytes_read, outcome, error)`.

    An event that is read twice, because its worker was killed before deleting it, stays one row.
    """
    for row in rows:
        if not connection.execute(_AGAIN, row).rowcount:
            connection.execute(_RECORDING, row)


_COMMIT = (
    "repository", "sha", "session_id", "message", "author_name", "author_email", "committed_at", "branch",
    "files_changed", "lines_added", "lines_deleted", "attribution", "reachable", "evidence",
)  # fmt: skip
_UPSERT_COMMIT = f"""insert into commits ({", ".join(_COMMIT)}) values ({", ".join(f":{c}" for c in _COMMIT)})
    on conflict (repository, sha) do update set reachable = excluded.reachable, branch = excluded.branch,
        session_id = case when {{stronger}} then excluded.session_id else session_id end,
        attribution = case when {{stronger}} then excluded.attribution else attribution end,
        evidence = max(evidence, excluded.evidence)""".format(
    stronger="excluded.evidence > evidence or excluded.evidence = evidence and excluded.session_id < session_id"
)


def save_commits(connection: sqlite3.Connection, commits: Iterable[Any], touched: Touched) -> None:
    """A commit counts for one session: the one with the stronger evidence, else the one whose id sorts first."""
    for commit in commits:
        before = connection.execute(
            "select session_id from commits where repository = ? and sha = ?", (commit.repository, commit.sha)
        ).fetchone()
        connection.execute(_UPSERT_COMMIT, {c: getattr(commit, c) for c in _COMMIT})
        for session_id in {commit.session_id, *(before or ())}:
            _touch(touched, session_id, None)


def save_payload(connection: sqlite3.Connection, session_id: str, cost_usd: float) -> None:
    """The cost that an older set-up's hook was given; it never falls."""
    connection.execute(
        "update sessions set payload_cost_usd = max(coalesce(payload_cost_usd, 0), ?) where session_id = ?",
        (cost_usd, session_id),
    )
