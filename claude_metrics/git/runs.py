"""The calls of sessions as runs: what each one started, in which repository, and when.

Most calls cannot matter, because no commit was made while they ran. So a command line is read at once only where git
is named or the directory changes; every other call is read when a commit asks for it.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from claude_metrics.git.command_line import Invocation, calls, names_a_commit
from claude_metrics.git.evidence import Run
from claude_metrics.git.log import DAY
from claude_metrics.git.repository import Repository
from claude_metrics.models import GitCommand

Find = Callable[[str, float], Repository | None]  # a directory, and since when something must have been written there
_LEAVES = re.compile(r"\b(?:cd|pushd|chdir|sl|[Ll]ocation)\b|\s-C\b|--git-dir|GIT_DIR")
_ALWAYS = float("-inf")


@dataclass(frozen=True, slots=True)
class Call:
    """A recorded call with its times in seconds; `ended` is False where no result was ever written."""

    row: GitCommand
    started: float
    finished: float
    ended: bool

    def invocations(self) -> list[Invocation]:
        row = self.row
        return calls(row.command, row.cwd) if row.command else [Invocation("", row.cwd, None)]

    def run(self, started: Iterable[Invocation]) -> Run:
        row = self.row
        return Run(
            row.session_id, self.started, self.finished, self.ended, tuple(started), row.output, row.tool_call_id
        )


@dataclass(slots=True)
class Runs:
    """The runs of some calls by repository. `read` ones are complete; `waiting` ones stay in their directory."""

    find: Find
    repositories: dict[str, Repository] = field(default_factory=dict)
    read: dict[str, list[Run]] = field(default_factory=dict)
    waiting: dict[str, list[Call]] = field(default_factory=dict)  # by directory

    def add(self, call: Call) -> None:
        row = call.row
        if names_a_commit(row.command):
            self._read(call, _ALWAYS)
        elif not call.ended:
            return  # a program proves nothing before it has ended
        elif _LEAVES.search(row.command):
            self._read(call, call.started)
        else:
            self.waiting.setdefault(row.cwd, []).append(call)

    def _read(self, call: Call, written_since: float) -> None:
        started: dict[str, list[Invocation]] = {}
        for invocation in call.invocations():
            since = _ALWAYS if invocation.verb else written_since
            if repository := self.find(invocation.directory, since):
                self.repositories[repository.key] = repository
                started.setdefault(repository.key, []).append(invocation)
        for key, invocations in started.items():
            self.read.setdefault(key, []).append(call.run(invocations))

    def moments(self, key: str, directories: Iterable[str]) -> Iterator[float]:
        """Beginnings and ends of all runs in the repository, which the session entered at `directories`."""
        for run in self.read.get(key, ()):
            yield from (run.started, run.finished)
        for directory in directories:
            for call in self.waiting.get(directory, ()):
                yield from (call.started, call.finished)

    def during(self, directories: Iterable[str], moment: float, slack: float) -> Iterator[Run]:
        """The waiting calls that ran at that moment in one of these directories."""
        for directory in directories:
            for call in self.waiting.get(directory, ()):
                if call.started - slack <= moment <= call.finished + slack and (started := call.invocations()):
                    yield call.run(started)


def timed(rows: Iterable[GitCommand], start: float | None, end: float | None) -> Iterator[Call]:
    """The calls that have their times. Those of another day than the session's (of other sessions) are left out."""
    for row in rows:
        started, finished = seconds(row.started_at), seconds(row.finished_at)
        until = finished or end
        if started is None or until is None:
            continue
        if start is None or end is None or (started <= end + DAY and until >= start - DAY):
            yield Call(row, started, until, finished is not None)


def seconds(moment: str | None) -> float | None:
    try:
        return datetime.fromisoformat(moment or "").timestamp()
    except (ValueError, OverflowError, OSError):
        return None
