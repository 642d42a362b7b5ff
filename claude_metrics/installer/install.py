"""Put hooks into an agent's own files, take them out, compare: one engine over the table `agents.AGENTS`.

Every other byte of the file stays. Reading, editing and replacing are repeated when the agent writes the file in
between, and uninstalling gives back the file as it was found (see `installer.receipt`).
"""

import difflib
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from claude_metrics import files
from claude_metrics.agents import AGENTS
from claude_metrics.agents.base import Agent
from claude_metrics.agents.hook_spec import DropFile, EventSet, HookFile, Scope
from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.installer import command, hook_files, receipt
from claude_metrics.installer.receipt import Receipt
from claude_metrics.installer.targets import OwnFile, SharedJson, State, Target

ATTEMPTS = 20


@dataclass(frozen=True)
class Change:
    agent: str
    scope: Scope
    event_set: EventSet
    file: Path
    before: bytes | None  # None: no such file
    after: bytes | None
    backup: Path | None = None
    notice: str | None = None

    @property
    def action(self) -> Literal["unchanged", "created", "removed", "updated"]:
        if self.before == self.after:
            return "unchanged"
        if self.before is None:
            return "created"
        return "removed" if self.after is None else "updated"

    def diff(self) -> str:
        """A unified diff of the file, empty when nothing changes."""
        before, after = (_lines(data) for data in (self.before, self.after))
        old, new = ("/dev/null" if data is None else str(self.file) for data in (self.before, self.after))
        return "".join(difflib.unified_diff(before, after, old, new))


@dataclass(frozen=True)
class HookStatus:
    agent: str
    scope: Scope
    event_set: EventSet
    file: Path
    event: str
    state: State
    detail: str = ""


def found() -> list[str]:
    """The agents on this machine: their folder exists, or their program is on PATH."""
    return [agent.name for agent in AGENTS.values() if agent.folder.path().is_dir() or shutil.which(agent.program)]


def install(
    agent: str,
    scope: Scope = "user",
    event_set: EventSet = "recorder",
    dry_run: bool = False,
    project: Path | None = None,
    *,
    db_path: Path | None = None,
) -> Change:
    """Make the agent's hooks of this set current; what stands in the way is a `ClaudeMetricsError`."""
    spec, file = _locate(agent, scope, event_set, project)
    target = _target(spec, file, event_set)
    words = command.words(agent, event_set, db_path, isinstance(spec, DropFile))
    change = Change(agent, scope, event_set, file, None, None, notice=_notice(spec, scope))
    if not dry_run:  # first: the settings must never name files that are not there
        hook_files.refresh()
        hook_files.note_interpreter()
    change = _apply(change, target, lambda before, slip: target.put(before, words, slip), dry_run)
    return replace(change, notice=None) if change.action == "unchanged" else change


def uninstall(
    agent: str,
    scope: Scope = "user",
    event_set: EventSet = "recorder",
    dry_run: bool = False,
    project: Path | None = None,
) -> Change:
    """Take the agent's hooks of this set out again, of whatever version; nothing of ours there is no fault."""
    spec, file = _locate(agent, scope, event_set, project)
    target = _target(spec, file, event_set)
    return _apply(Change(agent, scope, event_set, file, None, None), target, target.take, dry_run)


def status(
    agent: str,
    scope: Scope = "user",
    event_set: EventSet = "recorder",
    project: Path | None = None,
    *,
    db_path: Path | None = None,
) -> list[HookStatus]:
    """One row per event. A file that cannot be read is a row, not an error, so that it does not hide the others."""
    spec, file = _locate(agent, scope, event_set, project)
    target = _target(spec, file, event_set)
    rows: list[tuple[str, State, str]]
    try:
        rows = list(
            target.states(files.read(file), command.words(agent, event_set, db_path, isinstance(spec, DropFile)))
        )
    except ClaudeMetricsError as error:
        rows = [(event, "unreadable", str(error)) for event in target.events]
    return [HookStatus(agent, scope, event_set, file, *row) for row in rows]


def agent_called(name: str) -> Agent:
    if name not in AGENTS:
        raise ClaudeMetricsError(f"unknown agent; {name!r}; choose one of {', '.join(AGENTS)}")
    return AGENTS[name]


def _locate(agent: str, scope: Scope, event_set: EventSet, project: Path | None) -> tuple[HookFile, Path]:
    title, spec = agent_called(agent).title, AGENTS[agent].hooks.get(event_set)
    if spec is None:
        raise ClaudeMetricsError(f"{title} has no {event_set} hook; {agent}; leave this agent out")
    if scope == "user":
        return spec, spec.user.path().absolute()
    if scope not in spec.inside_project:
        possible = ", ".join(["user", *spec.inside_project])
        raise ClaudeMetricsError(f"{title} has no scope {scope}; {agent}; use one of {possible}")
    return spec, (project or Path.cwd()).absolute() / spec.inside_project[scope]


def _target(spec: HookFile, file: Path, event_set: EventSet) -> Target:
    return OwnFile(spec, file) if isinstance(spec, DropFile) else SharedJson(spec, file, event_set)


def _notice(spec: HookFile, scope: Scope) -> str | None:
    shared = "The file now names paths of this machine; keep it out of what you share." if scope == "project" else None
    return " ".join(filter(None, (spec.notice, shared))) or None


def _apply(
    change: Change, target: Target, edit: Callable[[bytes | None, Receipt], bytes | None], dry_run: bool
) -> Change:
    """Read, edit, replace; from the start again when the agent wrote the file meanwhile."""
    for _ in range(ATTEMPTS):
        before = files.read(change.file)
        slip = receipt.load(change.file) if target.holds_ours(before) else Receipt(str(change.file))
        change = replace(change, before=before, after=edit(before, slip))
        if dry_run:
            return change
        if change.action == "unchanged":
            _tidy(change, target)
            return change
        try:
            return _replace(change, target, slip)
        except files.ChangedMeanwhileError:
            continue
    raise ClaudeMetricsError(f"the file changes all the time; {change.file}; close the agent, then try again")


def _replace(change: Change, target: Target, slip: Receipt) -> Change:
    """The receipt is written first: without it, a crash right after could not be undone to the byte."""
    file = change.file
    copy = files.backup(change.agent, file, change.before) if change.before is not None else None
    receipt.note_folders(files.missing_folders(file))
    if change.after is not None:
        receipt.save(slip, file)
    files.swap(file, change.before, change.after)
    _tidy(change, target)
    return replace(change, backup=copy)


def _tidy(change: Change, target: Target) -> None:
    """Where nothing of ours is left, no receipt is needed; one that was killed here is finished by the next."""
    if not target.holds_ours(change.after):
        receipt.drop(change.file)
    if change.after is None:
        receipt.remove_folders(change.file)


def _lines(data: bytes | None) -> list[str]:
    text = (data or b"").decode("utf-8", "replace")
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n\\ No newline at end of file\n"
    return lines
