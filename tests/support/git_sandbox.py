"""Real repositories at fixed dates: `Work` runs shell commands as an agent would and keeps what it would record."""

import os
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from claude_metrics.git.attribution import Commit, CommitCache, CommitReport, GitCommand, WorkWindow, commits_of

BEGIN = 1_741_000_000  # 2025-03-03T11:06:40Z


def moment(seconds: float) -> str:
    """RFC 3339 of so many seconds after the tests' day began."""
    return datetime.fromtimestamp(BEGIN + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def shell(directory: Path, command: str, at: float = 0, check: bool = True) -> str:
    date = f"{int(BEGIN + at)} +0000"
    environment = os.environ | {"GIT_COMMITTER_DATE": date, "GIT_AUTHOR_DATE": date, "GIT_EDITOR": "true"}
    done = subprocess.run(
        ["bash", "-c", command], cwd=directory, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def repository(path: Path, at: float = -1000) -> Path:
    """A repository with one old commit."""
    path.mkdir(parents=True)
    shell(path, "git init -q -b main; echo 1 > first.txt; git add .; git commit -q -m First", at)
    return path


def window(session: str, *cwds: Path, start: float = 0, end: float = 1000) -> WorkWindow:
    return WorkWindow(session, tuple(str(cwd) for cwd in cwds), moment(start), moment(end))


@dataclass
class Work:
    session: str = "s1"
    commands: list[GitCommand] = field(default_factory=list)

    def run(self, cwd: Path, command: str, at: float = 10, takes: float = 0.3, check: bool = True) -> str:
        """The agent runs a command: for real, and as the transcript would tell it."""
        output = shell(cwd, command, at, check)
        self.tell(cwd, command, at, takes, output)
        return output

    def tell(self, cwd: Path, command: str, at: float, takes: float | None = 0.3, output: str = "") -> None:
        end = None if takes is None else moment(at + takes)
        call = f"{self.session}-{len(self.commands)}"
        self.commands.append(GitCommand(self.session, call, str(cwd), command, moment(at), end, output))

    def report(self, *cwds: Path, cache: CommitCache | None = None, rivals: "list[Work] | None" = None) -> CommitReport:
        commands = [one for work in [self, *(rivals or [])] for one in work.commands]
        return commits_of(window(self.session, *cwds), commands, cache)

    def commits(self, *cwds: Path, cache: CommitCache | None = None) -> list[Commit]:
        return self.report(*cwds, cache=cache).commits


def subjects(commits: list[Commit]) -> list[str]:
    return [one.message.splitlines()[0] if one.message else "" for one in commits]


def program(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path
