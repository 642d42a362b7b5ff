"""The state of each repository: branch, upstream as last fetched, uncommitted changes, last commit.

git is asked the way `claude_metrics.git` asks it. `git status`, unlike the commands used elsewhere, compares files and
would run the filters that a repository's own configuration names: `git_config` switches them off.
"""

import os
from dataclasses import dataclass

from claude_metrics.context import git_config
from claude_metrics.git import Answer

UNTRACKED_SHARE = 0.6  # of the time; the rest is for an answer without untracked files
_STATUS = ("status", "--porcelain=v2", "--branch", "--ahead-behind", "--no-renames", "--ignore-submodules=dirty", "-z")
_LOG = ("log", "-1", "--no-patch", "--no-decorate", "--encoding=UTF-8", "--format=%h%x00%ct%x00%s")


@dataclass(slots=True)
class Repository:
    """`ahead` and `behind` are None where the upstream is not there; `untracked` where there was no time to look."""

    path: str  # below the workspace, `.` for itself
    branch: str | None = None  # None when detached
    upstream: str | None = None
    ahead: int | None = None
    behind: int | None = None
    fetched_at: float | None = None  # unix seconds, as `committed_at`
    changed: int = 0
    conflicts: int = 0
    untracked: int | None = 0  # a folder of untracked files counts once
    commit: str | None = None  # None before the first one
    committed_at: int | None = None
    subject: str | None = None
    problem: str | None = None

    @property
    def needs_attention(self) -> bool:
        return bool(self.problem or self.changed or self.conflicts or self.untracked or self.ahead or self.behind)


def read(top: str, root: str, until: float) -> Repository | None:
    """What git says of `top`; None when it did not in time (`until` on `time.monotonic`'s clock)."""
    state = Repository(os.path.relpath(top, root))
    try:
        answer = _status(top, git_config.filters_off(top, until), until)
    except TimeoutError:
        return None
    except ValueError as error:
        state.problem = str(error)
        return state
    if answer.given_up:
        return None
    if answer.problem:
        state.problem = f"git: {answer.problem}"
        return state
    _take_status(state, answer.stdout)
    if state.commit:
        _take_commit(state, git_config.ask(top, until, *_LOG).stdout)
    if state.ahead is not None:
        state.fetched_at = git_config.fetched_at(top)
    return state


def _status(top: str, off: tuple[str, ...], until: float) -> Answer:
    """Looking for untracked files may take forever, so a part of the time is kept for an answer without."""
    answer = git_config.ask(top, until, *off, *_STATUS, "--untracked-files=normal", share=UNTRACKED_SHARE)
    if answer.given_up:
        answer = git_config.ask(top, until, *off, *_STATUS, "--untracked-files=no")
        return Answer(answer.stdout + b"# untracked unknown\0", answer.problem, answer.given_up)
    return answer


def _take_status(state: Repository, output: bytes) -> None:
    """https://git-scm.com/docs/git-status#_porcelain_format_version_2"""
    for entry in output.decode("utf-8", "replace").split("\0"):
        kind, _, rest = entry.partition(" ")
        if kind == "#":
            name, _, value = rest.partition(" ")
            _take_header(state, name, value)
        elif kind == "?" and state.untracked is not None:
            state.untracked += 1
        elif kind == "u":
            state.conflicts += 1
        elif kind in ("1", "2"):
            state.changed += 1


def _take_header(state: Repository, name: str, value: str) -> None:
    if name == "branch.oid" and value != "(initial)":
        state.commit = value[:7]
    elif name == "branch.head" and value != "(detached)":
        state.branch = value
    elif name == "branch.upstream":
        state.upstream = value
    elif name == "branch.ab":
        ahead, _, behind = value.partition(" ")
        state.ahead, state.behind = abs(int(ahead)), abs(int(behind))
    elif name == "untracked":
        state.untracked = None


def _take_commit(state: Repository, output: bytes) -> None:
    parts = output.decode("utf-8", "replace").strip("\n").split("\0")
    if len(parts) == 3 and parts[1].isdecimal():
        state.commit, state.committed_at, state.subject = parts[0], int(parts[1]), parts[2]
