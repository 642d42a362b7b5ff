"""The state of each repository: branch, upstream as last fetched, uncommitted changes, last commit.

git is asked the way `git.process` asks it. `git status`, unlike the commands used elsewhere, compares files and so
would run the filters that a repository's own configuration names: these are switched off. The user's own filters,
git-lfs mostly, stay.
"""

import os
import re
import time

from claude_metrics.context.git_files import GitFolder
from claude_metrics.git.process import Answer, Git

UNTRACKED_SHARE = 0.6  # of the time; the rest is for an answer without untracked files
_STATUS = ("status", "--porcelain=v2", "--branch", "--ahead-behind", "--no-renames", "--ignore-submodules=dirty", "-z")
_LOG = ("log", "-1", "--no-patch", "--no-decorate", "--encoding=UTF-8", "--format=%ct%x00%s")
_FILTER = re.compile(r"filter\.(.+)\.[^.]+", re.DOTALL | re.IGNORECASE)
_OFF = ("clean=", "smudge=", "process=", "required=false")


class Repository:
    """`ahead` and `behind` are None where the upstream is not there; `untracked` where there was no time to look.

    (No dataclass, here and in the modules beside: what that imports is half of an interpreter's start.)
    """

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

    def __init__(self, path: str) -> None:
        self.path = path

    @property
    def needs_attention(self) -> bool:
        return bool(self.problem or self.changed or self.conflicts or self.untracked or self.ahead or self.behind)


def read(top: str, root: str, until: float) -> Repository | None:
    """What git says of `top`; None when it did not in time (`until` on `time.monotonic`'s clock)."""
    state, folder = Repository(os.path.relpath(top, root)), GitFolder(top)
    try:
        off = _filters_off(top, until) if folder.may_name_filters() else ()
        _take_status(state, _status(top, off, until))
        if state.commit:
            state.committed_at, state.subject = folder.loose_commit(state.commit) or _commit(top, until)
    except TimeoutError:
        return None
    except ValueError as error:
        state.problem = str(error)
    if state.ahead is not None:
        state.fetched_at = folder.fetched_at()
    return state


def _ask(top: str, until: float, *arguments: str, share: float = 1.0) -> Answer:
    """Git's answer within `share` of the time that is left."""
    left = max(0.0, (until - time.monotonic()) * share)
    return Git(timeout=left, total=left).ask(top, *arguments)


def _said(answer: Answer) -> bytes:
    """Raises TimeoutError, and ValueError with git's reason."""
    if answer.given_up:
        raise TimeoutError
    if answer.problem:
        raise ValueError(f"git: {answer.problem}")
    return answer.stdout


def _status(top: str, off: tuple[str, ...], until: float) -> bytes:
    """Looking for untracked files may take forever, so a part of the time is kept for an answer without."""
    answer = _ask(top, until, *off, *_STATUS, "--untracked-files=normal", share=UNTRACKED_SHARE)
    if answer.given_up:
        return _said(_ask(top, until, *off, *_STATUS, "--untracked-files=no")) + b"# untracked unknown\0"
    return _said(answer)


def _take_status(state: Repository, output: bytes) -> None:
    """What `git status --porcelain=v2` printed: https://git-scm.com/docs/git-status#_porcelain_format_version_2."""
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
        state.commit = value
    elif name == "branch.head" and value != "(detached)":
        state.branch = value
    elif name == "branch.upstream":
        state.upstream = value
    elif name == "branch.ab":
        ahead, _, behind = value.partition(" ")
        state.ahead, state.behind = abs(int(ahead)), abs(int(behind))
    elif name == "untracked":
        state.untracked = None


def _commit(top: str, until: float) -> tuple[int | None, str | None]:
    at, _, subject = _ask(top, until, *_LOG).stdout.decode("utf-8", "replace").strip("\n").partition("\0")
    return (int(at), subject.strip()) if at.isdecimal() else (None, None)


def _filters_off(top: str, until: float) -> tuple[str, ...]:
    """Options that switch off every filter of the repository's own; where that cannot be done git must not look."""
    answer = _ask(top, until, "config", "-z", "--show-scope", "--name-only", "--get-regexp", r"^filter\.")
    none = answer.problem == "git exited with 1"
    words = [] if none else _said(answer).decode("utf-8", "surrogateescape").split("\0")
    own = [key for scope, key in zip(words[::2], words[1::2], strict=False) if scope in ("local", "worktree")]
    names = {found[1] for key in own if (found := _FILTER.fullmatch(key))}
    if any("=" in name or "\n" in name for name in names):  # `-c` cannot say it
        raise ValueError("not read: a filter in its configuration has an odd name")
    return tuple(word for name in sorted(names) for pair in _OFF for word in ("-c", f"filter.{name}.{pair}"))
