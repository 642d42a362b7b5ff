"""What an agent's module offers, and what several of them need."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from claude_metrics.models import Batch, Source

DEPTH = 6

# Defaults, assigned by name in each module.
TURN_EVENTS = ("Stop",)  # hook events after which the session goes on
LATE_REASONS: tuple[str, ...] = ()  # with these the client writes on after its hook: read a second time


def session_of(payload: Mapping[str, Any]) -> str:
    """The session a hook's payload is about."""
    return str(payload["session_id"])


def expanded(named: str) -> Path:
    """A path that came from outside; `~` is the home, that of a user who does not exist is a name like any other."""
    try:
        return Path(named).expanduser()
    except (RuntimeError, ValueError):
        return Path(named)


class Agent(Protocol):
    """The contract of a module in `claude_metrics.agents`."""

    NAME: str
    AGENT_TYPE: str
    TURN_EVENTS: tuple[str, ...]
    LATE_REASONS: tuple[str, ...]
    CANNOT_SEE: tuple[str, ...]

    def data_dirs(self) -> list[Path]: ...
    def find_sources(self, root: Path | None = None) -> Iterator[Source]: ...
    def sources_of(self, payload: Mapping[str, Any]) -> list[Source]: ...
    def session_of(self, payload: Mapping[str, Any]) -> str: ...
    def read(self, source: Source, cursor: Mapping[str, Any] | None) -> Batch: ...


def walk_files(folder: Path, suffix: str | tuple[str, ...], depth: int = DEPTH) -> Iterator[os.DirEntry[str]]:
    """Regular files below `folder` by name; links and folders that cannot be read are passed over."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.is_file(follow_symlinks=False):
            if entry.name.endswith(suffix):
                yield entry
        elif depth and entry.is_dir(follow_symlinks=False):
            yield from walk_files(Path(entry.path), suffix, depth - 1)


def source_from(agent: str, path: Path, session_id: str | None, agent_id: str | None = None) -> Source | None:
    """A source for a path that must be a regular file by now, or None."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    if not path.is_file():
        return None
    return Source(agent, path, session_id, agent_id, status.st_size, status.st_mtime_ns, status.st_ino)
