"""Which repositories a workspace holds: itself, its submodules, and those that lie in its folders.

Only the file system is asked, never git, and never outside the workspace: a submodule's path that leads out of it, by
`..` or through a link, is left alone. The walk is bounded in depth, in folders and by the caller's clock.
"""

import os
import re
import time
from collections import deque
from collections.abc import Iterator

from claude_metrics.context.git_files import GitFolder

DEPTH = 3
MAX_FOLDERS = 3000
MAX_GITMODULES = 1 << 20
# Where other people's code, caches and builds lie; hidden folders are left out as well.
SKIPPED = {"node_modules", "bower_components", "site-packages", "__pycache__", "venv", "env", "vendor"}
SKIPPED |= {"target", "build", "dist"}
_PATH = re.compile(rb"^[ \t]*path[ \t]*=[ \t]*(.+?)[ \t]*$", re.MULTILINE | re.IGNORECASE)


def workspace_of(folder: str) -> str:
    """The repository around `folder`, or the folder itself. Kept dotfiles in the home are not a workspace."""
    current, home = folder, os.path.expanduser("~")
    while not _is_repository(current):
        parent = os.path.dirname(current)
        if parent in (current, home):
            return folder
        current = parent
    return current


def _is_repository(folder: str) -> bool:
    return os.path.exists(folder + "/.git")


class Search:
    """Iterate to get the repositories' folders; afterwards it tells what it did not look at."""

    def __init__(self, root: str, until: float) -> None:
        self.root = os.path.realpath(root)
        self.until = until  # on `time.monotonic`'s clock
        self.not_checked_out: list[str] = []
        self.complete = True
        self._seen: set[str] = set()

    def __iter__(self) -> Iterator[str]:
        if _is_repository(self.root):
            yield from self._with_submodules(self.root)
        yield from self._nested()

    def _with_submodules(self, top: str) -> Iterator[str]:
        waiting = deque([top])
        while waiting:
            folder = waiting.popleft()
            if folder in self._seen:
                continue
            self._seen.add(folder)
            yield folder
            waiting.extend(self._submodules(folder))

    def _submodules(self, top: str) -> list[str]:
        """The folders that `.gitmodules` names, where they are checked out inside the workspace.

        The largest come first, so that it is not the largest that all wait for at the end.
        """
        checked_out = []
        for name in _module_paths(top):
            folder = os.path.realpath(os.path.join(top, name))
            if not folder.startswith(self.root.rstrip("/") + "/"):
                continue
            if _is_repository(folder):
                checked_out.append(folder)
            else:
                self.not_checked_out.append(os.path.relpath(folder, self.root))
        return sorted(checked_out, key=lambda folder: -GitFolder(folder).index_bytes())

    def _nested(self) -> Iterator[str]:
        """Breadth first, so that a bound leaves out what is deepest."""
        waiting, looked = deque([(self.root, 0)]), 0
        while waiting:
            folder, depth = waiting.popleft()
            looked += 1
            if looked > MAX_FOLDERS or time.monotonic() > self.until:
                self.complete = False
                return
            for child in _folders(folder):
                if child in self._seen:
                    continue
                if _is_repository(child):
                    yield from self._with_submodules(child)
                elif depth + 1 < DEPTH:
                    waiting.append((child, depth + 1))


def _module_paths(top: str) -> list[str]:
    try:
        if not os.path.isfile(top + "/.gitmodules"):  # a pipe would be waited for
            return []
        with open(top + "/.gitmodules", "rb") as file:
            text = file.read(MAX_GITMODULES)
    except OSError:
        return []
    names = (os.fsdecode(found[1].strip(b'"')) for found in _PATH.finditer(text))
    return [name for name in names if "\0" not in name]


def _folders(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            kept = [entry for entry in entries if entry.name not in SKIPPED and entry.name[0] != "."]
            return sorted(entry.path for entry in kept if entry.is_dir(follow_symlinks=False))
    except OSError:
        return []
