"""Claude Code's running processes: `sessions/<pid>.json` in its folder names each one's session.

The client removes the file when it ends; after SIGKILL it stays. Keys used: pid, sessionId, startedAt (milliseconds).
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from claude_metrics import clock
from claude_metrics.agents.claude.sources import data_dirs
from claude_metrics.text import session_name

SLACK_S = 10.0  # the client notes its start a moment after the system does
LARGEST = 1 << 16


def dead_sessions() -> set[str]:
    """Sessions whose process is gone, and that no other process has taken up."""
    alive: set[str] = set()
    dead: set[str] = set()
    for note in (note for folder in data_dirs() for note in _notes(folder / "sessions")):
        session_id, pid = note.get("sessionId"), note.get("pid")
        if isinstance(session_id, str) and session_id and isinstance(pid, int):
            (alive if _lives(pid, note.get("startedAt")) else dead).add(session_name(session_id))
    return dead - alive


def _notes(folder: Path) -> Iterator[dict[str, Any]]:
    try:
        paths = [Path(entry.path) for entry in os.scandir(folder) if entry.name.endswith(".json")]
    except OSError:
        return
    for path in paths:
        note = _read(path)
        if note is not None:
            yield note


def _read(path: Path) -> dict[str, Any] | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0))
        with os.fdopen(descriptor, "rb") as file:
            regular = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
            value = json.loads(file.read(LARGEST)) if regular else None
    except (OSError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _lives(pid: int, started_at: object) -> bool:
    """That very process: one that began later has only its number. In doubt it lives."""
    import psutil  # 10 ms: the hook's worker asks for no process

    if not 0 < pid < 2**31:
        return False
    try:
        born = psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        return True
    noted = _seconds(started_at)
    return noted is None or born <= noted + SLACK_S


def _seconds(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value / 1000 if value > 1e11 else float(value)
    text = clock.normal(value)
    return clock.to_seconds(text) if text else None
