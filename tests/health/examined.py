"""A home that `doctor` examines, and what it found."""

import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from claude_metrics import paths
from claude_metrics.agents import RECORDED
from claude_metrics.health import doctor
from claude_metrics.recording import sync

Cli = Callable[..., subprocess.CompletedProcess[str]]


def record() -> Path:
    db_path = paths.database_file()
    found, known = sync.look(db_path, RECORDED)
    assert sync.run(db_path, found, known).failed == 0
    return db_path


def examine(fix: bool = False, shoot: bool = False, hooks: bool = False) -> dict[str, doctor.Finding]:
    return {finding.check.name: finding for finding in doctor.examine(paths.database_file(), fix, shoot, hooks)}


def sessions(db_path: Path) -> dict[str, tuple]:
    with closing(sqlite3.connect(db_path)) as db:
        return {row[0]: row[1:] for row in db.execute("select session_id, total_cost_usd, output_tokens from sessions")}


def settings_file(home: Path) -> Path:
    return home / ".claude" / "settings.json"
