"""One process at a time. The kernel's file lock goes with its owner; who that is stands in the file."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from claude_metrics import paths
from claude_metrics.paths.work import take_lock

GRACE_S = 1.0  # between taking the lock and writing down whose it is


@contextmanager
def only_one(path: Path) -> Iterator[bool]:
    """Gives True to the first, False to all others while it lives. A dead owner's lock is taken over."""
    descriptor = _acquire(path)
    try:
        yield descriptor is not None
    finally:
        if descriptor is not None:
            os.close(descriptor)


def owner(path: Path) -> dict[str, float] | None:
    """`{"pid", "started"}` of the living process that holds the lock, or None."""
    try:
        noted = json.loads(path.read_text(encoding="utf-8"))
        alive = abs(psutil.Process(int(noted["pid"])).create_time() - float(noted["started"])) < 1
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return None
    return noted if alive else None


def _acquire(path: Path) -> int | None:
    for _ in range(2):
        with suppress(OSError):
            return _locked(path)
        if owner(path) is None:
            time.sleep(GRACE_S)
        if owner(path) is not None:
            return None
        with suppress(OSError):
            path.unlink()  # held by nobody who lives: a lock inherited by some child, or a stale one on a network mount
    return None


def _locked(path: Path) -> int:
    """Raises OSError when another process holds it, also when the file was replaced meanwhile."""
    paths.private_dir(path.parent)
    descriptor = os.open(
        path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0), 0o600
    )
    try:
        take_lock(descriptor)
        if path.stat().st_ino != os.fstat(descriptor).st_ino:
            raise OSError("the lock file was replaced")
        me = psutil.Process()
        os.ftruncate(descriptor, 0)
        os.write(descriptor, json.dumps({"pid": me.pid, "started": me.create_time()}).encode())
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
