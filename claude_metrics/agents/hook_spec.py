"""What an agent's hook file looks like: facts only, which `installer.install` reads."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

EventSet = Literal["recorder", "session-start"]
Scope = Literal["user", "project", "local"]
Shell = Literal["sh", "cmd", "powershell"]
EVENT_SETS: tuple[EventSet, ...] = ("recorder", "session-start")
SCOPES: tuple[Scope, ...] = ("user", "project", "local")

# (hook file, event, group's index, hook's index, group) -> what the user still has to approve, or None
Trust = Callable[[Path, str, int, int, Any], str | None]


@dataclass(frozen=True)
class Place:
    """A file in the user's home: `$env/under_env` when that variable is set, else `~/under_home`."""

    under_home: str
    env: str = ""
    under_env: str = ""

    def path(self) -> Path:
        moved = os.environ.get(self.env) if self.env else None
        return Path(moved).expanduser() / self.under_env if moved else Path.home() / self.under_home


@dataclass(frozen=True)
class Slot:
    """One event: `timeout` in seconds whatever the file's unit, `matcher` None for every reason or source."""

    timeout: int
    matcher: str | None = None


@dataclass(frozen=True)
class JsonHook:
    """Entries in a JSON file that the user and the agent write too."""

    user: Place
    inside_project: Mapping[Scope, str]
    events: Mapping[EventSet, Mapping[str, Slot]]
    shape: Literal["nested", "flat"] = "nested"  # nested: event -> groups with `hooks`; flat: event -> hooks
    timeout_unit: Literal["s", "ms"] = "s"
    windows_shell: Shell = "sh"  # which shell the agent runs hooks in there; elsewhere all use a POSIX one
    fields: Mapping[str, Any] = field(default_factory=dict)  # in every hook, besides command and timeout
    root: Mapping[str, Any] = field(default_factory=dict)  # what the file needs besides `hooks`
    notice: str | None = None
    trust: Trust | None = None


@dataclass(frozen=True)
class DropFile:
    """A file of our own in a folder that the agent loads; made from `template` (see `paths.asset`)."""

    user: Place
    inside_project: Mapping[Scope, str]
    template: str
    notice: str | None = None


HookFile = JsonHook | DropFile
