"""What lies in a git directory, read without starting git: each process saved is a millisecond or two per repository.

Whatever is not as expected is None, or a doubt: then git is asked.
"""

import os
import re
import zlib

MAX_BYTES = 1 << 20
_COMMITTER = re.compile(rb"^committer .*> (\d{1,18}) [+-]\d{4}$", re.MULTILINE)


class GitFolder:
    """The git directory of the working tree at `top`, as git finds it: `.git`, or what that file points to."""

    def __init__(self, top: str) -> None:
        self.path = _pointed_to(top)
        self.common = _common(self.path) if self.path else None

    def may_name_filters(self) -> bool:
        """Whether its configuration might; in doubt, as with a file that includes others, yes."""
        if self.path is None or self.common is None:
            return True
        optional = {f"{self.common}/config.worktree", f"{self.path}/config.worktree"}
        return _is_suspect(f"{self.common}/config", True) or any(_is_suspect(file, False) for file in optional)

    def index_bytes(self) -> int:
        """A measure of how many files there are."""
        try:
            return os.stat(f"{self.path}/index").st_size if self.path else 0
        except OSError:
            return 0

    def fetched_at(self) -> float | None:
        """Unix seconds of the last fetch; None after a clone that nobody fetched in."""
        try:
            return os.stat(f"{self.common}/FETCH_HEAD").st_mtime if self.common else None
        except OSError:
            return None

    def loose_commit(self, sha: str) -> tuple[int, str] | None:
        """Time and subject of a commit that is not packed yet, as recent ones mostly are.

        https://git-scm.com/book/en/v2/Git-Internals-Git-Objects
        """
        raw = _read(f"{self.common}/objects/{sha[:2]}/{sha[2:]}") if self.common else None
        try:
            text = zlib.decompressobj().decompress(raw or b"", MAX_BYTES)
        except zlib.error:
            return None
        head, _, message = text.partition(b"\n\n")
        found = _COMMITTER.search(head)
        if not text.startswith(b"commit ") or b"\nencoding " in head or not found:
            return None
        return int(found[1]), _subject(message.decode("utf-8", "replace"))


def _pointed_to(top: str) -> str | None:
    git_dir = f"{top}/.git"
    if os.path.isdir(git_dir):
        return git_dir
    pointer = _read(git_dir)
    if pointer is None or not pointer.startswith(b"gitdir: "):
        return None
    return os.path.join(top, os.fsdecode(pointer[8:].rstrip(b"\r\n")))


def _common(folder: str) -> str:
    """Of a linked worktree: where the configuration, the objects and what is fetched lie."""
    pointer = _read(f"{folder}/commondir")
    return os.path.join(folder, os.fsdecode(pointer.rstrip(b"\r\n"))) if pointer else folder


def _is_suspect(file: str, required: bool) -> bool:
    text = _read(file)
    if text is None:
        return required or os.path.lexists(file)
    return len(text) == MAX_BYTES or re.search(rb"filter|include", text, re.IGNORECASE) is not None


def _read(file: str) -> bytes | None:
    """The beginning of a regular file: a pipe would be waited for."""
    try:
        if not os.path.isfile(file):
            return None
        with open(file, "rb") as opened:
            return opened.read(MAX_BYTES)
    except (OSError, ValueError):
        return None


def _subject(message: str) -> str:
    """The first paragraph on one line, as git's %s gives it."""
    lines: list[str] = []
    for text in message.lstrip("\n").split("\n"):
        if not text.strip():
            break
        lines.append(text.strip())
    return " ".join(lines)
