"""The machine's processes, as /proc and psutil tell of them."""

from pathlib import Path

import psutil


def is_alive(pid: int) -> bool:
    """Whether it runs: a process that ended and was not waited for does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def processes_with(word: str | Path) -> set[int]:
    """The ids of all that have `word` in their command line, this process left out."""
    found = set()
    for process in psutil.process_iter(["cmdline"]):
        if any(str(word) in part for part in process.info["cmdline"] or ()):
            found.add(process.pid)
    return found - {psutil.Process().pid}


def children_of(pid: int) -> set[int]:
    try:
        return {child.pid for child in psutil.Process(pid).children()}
    except psutil.NoSuchProcess:
        return set()
