"""Fire the installed hook as the agent does, with a session made up for it, and wait until it is in the database.

Nothing of it stays: its rows, its events and its transcript are removed again, whatever happens.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from claude_metrics import paths
from claude_metrics.agents import RECORDED
from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.health import hooks
from claude_metrics.health.check import Check, Situation
from claude_metrics.installer import install
from claude_metrics.installer.command import event_set_of, line_of
from claude_metrics.maintenance import leftovers
from claude_metrics.paths import work
from claude_metrics.store import connection as database

HOOK_S = 10.0
RECORDED_S = 30.0
POLL_S = 0.05
SLOW_S = 0.75  # half of what the agent gives all hooks together by default


@dataclass(frozen=True)
class Trial:
    """A made-up session and where the hook will have put it."""

    agent: str
    words: list[str]
    session_id: str
    folder: Path
    db_path: Path
    spool: Path


def fire(here: Situation) -> Iterator[Check]:
    """One check per distinct command of ours that is installed."""
    for agent in hooks.recorders():
        if agent in RECORDED:
            for words in hooks.installed(agent):
                yield _fired(here, agent, words)


def _fired(here: Situation, agent: str, words: list[str]) -> Check:
    name = f"end to end {agent}"
    if any(row.state in ("outdated", "unreadable") for row in install.status(agent, db_path=hooks.named(here.db_path))):
        return Check(
            name, "warn", "not tried: the hook is outdated", f"run `claude-metrics hook install --agent {agent}`"
        )
    if event_set_of(line_of(words)) != "recorder":
        return Check(
            name, "warn", "not tried: the command is not ours alone", "look at it with `claude-metrics hook status`"
        )
    try:
        with _trial(agent, words) as trial:
            return _result(name, trial)
    except (OSError, sqlite3.Error, ClaudeMetricsError) as error:
        return Check(name, "fail", f"could not be tried: {error}", "see the other lines")


def _result(name: str, trial: Trial) -> Check:
    began = time.monotonic()
    try:
        code, errors = _shoot(trial)
    except subprocess.TimeoutExpired:
        return Check(name, "fail", f"the hook did not end within {HOOK_S:.0f} s", "run its command by hand")
    took = time.monotonic() - began
    if code or errors.strip():
        said = errors.decode("utf-8", "replace").strip().splitlines()[-1:] or [f"exit {code}"]
        return Check(name, "fail", f"the hook failed: {said[0][:200]}", "run its command by hand")
    if not _appears(trial):
        return Check(
            name, "fail", f"nothing was recorded within {RECORDED_S:.0f} s", f"see the end of {paths.log_file()}"
        )
    text = f"the hook took {took * 1000:.0f} ms, the session was stored after {time.monotonic() - began:.1f} s"
    slow = took > SLOW_S
    return Check(name, "warn", text, "the machine is busy, or its disk slow") if slow else Check(name, "ok", text)


def _shoot(trial: Trial) -> tuple[int, bytes]:
    """Exit code and stderr of the hook, started as the agent does; one that hangs is ended with all it started."""
    shell = ["/bin/sh", "-c", line_of(trial.words)] if os.name != "nt" else trial.words
    pipe = subprocess.PIPE
    with subprocess.Popen(
        shell, cwd=trial.folder, start_new_session=True, stdin=pipe, stdout=pipe, stderr=pipe
    ) as process:
        try:
            errors = process.communicate(_payload(trial), timeout=HOOK_S)[1]
        except subprocess.TimeoutExpired:
            _end(process)
            raise
    return process.returncode, errors


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)


@contextlib.contextmanager
def _trial(agent: str, words: list[str]) -> Iterator[Trial]:
    options = dict(itertools.pairwise(words))
    db_path = Path(options.get("--db-path") or paths.database_file())
    spool = Path(options.get("--spool") or paths.spool_dir())
    details = {"session_id": f"doctor-{uuid.uuid4()}", "db_path": str(db_path), "spool": str(spool)}
    with work.noted("trial", completes=True, **details) as folder:
        trial = Trial(agent, words, details["session_id"], paths.private_dir(folder), db_path, spool)
        try:
            yield trial
        finally:
            leftovers.remove_trial(details, remember=not _is_stored(trial))


def _appears(trial: Trial) -> bool:
    end = time.monotonic() + RECORDED_S
    while time.monotonic() < end:
        if _is_stored(trial):
            return True
        time.sleep(POLL_S)
    return False


def _is_stored(trial: Trial) -> bool:
    with (
        contextlib.suppress(sqlite3.Error, ClaudeMetricsError),
        closing(database.connect_readonly(trial.db_path)) as found,
    ):
        sql = "select 1 from recordings where session_id = ?"
        return found.execute(sql, (trial.session_id,)).fetchone() is not None
    return False


def _payload(trial: Trial) -> bytes:
    """As the agent's own; where the agent has no made-up transcript, the payload says what the session cost."""
    payload = {
        "session_id": trial.session_id,
        "cwd": str(trial.folder),
        "hook_event_name": "SessionEnd",
        "reason": "other",
    }
    write = RECORDED[trial.agent].trial_transcript
    if write:
        return json.dumps({**payload, "transcript_path": str(write(trial.folder, trial.session_id))}).encode()
    return json.dumps({**payload, "cost": {"total_cost_usd": 0.0}}).encode()


ALL = (fire,)
