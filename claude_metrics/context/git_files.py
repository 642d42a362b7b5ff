"""A repository's own configuration, as far as it could make `git status` run something or says when it was fetched."""

import os
import re
import time
from pathlib import Path

from claude_metrics.git import Answer, Git

MAX_CONFIG = 1 << 20
_FILTER = re.compile(r"filter\.(.+)\.[^.]+", re.DOTALL | re.IGNORECASE)
_OFF = ("clean=", "smudge=", "process=", "required=false")


def ask(top: str, until: float, *arguments: str, share: float = 1.0) -> Answer:
    """git's answer within `share` of the time that is left until `until` on `time.monotonic`'s clock."""
    left = max(0.0, (until - time.monotonic()) * share)
    return Git(timeout=left, total=left).ask(top, *arguments)


def git_folder(top: str) -> Path | None:
    """The git directory, as git finds it: `.git`, or what the file of that name points to."""
    place = Path(top, ".git")
    try:
        if place.is_dir():
            return place
        with place.open("rb") as file:
            pointer = file.read(4096)
    except OSError:
        return None
    if not pointer.startswith(b"gitdir: "):
        return None
    return Path(top, os.fsdecode(pointer[8:].rstrip(b"\r\n")))


def filters_off(top: str, until: float) -> tuple[str, ...]:
    """Options that switch off every filter of the repository's own; the user's, git-lfs mostly, stay.

    Raises TimeoutError, and ValueError with the reason why it cannot be done: then git must not look at the files.
    """
    folder = git_folder(top)
    if folder is not None and not _may_name_filters(folder):
        return ()
    answer = ask(top, until, "config", "-z", "--show-scope", "--name-only", "--get-regexp", r"^filter\.")
    if answer.given_up:
        raise TimeoutError
    if answer.problem and answer.problem != "git exited with 1":  # 1: no such key
        raise ValueError(f"git: {answer.problem}")
    words = answer.stdout.decode("utf-8", "surrogateescape").split("\0")
    own = [key for scope, key in zip(words[::2], words[1::2], strict=False) if scope in ("local", "worktree")]
    names = {found[1] for key in own if (found := _FILTER.fullmatch(key))}
    if any("=" in name or "\n" in name for name in names):  # `-c` cannot say it
        raise ValueError("not read: a filter in its configuration has an odd name")
    return tuple(word for name in sorted(names) for pair in _OFF for word in ("-c", f"filter.{name}.{pair}"))


def fetched_at(top: str) -> float | None:
    """Unix seconds of the last fetch; None after a clone that nobody fetched in."""
    folder = git_folder(top)
    try:
        return (_common_folder(folder) / "FETCH_HEAD").stat().st_mtime if folder else None
    except OSError:
        return None


def _common_folder(folder: Path) -> Path:
    """Of a linked worktree: where the configuration and what is fetched lie."""
    try:
        return folder / os.fsdecode((folder / "commondir").read_bytes().rstrip(b"\r\n"))
    except OSError:
        return folder


def _may_name_filters(folder: Path) -> bool:
    """Looking at the files spares a process. In doubt, as with a file that includes others, git is asked."""
    common = _common_folder(folder)
    optional = {common / "config.worktree", folder / "config.worktree"}
    return _is_suspect(common / "config", True) or any(_is_suspect(file, False) for file in optional)


def _is_suspect(file: Path, required: bool) -> bool:
    try:
        with file.open("rb") as opened:
            text = opened.read(MAX_CONFIG)
    except FileNotFoundError:
        return required
    except OSError:
        return True
    return len(text) == MAX_CONFIG or re.search(rb"filter|include", text, re.IGNORECASE) is not None
