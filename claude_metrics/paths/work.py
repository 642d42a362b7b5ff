"""Work that leaves nothing behind when it is killed. Before it begins, a note in `<data>/work/` says what it will make.

The note is locked as long as its process lives. The next start of any command finds the notes that nobody holds, and
clears away or completes what they name. The folder lies outside of the one that Grafana mounts.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from claude_metrics import paths

Details = Mapping[str, Any]
_OURS = re.compile(r"\..+\.(?:[0-9a-f]{12}|\d+)\.tmp")  # the names of unfinished files, see `files`
_BESIDE = ("", "-journal", "-wal", "-shm")


def folder() -> Path:
    return paths.data_dir() / "work"


@contextlib.contextmanager
def noted(kind: str, completes: bool = False, **details: Any) -> Iterator[Path]:
    """Gives the path of a folder for this piece of work, which is not made yet and is removed at the end.

    With `completes`, work that ends by an error keeps its note, so that the next start completes it. Raises OSError.
    """
    note, descriptor = _new_note(kind, details)
    done = False
    try:
        yield note.with_suffix("")
        done = True
    finally:
        _remove_folder(note.with_suffix(""))
        if done or not completes:
            note.unlink(missing_ok=True)
        os.close(descriptor)


def _new_note(kind: str, details: Details) -> tuple[Path, int]:
    content = json.dumps({"kind": kind, **details}).encode()
    while True:
        note = paths.private_dir(folder()) / f"{kind}-{os.urandom(6).hex()}.json"
        descriptor = os.open(note, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o600)
        try:
            take_lock(descriptor)
            if note.exists():  # a sweep may have taken the new note for a dead one
                os.write(descriptor, content)
                os.fsync(descriptor)
                return note, descriptor
        except OSError:
            note.unlink(missing_ok=True)
            os.close(descriptor)
            raise
        os.close(descriptor)


# What was left behind


def is_any() -> bool:
    """True when some work goes on, or was left behind."""
    try:
        with os.scandir(folder()) as entries:
            return any(True for _ in entries)
    except OSError:
        return False


def sweep(complete: Mapping[str, Callable[[Details], None]], failed: Callable[[str, Exception], None]) -> None:
    """Clear away what dead processes left; work of a kind that is in `complete` is completed first."""
    for note in sorted(folder().glob("*.json")):
        with contextlib.suppress(OSError), _held(note) as details:
            if details is None:
                continue
            try:
                if details.get("kind") in complete:
                    complete[details["kind"]](details)
            except Exception as error:
                failed(note.name, error)
                continue
            _clear(note, details)


@contextlib.contextmanager
def _held(note: Path) -> Iterator[Details | None]:
    """What a note says whose process is gone, locked meanwhile; None when it is still at work."""
    descriptor = os.open(note, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
    try:
        try:
            take_lock(descriptor)
        except OSError:
            yield None
            return
        yield _parsed(os.read(descriptor, 1 << 24)) if note.exists() else None
    finally:
        os.close(descriptor)


def _parsed(content: bytes) -> Details:
    """Empty when the process was killed before it wrote: then it had not begun."""
    try:
        value = json.loads(content)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _clear(note: Path, details: Details) -> None:
    named = details.get("file")
    if isinstance(named, str) and _OURS.fullmatch(Path(named).name):
        for end in _BESIDE:
            Path(named + end).unlink(missing_ok=True)
    _remove_folder(note.with_suffix(""))
    note.unlink(missing_ok=True)


def _remove_folder(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.chmod(0o700)
    shutil.rmtree(path, ignore_errors=True)


def take_lock(descriptor: int) -> None:
    """Take the kernel's lock of an open file, which ends with this process. Raises OSError when another one has it."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
