"""What everybody may know of an agent, and what several agents need to find their sessions.

An agent is a folder with one `AGENT`: an `Agent` when we only put hooks into its settings, a `RecordedAgent` when we
read its sessions too.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from claude_metrics.agents.hook_spec import EventSet, HookFile, Place
from claude_metrics.models import Batch, Source

DEPTH = 6


class Retention(NamedTuple):
    """How many days an agent keeps its transcripts, and the setting of the agent that says so."""

    days: float
    setting: str


def session_of(payload: Mapping[str, Any]) -> str:
    """The session a hook's payload is about."""
    return str(payload["session_id"])


class FindSources(Protocol):
    """Every source of the agent, or of the data folder that the user named instead of the agent's own."""

    def __call__(self, root: Path | None = None) -> Iterator[Source]: ...


class FacetFolders(Protocol):
    """The folders that hold the agent's own judgements of its sessions."""

    def __call__(self, root: Path | None = None) -> list[Path]: ...


def no_folders(root: Path | None = None) -> list[Path]:
    return []


def no_sessions() -> set[str]:
    return set()


def nothing() -> None:
    return None


def never() -> bool:
    return False


def no_root(path: Path) -> Path | None:
    return None


def no_profiles() -> list[Path]:
    return []


@dataclass(frozen=True, kw_only=True)
class Agent:
    """An agent into whose settings we can put hooks.

    `environment` names every variable by which the user moves the agent's files. The form in which the agent takes the
    session-start note stands in `context.json` beside its `__init__.py`; without that file it takes plain text.
    """

    name: str  # in our commands and in the column `sources.agent`
    title: str  # in texts
    program: str  # looked up on PATH to tell whether the agent is there
    folder: Place  # its folder of settings, the other sign that it is there
    hooks: Mapping[EventSet, HookFile]
    environment: tuple[str, ...] = ()
    hook_limit_variable: str = ""  # milliseconds it gives all hooks at the session's end, where the user changed that
    hooks_disabled: Callable[[], str | None] = nothing  # the setting that stops every hook, when it is on
    has_plugin: Callable[[], bool] = never  # true when our plugin for this agent records instead of a hook


@dataclass(frozen=True, kw_only=True)
class RecordedAgent(Agent):
    """An agent whose sessions we read."""

    type: str  # the column `agent_type`
    data_dirs: Callable[[], list[Path]]
    find_sources: FindSources
    sources_of: Callable[[Mapping[str, Any]], list[Source]]  # the sources that a hook's payload names
    read: Callable[[Source, Mapping[str, Any] | None], Batch]  # rows behind the cursor, with the next cursor
    cannot_see: tuple[str, ...]
    root_of: Callable[[Path], Path | None] = no_root  # the data folder that a source lies in
    profiles: Callable[[], list[Path]] = no_profiles  # data folders of other accounts beside the agent's own
    session_of: Callable[[Mapping[str, Any]], str] = session_of
    turn_events: tuple[str, ...] = ("Stop",)  # hook events after which the session goes on
    late_reasons: tuple[str, ...] = ()  # end reasons after which it still writes: such a session is read a second time
    retention: Callable[[], Retention | None] = nothing  # None: it deletes no transcript
    dead_sessions: Callable[[], set[str]] = no_sessions  # sessions whose process was killed
    facet_folders: FacetFolders = no_folders
    totals_since: tuple[int, ...] | None = None  # its first version that writes a session's total cost
    usage_windows: bool = False  # its plans limit usage by windows of five hours
    trial_transcript: Callable[[Path, str], Path] | None = None  # writes a made-up session, for the doctor's test


def expanded(path: str) -> Path:
    """A path that came from outside; `~` is the home, that of a user who does not exist is a name like any other."""
    try:
        return Path(path).expanduser()
    except (RuntimeError, ValueError):
        return Path(path)


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
