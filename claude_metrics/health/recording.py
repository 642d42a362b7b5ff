"""Recording: what waits, what failed, what lies on disk unrecorded, what has no price."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from claude_metrics import clock, paths
from claude_metrics.agents import RECORDED
from claude_metrics.agents.base import RecordedAgent, Retention
from claude_metrics.agents.roots import other_folders
from claude_metrics.health.check import Check, Situation, ago, plural
from claude_metrics.lock import owner
from claude_metrics.models import Source
from claude_metrics.recording import disk, spool, sync, worker
from claude_metrics.recording.waiting import LATE_S
from claude_metrics.store import connection as database
from claude_metrics.store.sources import own_session, sessions_on_disk

SOON_DAYS = 7


def waiting(here: Situation) -> Check:
    events = spool.pending(here.spool)
    if not events:
        return Check("spool", "ok", "nothing waits")
    age = time.time() - events[0].received_ns / 1e9
    text = f"{plural(len(events), 'event')} waiting, the oldest for {ago(age)}"
    if age < LATE_S:
        return Check("spool", "ok", text)
    return Check("spool", "warn", text, "run `claude-metrics worker`", lambda: _drain(here))


def _drain(here: Situation) -> str:
    done = worker.run(here.spool, here.db_path)
    return f"{plural(done.recorded, 'event')} recorded, {done.failed} set aside"


def failed(here: Situation) -> Check:
    files = spool.failed(here.spool)
    if not files:
        return Check("failed events", "ok", "none")
    text = f"{plural(len(files), 'event')} set aside in {files[0].parent}: {_reason(files[0])}"
    return Check(
        "failed events",
        "warn",
        text,
        "run `claude-metrics doctor --fix` to try them again",
        lambda: _retry(here, files),
    )


def _reason(file: Path) -> str:
    with contextlib.suppress(OSError, IndexError):
        return file.with_name(file.name + ".reason").read_text(encoding="utf-8").splitlines()[-1][:200]
    return "no reason is written beside it"


def _retry(here: Situation, files: list[Path]) -> str:
    """Back into the queue they came from; what fails again is set aside again."""
    for file in files:
        file.replace(file.parent.parent / file.name)
        file.with_name(file.name + ".reason").unlink(missing_ok=True)
    return _drain(here)


def workers(here: Situation) -> Check:
    noted = owner(worker.lock_file(here.spool))
    if noted is None:
        return Check("worker", "ok", "none is running")
    age = time.time() - float(noted["started"])
    text = f"process {int(noted['pid'])} has been recording for {ago(age)}"
    if age > worker.CAP_S + 120:
        return Check("worker", "warn", text, "it should have ended: look what it waits for, then end it")
    return Check("worker", "ok", text)


# -- what is on disk ------------------------------------------------------------------


def last(here: Situation) -> Check:
    row = _one(here, "select max(finished_at) from recordings")
    if not row or not row[0]:
        return Check("last recording", "warn", "nothing was recorded yet", "run `claude-metrics sync`")
    return Check("last recording", "ok", f"{ago(time.time() - clock.to_seconds(row[0]))} ago")


def coverage(here: Situation) -> Check:
    """Every session on disk against how far its transcripts were read."""
    if problems := disk.list_sources(RECORDED, None, {})[1]:
        return Check("coverage", "fail", problems[0], "correct what it names; the other agents are recorded")
    sessions, missing = _on_disk(here)
    if not missing:
        return Check("coverage", "ok", f"all {plural(len(sessions), 'session')} on disk are recorded")
    late = {id(source) for source in missing}
    count = sum(any(id(source) in late for source in sources) for sources in sessions.values())
    text = f"{plural(count, 'session')} of {len(sessions)} on disk not recorded, or grown since"
    return Check("coverage", "warn", text, "run `claude-metrics sync`", lambda: _sync(here))


def _sync(here: Situation) -> str:
    found, known = sync.look(here.db_path, RECORDED)
    report = sync.run(here.db_path, found, known)
    return f"{report.new} sessions new, {report.updated} updated, {report.failed} failed"


def _on_disk(here: Situation) -> tuple[dict[str, list[Source]], list[Source]]:
    """All sessions, and those of their sources that changed some time ago and were not read to their end since."""
    known = _known(here)
    sources = disk.list_sources(RECORDED, None, known)[0]
    sessions = _sessions(here, sources)
    late = time.time_ns() - LATE_S * 10**9
    kept = [source for held in sessions.values() for source in held]
    return sessions, [source for source in kept if source.mtime_ns < late and not disk.unchanged(source, known)]


def _known(here: Situation) -> disk.Cursors:
    """How far each source was read; nothing without a database."""
    with _readable(here) as connection:
        return disk.cursors(connection) if connection else {}


def _sessions(here: Situation, sources: list[Source]) -> dict[str, list[Source]]:
    """All sessions on disk; without a database they are named by their files."""
    with _readable(here) as connection:
        if connection:
            return sessions_on_disk(connection, sources).sessions
    sessions: dict[str, list[Source]] = {}
    for source in sources:
        sessions.setdefault(own_session(source), []).append(source)
    return sessions


@contextlib.contextmanager
def _readable(here: Situation) -> Iterator[sqlite3.Connection | None]:
    """The database, when there is one with our views."""
    if not here.db_path.exists():
        yield None
        return
    with closing(database.connect_readonly(here.db_path)) as connection:
        has_views = connection.execute("select 1 from sqlite_master where name = 'v_sources'").fetchone()
        yield connection if has_views else None


def profiles(here: Situation) -> Iterator[Check]:
    """Data folders of other accounts that nobody reads."""
    for agent in RECORDED.values():
        read = {os.path.realpath(p) for p in other_folders(agent, here.settings.roots, _known(here))}
        read |= {os.path.realpath(folder) for folder in agent.data_dirs()}
        for folder in agent.profiles():
            if os.path.realpath(folder) not in read:
                remedy = f"run `claude-metrics setup`, or add it to `roots.{agent.name}` in {paths.config_file()}"
                yield Check("profiles", "warn", f"{agent.title} has sessions in {folder}, which are not read", remedy)


def cleanup(here: Situation) -> Iterator[Check]:
    """The agents that delete their transcripts: what is not recorded by then is lost."""
    kept = [(agent, retention) for agent in RECORDED.values() if (retention := agent.retention())]
    missing = _on_disk(here)[1] if kept else []
    for agent, retention in kept:
        yield _cleanup(here, agent, retention, [source for source in missing if source.agent == agent.name])


def _cleanup(here: Situation, agent: RecordedAgent, retention: Retention, missing: list[Source]) -> Check:
    text = f"{agent.title} deletes transcripts after {retention.days} days ({retention.setting})"
    if not missing:
        return Check("cleanup", "ok", f"{text}; none of them is unrecorded")
    limit = time.time_ns() - (retention.days - SOON_DAYS) * 86_400 * 10**9
    soon = sum(source.mtime_ns < limit for source in missing)
    text += f"; {len(missing)} not recorded, {soon} of them go within {SOON_DAYS} days"
    return Check("cleanup", "fail" if soon else "warn", text, "run `claude-metrics sync`", lambda: _sync(here))


# -- what is stored -------------------------------------------------------------------


def unpriced(here: Situation) -> Check:
    rows = _all(
        here,
        """select model, sum(input_tokens + output_tokens + cache_read_tokens + cache_creation_tokens) from token_usage
        where cost_usd is null group by model order by 2 desc""",
    )
    rows = [row for row in rows if row[1]]
    if not rows:
        return Check("prices", "ok", "every stored request has a price")
    names = ", ".join(f"{row[0]} ({row[1]:,} tokens)" for row in rows[:5])
    key = f"'prices.\"{rows[0][0]}\".input'"
    remedy = f"run `claude-metrics config set {key} USD`, the same for output; or update genai-prices"
    return Check("prices", "warn", f"no price is known for {names}", remedy)


def understated(here: Situation) -> Check:
    row = _one(here, "select count(*), sum(understated_tokens) from sessions where understated_tokens > 0")
    if not row or not row[0]:
        return Check("old clients", "ok", "no output tokens are missing")
    text = f"{plural(row[0], 'session')} of clients up to 2.0.64 lack about {row[1]:,} output tokens"
    return Check(
        "old clients", "warn", f"{text}: they did not write them", "update Claude Code; the past cannot be mended"
    )


def _one(here: Situation, sql: str) -> Any:
    return next(iter(_all(here, sql)), None)


def _all(here: Situation, sql: str) -> list[Any]:
    if not here.db_path.exists():
        return []
    with closing(database.connect_readonly(here.db_path)) as connection:
        if not connection.execute("select 1 from sqlite_master where name = 'token_usage'").fetchone():
            return []
        return connection.execute(sql).fetchall()


ALL = (waiting, failed, workers, coverage, profiles, cleanup, last, unpriced, understated)
