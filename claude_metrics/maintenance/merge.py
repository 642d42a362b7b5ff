"""Merge another claude-metrics database, as if its transcripts had been read here: facts are merged, totals made anew.

Cursors, price lists and settings stay behind: they are the other machine's. Doing it again changes nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from types import SimpleNamespace

from claude_metrics.config import Config
from claude_metrics.maintenance import other_database
from claude_metrics.maintenance.group import GROUP, Group, Row
from claude_metrics.maintenance.group_batch import batch_of, new_observations, priced
from claude_metrics.maintenance.imported import Imported
from claude_metrics.models import Batch, Evidence
from claude_metrics.recording import content
from claude_metrics.redact import redact
from claude_metrics.store import connection as database
from claude_metrics.store import facets, recordings, sessions, tombstones, turns, writer
from claude_metrics.store.commits import save_commits
from claude_metrics.store.derive import derive
from claude_metrics.store.machine import machine_id
from claude_metrics.store.rates import RateBook
from claude_metrics.store.touched import Touched
from claude_metrics.store.transaction import transaction

Progress = Callable[[int], None]


class _NothingNewError(Exception):
    """Everything in the group is stored already: the transaction is rolled back."""


def merge(
    connection: sqlite3.Connection,
    other: Path,
    settings: Config,
    progress: Progress = lambda _: None,
    salvage: bool = False,
) -> Imported:
    """Merge the database at `other`. With `salvage` it may be damaged: what cannot be read is left out and named."""
    done = Imported()
    if not other_database.is_ours(other):
        return _merge_predecessor(connection, other, settings, progress)
    with closing(other_database.connect(other, salvage)) as source:
        ids = other_database.session_ids(source)
        for start in range(0, len(ids), GROUP):
            _take(connection, source, ids[start : start + GROUP], settings, salvage, done)
            progress(len(ids[start : start + GROUP]))
        _recordings(connection, source, salvage)
    return done


def _take(
    connection: sqlite3.Connection,
    source: sqlite3.Connection,
    ids: Sequence[str],
    settings: Config,
    salvage: bool,
    done: Imported,
) -> None:
    """Read and write some sessions; of a damaged file each by itself where they cannot be written together."""
    for group in other_database.groups(source, ids, salvage, done.lost):
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
    from claude_metrics.maintenance import legacy

    done = Imported()
    with closing(database.connect_readonly(other)) as source:
        groups = legacy.groups(source, connection, other)
        for group in groups:
            _write(connection, group, settings, done)
            progress(len(group.sessions))
    return done


# -- writing ------------------------------------------------------------------------


def _write(connection: sqlite3.Connection, group: Group, settings: Config, done: Imported) -> None:
    """One transaction: either all of the group's sessions, with their totals, or nothing."""
    with suppress(_NothingNewError), transaction(connection):
        before = _stored(connection, group.sessions)
        batch = batch_of(group, before)
        batch.observations = new_observations(connection, group, before)
        content.clean(batch, settings.content)
        if not tombstones.forget(connection, [batch]):
            raise _NothingNewError
        _upsert(connection, group, batch, before, settings)
    done.count(before, _stored(connection, group.sessions), batch)


def _upsert(
    connection: sqlite3.Connection, group: Group, batch: Batch, before: dict[str, Row], settings: Config
) -> None:
    """Write the facts, and the totals of all these sessions if anything is new."""
    changes = connection.total_changes + len(batch.sessions)  # each session's row is written in any case
    rates = RateBook(connection, settings.prices)
    touched = writer.upsert(connection, [batch], priced(rates, group.requests), "sync")
    _beside(connection, group, batch, settings.content)
    _commits(connection, [row for row in group.commits if row["session_id"] in batch.sessions], touched)
    if connection.total_changes == changes and _stored(connection, group.sessions) == before:
        raise _NothingNewError
    derive(connection, touched, rates.bounds, machine_id(connection, settings))


def _stored(connection: sqlite3.Connection, sessions: Sequence[Row]) -> dict[str, Row]:
    """The stored rows of these sessions."""
    ids = [row["session_id"] for row in sessions]
    cursor = connection.execute(f"select * from sessions where session_id in ({', '.join('?' * len(ids))})", ids)
    names = [column[0] for column in cursor.description]
    rows = [dict(zip(names, row, strict=True)) for row in cursor]
    return {row["session_id"]: row for row in rows}


def _beside(connection: sqlite3.Connection, group: Group, batch: Batch, policy: str) -> None:
    """Write what no reader of a transcript writes, or writes in another way."""
    sessions.fill(connection, [row for row in group.sessions if row["session_id"] in batch.sessions])
    keep, kept = content.keeper(policy), {prompt.prompt_id for prompt in batch.prompts}
    answers = [row for row in group.turns if row["prompt_id"] in kept and row.get("responded_at")]
    turns.fill_responses(connection, [{**row, "response": keep(row.get("response"))} for row in answers])
    if policy != "none":
        rows = [row for row in group.facets if row["session_id"] in batch.sessions]
        facets.save_newer(connection, map(_redacted, rows))


def _redacted(row: Row) -> Row:
    return {name: redact(value) if isinstance(value, str) else value for name, value in row.items()}


def _commits(connection: sqlite3.Connection, rows: Sequence[Row], touched: Touched) -> None:
    """Write commits; whether one that is stored can still be reached, this machine's repository knows better."""
    blank = dict.fromkeys(("message", "author_name", "author_email", "committed_at", "branch", "reachable"))
    for row in rows:
        key = (row["repository"], row["sha"])
        stored = connection.execute(
            "select branch, reachable, evidence from commits where repository = ? and sha = ?", key
        ).fetchone()
        evidence = Evidence(row.get("evidence") or 0)
        ours = Evidence(stored[2]) if stored and stored[2] is not None else None
        contested = {ours, evidence} <= {Evidence.CALL, Evidence.SHARED}
        if ours is not None and ours.strength >= evidence.strength and not contested:
            continue
        known = {"branch": stored[0], "reachable": stored[1]} if stored else {}
        counts = dict.fromkeys(("files_changed", "lines_added", "lines_deleted", "attribution", "tool_call_id"))
        save_commits(
            connection, [SimpleNamespace(**{**blank, **counts, **row, **known, "evidence": evidence})], touched
        )


def _recordings(connection: sqlite3.Connection, source: sqlite3.Connection, salvage: bool) -> None:
    """The log of runs; of purged sessions nothing."""
    rows = other_database.recordings(source, salvage)
    purged = tombstones.purged_sessions(connection, {row[0] for row in rows if row[0]})
    with transaction(connection):
        recordings.add_missing(connection, [row for row in rows if row[0] not in purged])
