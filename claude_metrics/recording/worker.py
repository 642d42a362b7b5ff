"""The detached process: lock, drain the spool, look once more, end. Bounded in time; one transaction a session.

`python -I -m claude_metrics.worker --spool DIR [--db-path FILE]`. An event is deleted only after its rows are
committed; one that keeps failing is set aside with its reason. A database that is locked, damaged or on a full disk
is no event's fault: it is waited for or left to `doctor`, and nothing is counted against what waits.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import sys
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from claude_metrics import clock, config, paths
from claude_metrics.agents import DEFAULT, RECORDED
from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.git.attribution import CommitCache
from claude_metrics.installer import hook_files
from claude_metrics.lock import only_one
from claude_metrics.log import logger, to_file
from claude_metrics.models import Batch, Source
from claude_metrics.recording import current_md, disk, facets, ingest, parallel, spool
from claude_metrics.recording.payload import facts_of, parse
from claude_metrics.store import backup, reprice, tombstones
from claude_metrics.store import connection as database
from claude_metrics.store.recordings import save_recordings
from claude_metrics.text import session_name

CAP_S = 600
LATER_S = 2.0


@dataclass(slots=True)
class Drained:
    recorded: int = 0
    failed: int = 0
    sessions: list[str] = field(default_factory=list)
    stuck: set[Path] = field(default_factory=set)  # recorded, but their files cannot be deleted

    def add(self, more: Drained) -> None:
        self.recorded, self.failed = self.recorded + more.recorded, self.failed + more.failed
        self.sessions, self.stuck = self.sessions + more.sessions, self.stuck | more.stuck


def lock_file(folder: Path) -> Path:
    """In the spool, or where hooks go when that cannot be written."""
    for each in spool.possible_folders(folder):
        with suppress(OSError):
            if os.access(paths.private_dir(each), os.W_OK):
                return each / ".worker.lock"
    return folder / ".worker.lock"


def run(folder: Path, db_path: Path) -> Drained:
    """Drain until nothing waits. Looks again after unlocking, for whoever was turned away at the door."""
    total, deadline = Drained(), time.monotonic() + CAP_S
    while time.monotonic() < deadline:
        with only_one(lock_file(folder)) as first:
            if not first:
                break
            done = drain(folder, db_path, deadline, total.stuck)
        total.add(done)
        if not done.recorded or not waiting(folder, total.stuck):
            break
    return total


def waiting(folder: Path, stuck: Collection[Path]) -> list[spool.Event]:
    """Without those that this run has recorded and could not delete: it would go round for ever."""
    return [event for event in spool.pending(folder) if event.path not in stuck]


def drain(folder: Path, db_path: Path, deadline: float, stuck: Collection[Path] = ()) -> Drained:
    """Record every event that waits now; those whose totals come late are read a second time before they go."""
    events = waiting(folder, stuck)
    if not events:
        return Drained()
    settings = config.lenient()
    connection, done = _open(db_path, settings, deadline), Drained()
    try:
        with database.explained(db_path):
            settings = _reprice(connection, settings)
            late = [event for event in events if _record(event, connection, settings, done, deadline)]
            if late:
                time.sleep(LATER_S)
            for event in late:
                _record(event, connection, settings, done, deadline, last=True)
    finally:
        connection.close()
    return done


def _open(db_path: Path, settings: config.Config, deadline: float) -> sqlite3.Connection:
    while True:
        try:
            return database.connect(db_path, settings.journal_mode)
        except ClaudeMetricsError as error:
            if "locked" not in str(error) or time.monotonic() > deadline - 60:
                raise
            time.sleep(1)


def _reprice(connection: sqlite3.Connection, settings: config.Config) -> config.Config:
    """Prices may have changed since the last time; if that cannot be done now, recording goes first."""
    try:
        return reprice.refresh(connection, settings)
    except Exception as error:
        if database.is_unfit(error) and "locked" not in str(error):
            raise
        logger.exception("the stored requests could not be priced anew")
        return settings


def _record(
    event: spool.Event, connection: sqlite3.Connection, settings: config.Config, done: Drained, deadline: float,
    last: bool = False,
) -> bool:  # fmt: skip
    """Store one event and delete it. True when it has to be read again because its totals come late."""
    raw = spool.read(event) if time.monotonic() < deadline else None
    if raw is None:
        return False
    payload = parse(raw)
    if payload is None:
        _obey(event, settings)
        done.failed += spool.quarantine(event, "the payload is no JSON object with a session_id")
        return False
    try:
        done.sessions.append(_store_patiently(connection, payload, event, settings, deadline))
        done.recorded += 1
    except Exception as error:
        if database.is_unfit(error):
            raise
        logger.exception("%s could not be recorded", event.path.name)
        _obey(event, settings)
        done.failed += spool.note_failure(event, f"{type(error).__name__}: {error}")
        return False
    if payload.get("reason") in RECORDED[event.agent].late_reasons and not last:
        return True
    spool.finish(event)
    if os.path.lexists(event.path):
        done.stuck.add(event.path)
    return False


def _obey(event: spool.Event, settings: config.Config) -> None:
    """`content = "none"` also of what is set aside, perhaps for good."""
    if settings.content == "none":
        spool.reduce(event)


def _store_patiently(
    connection: sqlite3.Connection, payload: Mapping[str, Any], event: spool.Event, settings: config.Config,
    deadline: float,
) -> str:  # fmt: skip
    """Another program's lock may last longer than SQLite waits for it."""
    while True:
        try:
            return store_payload(connection, payload, event.agent, event.received_at, settings)
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline - 60:
                raise
            time.sleep(1)


def store_payload(
    connection: sqlite3.Connection, payload: Mapping[str, Any], agent: str, received_at: str, settings: config.Config
) -> str:
    """Record the session a payload names: its transcripts' new bytes, its commits, and what only the payload says."""
    started, session_id = clock.now(), session_name(RECORDED[agent].session_of(payload))
    if tombstones.purged_sessions(connection, [session_id]):
        return session_id
    known = disk.cursors(connection)
    sources = list(RECORDED[agent].sources_of(payload))
    changed = [source for source in sources if not disk.unchanged(source, known)]
    batches, problems = _read_all(changed, known, settings)
    if problems and len(problems) == len(sources):
        raise ClaudeMetricsError(f"none of the session's files could be read; {problems[0]}")
    facts, commits = facts_of(payload, agent, session_id, received_at), ingest.commits_in(batches, CommitCache())
    outcome = ingest.store(connection, batches, settings, "hook", facts, commits)
    event = str(payload.get("hook_event_name") or "SessionEnd")[:40]
    result = "recorded" if outcome.sessions else "nothing new" if sources else "no transcript"
    unread = "; ".join(problems)[:1000] or None
    save_recordings(
        connection,
        [(session_id, event, received_at, started, clock.now(), outcome.bytes_read, result, unread)],
    )
    _beside(connection, agent, session_id, settings)
    return session_id


def _beside(connection: sqlite3.Connection, agent: str, session_id: str, settings: config.Config) -> None:
    """What comes after the rows are safe; no fault of it costs the event."""
    try:
        facets.pick_up(connection, RECORDED[agent].facet_folders(), settings, [session_id])
        current_md.update(connection, session_id, settings)
    except Exception:
        logger.exception("facets or CURRENT.md of %s", session_id)


def _read_all(sources: Sequence[Source], known: disk.Cursors, settings: config.Config) -> tuple[list[Batch], list[str]]:
    """The batches of what could be read. What could not keeps its cursor, so that the next hook or sync tries again."""
    batches, problems = [], []
    for source in sources:
        seen = known.get(str(source.path))
        read = parallel.read_one(source, seen[3] if seen else None, settings.content)
        if isinstance(read, Batch):
            batches.append(read)
        else:
            logger.warning("%s could not be read: %s", source.path.name, read)
            problems.append(f"{source.path.name}: {read}")
    return batches, problems


def store_file(path: Path, agent: str, db_path: Path) -> None:
    """Store one payload in this process (`--background FILE`)."""
    payload = parse(path.read_bytes()[: spool.LIMIT_BYTES])
    if payload is None:
        raise ClaudeMetricsError(f"not a hook's payload (a JSON object with session_id); {path}; check the file")
    settings = config.lenient()
    connection = database.connect(db_path, settings.journal_mode)
    try:
        store_payload(connection, payload, agent, clock.now(), settings)
    finally:
        connection.close()


def _watchdog() -> None:
    """Whatever hangs, a network mount say, the process ends: the event stays for the next worker."""
    timer = threading.Timer(CAP_S + 60, _end)
    timer.daemon = True
    timer.start()


def _end() -> None:
    """At once, with whatever was started: a git that waits for a network mount."""
    logger.error("still at work after %d s; ended, what waits is left to the next worker", CAP_S + 60)
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            child.kill()
    os._exit(1)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="claude_metrics.worker", description="Record what waits, then end.")
    parser.add_argument("--spool", type=Path, default=None)
    parser.add_argument("--db-path", type=Path, default=None)
    parser.add_argument("--agent", default=DEFAULT, choices=sorted(RECORDED))
    parser.add_argument("--background", type=Path, metavar="FILE", help="store this payload now, in this process")
    options = parser.parse_args(arguments)
    to_file()
    _watchdog()
    os.umask(0o077)
    db_path = options.db_path or paths.database_file()
    try:
        if options.background:
            store_file(options.background, options.agent, db_path)
        else:
            done = run(options.spool or paths.spool_dir(), db_path)
            logger.info("recorded %d, failed %d", done.recorded, done.failed)
            hook_files.refresh_installed()
            backup.daily(db_path)
    except (ClaudeMetricsError, OSError) as error:
        logger.error("%s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
