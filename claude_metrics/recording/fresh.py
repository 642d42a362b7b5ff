"""Before a reader answers, take in what is new: looked for at once, recorded by another process, awaited for a moment.

The other process goes on after the moment has passed, so nothing is read twice and nothing gets lost; the next reader
finds its work. Only the user's own database is changed so: one that `--db-path` names is read as it is.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from pathlib import Path

from claude_metrics import config, paths
from claude_metrics.agents import RECORDED
from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.recording import disk

WAIT_S = 0.5
STEP_S = 0.005
BUSY = 3  # the exit code of a process that found another one recording


def take_in(db_path: Path, wait_s: float = WAIT_S) -> str:
    """Record what is new. Returns what a reader has to be told: empty when everything on disk is stored now."""
    until = time.monotonic() + wait_s
    if db_path != paths.database_file() or not db_path.exists() or not config.load().fresh:
        return ""
    try:
        found, _ = disk.look(db_path, RECORDED)
    except (ClaudeMetricsError, OSError, sqlite3.Error) as error:
        return f"what is new was not taken in: {error}"
    if not found.changed or _finished(_start(db_path), until):
        return ""
    files = f"{len(found.changed)} files" if len(found.changed) > 1 else "1 file"
    return f"not complete: {files} with something new are still being read; ask again in a moment"


def _start(db_path: Path) -> int:
    """A process that records everything new; returns its id."""
    if sys.platform == "win32":
        import subprocess

        command = [sys.executable, "-m", "claude_metrics", "sync", "--db-path", str(db_path)]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).pid
    process = os.fork()
    if process == 0:
        _record_and_exit(db_path)
    return process


def _record_and_exit(db_path: Path) -> None:
    """In the new process, which holds neither the reader's terminal nor its pipes."""
    code = 1
    try:
        if sys.platform != "win32":
            os.setsid()
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in range(3):
            os.dup2(nowhere, descriptor)
        code = 0 if _record(db_path) else BUSY
    finally:
        os._exit(code)


def _record(db_path: Path) -> bool:
    """False when another process does so already."""
    from claude_metrics import log
    from claude_metrics.lock import only_one
    from claude_metrics.recording import sync

    log.to_file()
    with only_one(paths.data_dir() / ".fresh.lock") as first:
        if first:
            sync.run(db_path, *sync.look(db_path, RECORDED))
        return first


def _finished(process: int, until: float) -> bool:
    """Wait until the process has ended well, or the time is over."""
    if sys.platform == "win32":
        return False
    while time.monotonic() < until:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(STEP_S)
    return False
