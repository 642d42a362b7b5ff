"""Find what the agents have written and we have not stored, and record it: the door that needs no hook.

Unchanged files are known by their metadata and not opened. Much at once is read by one process per core; this one
writes, in transactions of several files, so that stopping it at any moment loses nothing that was stored.

What reads and stores is imported when there is something to read: a sync that finds nothing new loads none of it.
"""

from __future__ import annotations

import gc
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from claude_metrics import clock, config
from claude_metrics.agents import RECORDED
from claude_metrics.log import logger
from claude_metrics.models import Batch, Source
from claude_metrics.recording import facets
from claude_metrics.recording.disk import Cursors, Found, look
from claude_metrics.store import connection as database
from claude_metrics.store import reprice, upkeep
from claude_metrics.store.recordings import save_recordings
from claude_metrics.store.sources import sessions_on_disk
from claude_metrics.store.transaction import transaction

if TYPE_CHECKING:
    from claude_metrics.git.attribution import CommitCache
    from claude_metrics.recording.ingest import Outcome

FIRST_FILES, FIRST_ROWS = 4, 1000
GROUP_FILES, GROUP_ROWS = 200, 20_000
BULK_ROWS = 100_000
__all__ = ["Found", "Report", "end_killed", "look", "run"]
Progress = Callable[[int], None]


@dataclass(slots=True)
class Report:
    """Sessions found, new, updated, unchanged and failed, and the work it took."""

    found: int = 0
    new: int = 0
    updated: int = 0
    unchanged: int = 0
    failed: int = 0
    bytes_read: int = 0
    rows_written: int = 0
    bad_lines: int = 0
    problems: list[str] = field(default_factory=list)


def run(db_path: Path, found: Found, known: Cursors, progress: Progress = lambda _: None) -> Report:
    """Record all of `found.changed`."""
    settings, report = config.lenient(), Report(failed=len(found.problems), problems=[*found.problems])
    connection = database.connect(db_path, settings.journal_mode)
    touched: set[str] = set()
    created: set[str] = set()
    gc.disable()  # rows hold no cycles, and there are very many of them
    try:
        with database.explained(db_path):
            settings = reprice.refresh(connection, settings)
            for outcome in _stored(connection, found, known, settings, report, progress) if found.changed else ():
                touched.update(outcome.sessions)
                created.update(outcome.created)
                report.bytes_read += outcome.bytes_read
                report.rows_written += outcome.rows_written
                report.bad_lines += outcome.bad_lines
            facets.pick_up(connection, found.facet_folders, settings)
            if report.rows_written > BULK_ROWS:
                upkeep.vacuum(connection)  # keys come in no order and leave pages a third empty
            names = set(sessions_on_disk(connection, [*found.changed, *found.unchanged]).sessions)
    except KeyboardInterrupt as interrupt:
        interrupt.add_note(f"{len(touched)} sessions were recorded and stay stored; run it again for the rest")
        raise
    finally:
        gc.enable()
        connection.close()
    report.found, report.new = len(names | touched), len(created)
    report.updated = len(touched - created)
    report.unchanged = max(0, report.found - report.new - report.updated - report.failed)
    return report


def _stored(
    connection: sqlite3.Connection, found: Found, known: Cursors, settings: config.Config, report: Report,
    progress: Progress,
) -> Iterator[Outcome]:  # fmt: skip
    """Read and store all of `found.changed`; what each transaction did."""
    from claude_metrics.git.attribution import CommitCache

    started, cache = clock.now(), CommitCache()
    for group in _grouped(_readable(found, known, settings.content, report, progress)):
        for stored, outcome in _stored_group(connection, group, settings, cache, report):
            _recordings(connection, stored, started)
            yield outcome


def _stored_group(
    connection: sqlite3.Connection, group: list[Batch], settings: config.Config, cache: CommitCache, report: Report
) -> Iterator[tuple[list[Batch], Outcome]]:
    """The group once it is stored. If it cannot be, each file by itself, so that only the faulty one is left."""
    from claude_metrics.recording import ingest

    try:
        commits = ingest.commits_in(group, cache)
        outcome = ingest.store(connection, group, settings, "sync", commits=commits)
    except Exception as error:
        if database.is_unfit(error):
            raise
        for batch in group if len(group) > 1 else ():
            yield from _stored_group(connection, [batch], settings, cache, report)
        if len(group) == 1:
            _note(report, group[0].source, f"{type(error).__name__}: {error}")
    else:
        yield group, outcome


def _note(report: Report, source: Source, problem: str) -> None:
    report.failed += 1
    report.problems.append(f"{source.path}: {problem}")
    logger.warning("%s could not be recorded: %s", source.path.name, problem)


def end_killed(db_path: Path, agents: Iterable[str]) -> int:
    """Mark sessions whose process is gone as ended; returns how many."""
    dead: set[str] = set()
    for agent in agents:
        try:
            dead |= RECORDED[agent].dead_sessions()
        except Exception:
            logger.exception("the processes of %s could not be looked at", agent)
    if not dead:
        return 0
    from claude_metrics.recording import killed as endings

    settings = config.lenient()
    connection = database.connect(db_path, settings.journal_mode)
    try:
        return endings.mark_killed(connection, dead, settings)
    finally:
        connection.close()


def _recordings(connection: sqlite3.Connection, group: list[Batch], started: str) -> None:
    """One row per session that gave something new."""
    rows: dict[str, tuple[Any, ...]] = {}
    for batch in group:
        for session_id in batch.sessions:
            read = rows.get(session_id, (0,) * 6)[5]
            rows[session_id] = (
                session_id,
                "sync",
                started,
                started,
                clock.now(),
                read + batch.bytes_read,
                "recorded",
                None,
            )
    with transaction(connection):
        save_recordings(connection, rows.values())


def _grouped(batches: Iterable[Batch]) -> Iterator[list[Batch]]:
    """Small at first, so that something is stored soon, and twice as large each time, so that little is done twice."""
    group: list[Batch] = []
    rows, files_limit, rows_limit = 0, FIRST_FILES, FIRST_ROWS
    for batch in batches:
        group.append(batch)
        rows += len(batch.requests) + len(batch.tool_calls)
        if len(group) >= files_limit or rows >= rows_limit:
            yield group
            group, rows = [], 0
            files_limit, rows_limit = min(files_limit * 2, GROUP_FILES), min(rows_limit * 2, GROUP_ROWS)
    if group:
        yield group


def _readable(found: Found, known: Cursors, content: str, report: Report, progress: Progress) -> Iterator[Batch]:
    """The batches of what could be read; the rest is counted and named."""
    from claude_metrics.recording import parallel as reading

    for source, batch in reading.read_all(found.changed, known, content):
        progress(source.size)
        if isinstance(batch, Batch):
            yield batch
        else:
            _note(report, source, batch)
