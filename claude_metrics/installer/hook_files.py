"""The hook's own files, copied to a folder of ours that no package manager touches.

An agent goes on calling the hook after the package was removed, moved or reinstalled under another Python. A hook
script that is gone makes the interpreter exit with 2, which agents read as "block": the model is asked again and
again. The folder's name ends in the version of the hook's command line, so that an upgrade changes the files and
leaves the settings (and the approval of agents that ask for one) as they are.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from claude_metrics import files, paths

COMMAND_LINE_VERSION = "1"
NAMES = ("session_end.py", "_event.py", "session_start.py", "_catch_up.py", "keep.sh")
PACKAGE = "package"  # names the folder that the session-start note's text is made in


def folder() -> Path:
    return paths.data_dir() / "hook-files" / COMMAND_LINE_VERSION


def differing() -> list[str]:
    """The names of the files that are missing or differ from this package's."""
    return [name for name, content in _wanted().items() if _content(folder() / name) != content]


def refresh() -> list[str]:
    """Write what differs from this package's files; returns the names written. Each is replaced whole or not at all."""
    wanted, names = _wanted(), differing()
    for name in names:
        files.write_private(folder() / name, wanted[name])
    return names


def refresh_installed() -> list[str]:
    """For the worker: only where an installer has made the folder before."""
    return refresh() if folder().is_dir() else []


def note_interpreter() -> None:
    """The plugin's hook is started by whatever `python3` is; this tells it which one has the package."""
    files.write_private(paths.data_dir() / "worker-python", os.fsencode(f"{sys.executable}\n"))


def _wanted() -> dict[str, bytes]:
    scripts = {name: paths.asset(f"hooks/{name}").read_bytes() for name in NAMES}
    return {**scripts, PACKAGE: os.fsencode(paths.ROOT)}


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
