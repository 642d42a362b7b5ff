"""THE pipeline: sources -> batches -> content policy -> cost -> store, rows and cursors in one transaction.

Hook, sync and watch are three doors to this room.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from claude_metrics.agents import RECORDED
from claude_metrics.config import Config
from claude_metrics.git.attribution import CommitCache, CommitReport, WorkWindow, commits_of
from claude_metrics.models import Batch, SessionFacts, Source
from claude_metrics.recording.content import clean
from claude_metrics.redact import redact
from claude_metrics.store import budgets, sessions, tombstones, writer
from claude_metrics.store.commits import save_commits
from claude_metrics.store.derive import derive
from claude_metrics.store.machine import machine_id
from claude_metrics.store.rates import RateBook
from claude_metrics.store.sources import save_cursor
from claude_metrics.store.touched import FOREVER, Touched
from claude_metrics.store.transaction import transaction


@dataclass(frozen=True, slots=True)
class Payload:
    """What a hook's payload says of a session, beside its transcript."""

    facts: SessionFacts
    cost_usd: float | None = None


@dataclass(slots=True)
class Outcome:
    """What one transaction did; work is counted so that tests can hold it down."""

    sessions: list[str] = field(default_factory=list)
    created: list[str] = field(default_factory=list)
    bytes_read: int = 0
    rows_written: int = 0
    bad_lines: int = 0


# -- reading: pure, may run in another process ------------------------------------


def read(source: Source, cursor: str | None, content: str) -> Batch:
    """One source's new rows, with the content policy applied before they go anywhere."""
    batch = RECORDED[source.agent].read(source, json.loads(cursor) if cursor else None)
    return clean(batch, content)


# -- writing ------------------------------------------------------------------------


def store(
    connection: sqlite3.Connection,
    batches: Sequence[Batch],
    config: Config,
    recorded_by: str,
    payload: Payload | None = None,
    commits: CommitReport | None = None,
) -> Outcome:
    """Write batches, and what a hook's payload and the repositories add, with their cursors in one transaction."""
    before = connection.total_changes
    rates = RateBook(connection, config.prices)
    with transaction(connection):
        batches = tombstones.forget(connection, batches)
        known = {row[0] for row in connection.execute("select session_id from sessions")}
        worth = [batch for batch in batches if _worth(batch, known)]
        kept = {id(batch) for batch in worth}
        touched = writer.upsert(connection, worth, rates.priced, recorded_by)
        if payload:
            _payload(connection, payload, recorded_by, touched)
        if commits:
            _commits(connection, commits, worth, touched)
        touched = derive(connection, touched, rates.bounds, machine_id(connection, config))
        budgets.save(connection, config)
        for batch in batches:
            save_cursor(connection, batch if id(batch) in kept else _unread(batch))
    return Outcome(
        sorted(touched),
        sorted(touched.keys() - known),
        sum(b.bytes_read for b in batches),
        connection.total_changes - before,
        sum(b.bad_lines for b in batches),
    )


def _payload(connection: sqlite3.Connection, payload: Payload, recorded_by: str, touched: Touched) -> None:
    """What only the hook knows. Without a transcript a session is kept only if the payload brought its cost."""
    facts, stored = payload.facts, payload.facts.session_id
    found = connection.execute("select 1 from sessions where session_id = ?", (stored,)).fetchone()
    if not found and (payload.cost_usd is None or tombstones.purged_sessions(connection, [stored])):
        return
    sessions.upsert_session(connection, facts, recorded_by)
    if payload.cost_usd is not None:
        sessions.save_reported_cost(connection, stored, payload.cost_usd)
    touched.setdefault(stored, FOREVER)


def _commits(connection: sqlite3.Connection, report: CommitReport, batches: Sequence[Batch], touched: Touched) -> None:
    known = {row[0] for row in connection.execute("select session_id from sessions")}
    own = [replace(c, message=redact(c.message) or "") for c in report.commits if c.session_id in known]
    save_commits(connection, own, touched)
    for facts in (facts for batch in batches for facts in batch.sessions.values()):
        if tree := report.worktrees.get(facts.project_path or ""):
            sessions.save_worktree(connection, facts.session_id, *tree)
        url = report.remote_urls.get(facts.project_path or "")
        if url:
            sessions.save_remote_url(connection, facts.session_id, url)


def commits_in(batches: Sequence[Batch], cache: CommitCache) -> CommitReport:
    """The commits made while the batches' new records were written, in the directories they name."""
    commands = [command for batch in batches for command in batch.git_commands]
    found = CommitReport([], {}, [])
    for session_id, window in _windows(batches).items():
        own = [c for c in commands if c.session_id == session_id]
        report = commits_of(window, own, cache)
        found.commits.extend(report.commits)
        found.remote_urls.update(report.remote_urls)
        found.worktrees.update(report.worktrees)
        found.problems.extend(report.problems)
    return found


def _windows(batches: Sequence[Batch]) -> dict[str, WorkWindow]:
    windows: dict[str, WorkWindow] = {}
    for batch in batches:
        for facts in batch.sessions.values():
            start, end = batch.since or facts.first_record_at, facts.last_record_at
            if start and end and batch.cwds:
                old = windows.get(facts.session_id, WorkWindow(facts.session_id, (), start, end))
                cwds = tuple(dict.fromkeys([*old.cwds, *batch.cwds]))
                windows[facts.session_id] = WorkWindow(facts.session_id, cwds, min(old.start, start), max(old.end, end))
    return windows


def _worth(batch: Batch, known: set[str]) -> bool:
    """A file without a prompt or request is no session yet; one that is stored already may gain a title."""
    facts = batch.requests or batch.prompts or batch.tool_calls
    return bool(facts) or any(session_id in known for session_id in batch.sessions)


def _unread(batch: Batch) -> Batch:
    return Batch(batch.source, bytes_read=batch.bytes_read)
