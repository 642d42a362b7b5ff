"""Merge another claude-metrics database, as if its transcripts had been read here: facts are merged, totals made anew.

Cursors, price lists and settings stay behind: they are the other machine's. Doing it again changes nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from claude_metrics.config import Config
from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.maintenance.group import GROUP, Group, Row
from claude_metrics.models import Batch, Copy, CostState, Observation, Prompt, Request, SessionFacts, Source, ToolCall
from claude_metrics.recording import ingest
from claude_metrics.redact import redact
from claude_metrics.store import connection as database
from claude_metrics.store import tombstones, writer
from claude_metrics.store.machine import machine_id
from claude_metrics.store.rates import RateBook
from claude_metrics.store.settle import settle
from claude_metrics.store.version import LATEST

Progress = Callable[[int], None]


@dataclass(slots=True)
class Imported:
    """Sessions by what became of them; `lost` ones could not be read from a damaged file."""

    sessions: int = 0
    new: int = 0
    updated: int = 0
    unchanged: int = 0
    requests: int = 0
    lost: list[str] = field(default_factory=list)


def merge(
    connection: sqlite3.Connection,
    other: Path,
    settings: Config,
    progress: Progress = lambda _: None,
    salvage: bool = False,
) -> Imported:
    """Merge the database at `other`. With `salvage` it may be damaged: what cannot be read is left out and named."""
    done = Imported()
    if not is_ours(other):
        return _merge_predecessor(connection, other, settings, progress)
    with closing(_open(other, salvage)) as source:
        ids = _ids(source)
        for start in range(0, len(ids), GROUP):
            _take(connection, source, ids[start : start + GROUP], settings, salvage, done)
            progress(len(ids[start : start + GROUP]))
        _recordings(connection, source, salvage)
    return done


def _take(
    connection: sqlite3.Connection, source: sqlite3.Connection, ids: Sequence[str], settings: Config, salvage: bool,
    done: Imported,
) -> None:  # fmt: skip
    """Read and write some sessions; of a damaged file each by itself where together they make no sense."""
    for group in _readable(source, ids, salvage, done):
        names = [row["session_id"] for row in group.sessions]
        try:
            _write(connection, group, settings, done)
        except (sqlite3.DatabaseError, ValueError, TypeError, OverflowError) as error:
            if not salvage or database.is_unfit(error):
                raise
            for name in names if len(names) > 1 else ():
                _take(connection, source, [name], settings, salvage, done)
            done.lost += names if len(names) == 1 else ()


def _merge_predecessor(connection: sqlite3.Connection, other: Path, settings: Config, progress: Progress) -> Imported:
    from claude_metrics.maintenance import legacy as predecessor

    done = Imported()
    with closing(database.connect_readonly(other)) as source:
        groups = predecessor.groups(source, connection, other)
        for group in groups:
            _write(connection, group, settings, done)
            progress(len(group.sessions))
    return done


def session_count(other: Path) -> int:
    with closing(_open(other)) as source:
        return int(source.execute("select count(*) from sessions").fetchone()[0])


def _open(other: Path, salvage: bool = False) -> sqlite3.Connection:
    source = database.connect_readonly(other)
    version = source.execute("pragma user_version").fetchone()[0]
    if version > LATEST:
        source.close()
        raise ClaudeMetricsError(
            f"the database is of a newer claude-metrics (version {version}, this one knows {LATEST}); {other};"
            " update claude-metrics first"
        )
    if salvage:
        source.execute("pragma cell_size_check = on")
    return source


def is_ours(other: Path) -> bool:
    """A database that this program made, of whatever version, and not its predecessor's."""
    with closing(database.connect_readonly(other)) as source:
        names = {row[0] for row in source.execute("select name from sqlite_master where type = 'table'")}
    return {"sessions", "token_usage", "copies", "meta"} <= names


def _ids(source: sqlite3.Connection) -> list[str]:
    """Parents before their forks, so that owners are known early."""
    return [
        row[0]
        for row in source.execute(
            "select session_id from sessions not indexed order by coalesce(start_time, ''), session_id"
        )
    ]


# -- reading ------------------------------------------------------------------------


def _readable(source: sqlite3.Connection, ids: Sequence[str], salvage: bool, done: Imported) -> Iterator[Group]:
    """The group, or of a damaged file those of its sessions that can be read."""
    try:
        yield _group(source, ids, past_indexes=salvage and len(ids) > 1)
        return
    except (sqlite3.DatabaseError, ValueError, TypeError) as error:
        if not salvage:
            raise ClaudeMetricsError(
                f"the other database cannot be read ({error}); {_file(source)}; mend it with"
                " `claude-metrics doctor --fix --db-path FILE`"
            ) from error
    for session_id in ids if len(ids) > 1 else ():
        yield from _readable(source, [session_id], salvage, done)
    done.lost += ids if len(ids) == 1 else ()


def _file(source: sqlite3.Connection) -> str:
    return str(source.execute("pragma database_list").fetchone()[2])


def _group(source: sqlite3.Connection, ids: Sequence[str], past_indexes: bool) -> Group:
    requests = [_made(Request, row) for row in _rows(source, "token_usage", ids, past_indexes)]
    states = [_made(CostState, row) for row in _rows(source, "cost_states", ids, past_indexes)]
    derived = {state.session_id for state in states}  # their unlisted requests are found anew
    return Group(
        _rows(source, "sessions", ids, past_indexes),
        [row for row in requests if row.kind == "message" or row.session_id not in derived],
        [_made(ToolCall, row) for row in _rows(source, "tool_calls", ids, past_indexes)],
        _rows(source, "turns", ids, past_indexes),
        [_made(Copy, row) for row in _rows(source, "copies", ids, past_indexes)],
        states,
        _rows(source, "commits", ids, past_indexes),
        [
            _made(Observation, row)
            for row in _rows(source, "observations", ids, past_indexes)
            if row.get("tool_call_id")
        ],
        _rows(source, "facets", ids, past_indexes),
    )


def _rows(source: sqlite3.Connection, table: str, ids: Sequence[str], past_indexes: bool) -> list[Row]:
    """Rows by column name; an older database may lack a table."""
    if not source.execute("select 1 from sqlite_master where name = ?", (table,)).fetchone():
        return []
    marks = ", ".join("?" * len(ids))
    try:
        found = source.execute(f"select * from {table} where session_id in ({marks})", [*ids])
        return [dict(row) for row in found]
    except sqlite3.DatabaseError:
        if not past_indexes:
            raise
    wanted = set(ids)
    return [dict(row) for row in source.execute(f"select * from {table}") if row["session_id"] in wanted]


def _made(kind: Any, row: Row) -> Any:
    """A named tuple of the columns that both know."""
    return kind(**{name: row[name] for name in kind._fields if name in row})


# -- writing ------------------------------------------------------------------------


def _write(connection: sqlite3.Connection, group: Group, settings: Config, done: Imported) -> None:
    """One transaction: either all of the group's sessions, with their totals, or nothing."""
    rates = RateBook(connection, settings.prices)
    connection.execute("begin immediate")
    try:
        before = _known(connection, group.sessions)
        batch = _batch(group, before)
        batch.observations = _new_observations(connection, group, before)
        batch = ingest.clean(batch, settings.content)
        kept = bool(tombstones.forget(connection, [batch]))
        if kept and _upsert(connection, group, batch, before, rates, settings):
            connection.execute("commit")
        else:
            connection.execute("rollback")
    except BaseException:
        if connection.in_transaction:
            connection.execute("rollback")
        raise
    _count(before, _known(connection, group.sessions), batch, done)


def _upsert(
    connection: sqlite3.Connection,
    group: Group,
    batch: Batch,
    before: dict[str, Row],
    rates: RateBook,
    settings: Config,
) -> bool:
    """Write the facts, and the totals of all these sessions if anything is new. False: there was nothing."""
    changes = connection.total_changes
    touched = writer.upsert(connection, [batch], _priced(rates, group.requests), "sync")
    changes += len(batch.sessions)  # each session's row is written in any case
    _beside(connection, group, batch, settings.content)
    _commits(connection, [row for row in group.commits if row["session_id"] in batch.sessions], touched)
    if connection.total_changes == changes and _known(connection, group.sessions) == before:
        return False
    settle(connection, touched, rates.bounds, machine_id(connection, settings))
    return True


def _known(connection: sqlite3.Connection, sessions: Sequence[Row]) -> dict[str, Row]:
    """The stored rows of these sessions."""
    ids = [row["session_id"] for row in sessions]
    cursor = connection.execute(f"select * from sessions where session_id in ({', '.join('?' * len(ids))})", ids)
    names = [column[0] for column in cursor.description]
    rows = [dict(zip(names, row, strict=True)) for row in cursor]
    return {row["session_id"]: row for row in rows}


def _priced(rates: RateBook, given: Sequence[Request]) -> writer.Priced:
    """Our price lists; a price that only the other database knew stays."""
    known = {row.id: row.cost_usd for row in given}

    def price(row: Request) -> Request:
        priced = rates.priced(row)
        return row._replace(cost_usd=known.get(row.id)) if priced.cost_usd is None else priced

    return price


def _batch(group: Group, here: dict[str, Row]) -> Batch:
    batch = Batch(Source("import", Path()))
    for row in group.sessions:
        batch.sessions[row["session_id"]] = _facts(row, here.get(row["session_id"]))
    batch.requests = [row._replace(cost_usd=None) for row in group.requests]
    batch.tool_calls, batch.copies, batch.cost_states = group.tool_calls, group.copies, group.cost_states
    batch.prompts = [_made(Prompt, row) for row in group.turns]
    return batch


def _new_observations(connection: sqlite3.Connection, group: Group, here: dict[str, Row]) -> list[Observation]:
    """Those that are not known, or may have been completed since; the rest of them is derived anew."""
    there = {row["session_id"]: row.get("last_record_at") or "" for row in group.sessions}
    later = {name for name, when in there.items() if name in here and when > (here[name]["last_record_at"] or "")}
    marks = ", ".join("?" * len(there))
    known = {
        row[0]
        for row in connection.execute(
            f"select observation_id from observations where session_id in ({marks})", [*there]
        )
    }
    return [row for row in group.observations if row.session_id in later or row.observation_id not in known]


def _facts(row: Row, here: Row | None) -> SessionFacts:
    """What the other database says; where this one has the session up to the same time or later, its word stands."""
    given: dict[str, Any] = {name: row.get(name) for name in SessionFacts.__dataclass_fields__}
    for name, column in RENAMED.items():
        given[name] = row.get(column)
    if here and (here["last_record_at"] or "") >= (row.get("last_record_at") or ""):
        for name in given.keys() - {
            "session_id",
            "agent_type",
            "opened_at",
            "first_record_at",
            "last_record_at",
            "ended_at",
        }:
            if here[RENAMED.get(name, name)] is not None:
                given[name] = None
    return SessionFacts(**given)


RENAMED = {
    "reported_cost_usd": "source_cost_usd",
    "lines_added": "source_lines_added",
    "lines_removed": "source_lines_removed",
}
_FILLED = """update sessions set recorded_by = case when machine_id is null then :recorded_by else recorded_by end,
    machine_id = coalesce(machine_id, :machine_id), project_name = coalesce(project_name, :project_name),
    forked_totals = coalesce(forked_totals, :forked_totals),
    payload_cost_usd = max(coalesce(payload_cost_usd, :payload_cost_usd), coalesce(:payload_cost_usd, payload_cost_usd))
    where session_id = :session_id and (machine_id is null or project_name is null and :project_name is not null
        or forked_totals is null and :forked_totals is not null
        or :payload_cost_usd > coalesce(payload_cost_usd, -1))"""
_ANSWERED = """update turns set response = :response, responded_at = :responded_at,
    response_tokens_estimated = :response_tokens_estimated
    where prompt_id = :prompt_id and (responded_at is null or responded_at < :responded_at)"""


def _beside(connection: sqlite3.Connection, group: Group, batch: Batch, content: str) -> None:
    """What no reader of a transcript writes, or writes in another way."""
    blank = dict.fromkeys(("recorded_by", "machine_id", "project_name", "forked_totals", "payload_cost_usd"))
    sessions = [row for row in group.sessions if row["session_id"] in batch.sessions]
    connection.executemany(_FILLED, [{**blank, **row} for row in sessions])
    kept = {prompt.prompt_id for prompt in batch.prompts}
    answers = [row for row in group.turns if row["prompt_id"] in kept and row.get("responded_at")]
    connection.executemany(_ANSWERED, [_cleaned(row, content, "response") for row in answers])
    if content != "none":
        _facets(connection, group, batch)


def _cleaned(row: Row, content: str, column: str) -> Row:
    return {**row, column: redact(row.get(column)) if content == "redacted" else None}


def _facets(connection: sqlite3.Connection, group: Group, batch: Batch) -> None:
    """Of two, the newer."""
    cleaned = [
        {name: redact(value) if isinstance(value, str) else value for name, value in row.items()}
        for row in group.facets
        if row["session_id"] in batch.sessions
    ]
    if cleaned:
        connection.executemany(_newer_sql(connection, "facets", cleaned[0]), cleaned)


def _newer_sql(connection: sqlite3.Connection, table: str, row: Row) -> str:
    ours = {found[1] for found in connection.execute(f"pragma table_info({table})")}
    names = [name for name in row if name in ours]
    sets = ", ".join(f"{name} = excluded.{name}" for name in names if name != "session_id")
    return (
        f"insert into {table} ({', '.join(names)}) values ({', '.join(f':{name}' for name in names)})"
        f" on conflict (session_id) do update set {sets}"
        f" where coalesce(excluded.updated_at, '') > coalesce({table}.updated_at, '')"
    )


def _commits(connection: sqlite3.Connection, rows: Sequence[Row], touched: writer.Touched) -> None:
    """Whether a commit that is known here can still be reached, this machine's repository says."""
    blank = dict.fromkeys(("message", "author_name", "author_email", "committed_at", "branch", "reachable"))
    for row in rows:
        key = (row["repository"], row["sha"])
        here = connection.execute(
            "select branch, reachable, evidence from commits where repository = ? and sha = ?", key
        ).fetchone()
        evidence = row.get("evidence") or 0
        if here and here[2] is not None and here[2] >= evidence:
            continue
        known = {"branch": here[0], "reachable": here[1]} if here else {}
        counts = dict.fromkeys(("files_changed", "lines_added", "lines_deleted", "attribution"))
        writer.save_commits(
            connection, [SimpleNamespace(**{**blank, **counts, **row, **known, "evidence": evidence})], touched
        )


def _count(before: dict[str, Row], after: dict[str, Row], batch: Batch, done: Imported) -> None:
    done.sessions += len(batch.sessions)
    done.new += len(after.keys() - before.keys())
    changed = [name for name in before if after[name] != before[name]]
    done.updated += len(changed)
    done.unchanged += len(before) - len(changed)
    done.requests += len(batch.requests)


def _recordings(connection: sqlite3.Connection, source: sqlite3.Connection, salvage: bool) -> None:
    """The log of runs; of purged sessions nothing."""
    names = ("session_id", "event", "received_at", "started_at", "finished_at", "bytes_read", "outcome", "error")
    try:
        rows = [tuple(row) for row in source.execute(f"select {', '.join(names)} from recordings order by id")]
    except sqlite3.DatabaseError:
        if not salvage:
            raise
        return
    purged = tombstones.purged_sessions(connection, {row[0] for row in rows if row[0]})
    same = " and ".join(f"{name} is ?{place}" for place, name in enumerate(names, 1))
    connection.execute("begin immediate")
    connection.executemany(
        f"""insert into recordings ({", ".join(names)}) select {", ".join(f"?{n}" for n in range(1, len(names) + 1))}
        where not exists (select 1 from recordings where {same})""",
        [row for row in rows if row[0] not in purged],
    )
    connection.execute("commit")
