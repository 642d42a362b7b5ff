"""The queue between the hook and the worker: a folder with one file per event, its name saying when and whose.

`<time_ns>-<pid>-<agent>-<event>[-cut].json` holds exactly the bytes the agent gave; `-cut` says that their end was
not seen. Anything else in the folder is left alone: never opened, never followed. An event that fails three times is
set aside in `failed/` with its reasons beside it. Every function puts up with files that vanish meanwhile.
`hooks/_event.py` writes the same names into the same folders without importing this; a test holds the two equal.
"""

import contextlib
import json
import os
import re
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from claude_metrics import files
from claude_metrics.agents import DEFAULT
from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.paths import private_dir

LIMIT_BYTES = 16 << 20  # what the hook keeps at most
FAILURES = 3
RECOVER_AFTER_S = 10  # a hook lives six seconds at most
ABANDON_AFTER_S = 86_400

_NAME = re.compile(
    "(?P<ns>[0-9]{1,19})-(?P<pid>[0-9]{1,10})-(?P<agent>[a-z0-9_]+)-(?P<event>[a-z0-9_]+)(?P<cut>-cut)?[.]json"
)
_FAILED, _FAILURES, _HALF, _NUDGED, _REASON = "failed", ".failures", ".tmp", ".nudged", ".reason"
# a link or a pipe under a file's name must neither be followed nor waited for
_SAFE = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TEXT_FIELD = re.compile(rb'"(session_id|transcript_path|cwd|hook_event_name|reason)"\s*:\s*("(?:[^"\\]|\\.)*")')


@dataclass(frozen=True, order=True)
class Event:
    """One payload waiting. Sorts by the instant it was written."""

    received_ns: int
    pid: int
    path: Path
    agent: str = DEFAULT
    kind: str = "end"  # or "stop"
    cut: bool = False  # the payload may lack its end

    @property
    def received_at(self) -> str:
        instant = _EPOCH + timedelta(microseconds=self.received_ns // 1000)
        return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")


# Where events are


def possible_folders(spool: Path) -> list[Path]:
    """The spool, and where the hook goes when it cannot be written: the state folder, the temporary folder."""
    spool = Path(os.path.abspath(spool))  # noqa: PTH100  (resolve() would follow links: another name, another key)
    key = "-".join(re.findall("[A-Za-z0-9]+", str(spool)))[-150:]
    user = os.getuid() if hasattr(os, "getuid") else 0
    temporary = Path(os.environ.get("TMPDIR") or os.environ.get("TEMP") or "/tmp")  # noqa: S108 - where the hook puts an event, see hooks/_event.py
    state = [home / ".local/state/claude-metrics" / f"spool-{key}" for home in _home()]
    return [spool, *state, temporary / f"claude-metrics-{user}-{key}"]


def _home() -> list[Path]:
    """The home folder as the hook sees it, if there is one."""
    with contextlib.suppress(RuntimeError):
        named = Path(os.environ.get("HOME", ""))
        return [named if named.is_absolute() else Path.home()]
    return []


def _folders(spool: Path) -> Iterator[Path]:
    first, *others = possible_folders(spool)
    if _is_folder(first):  # whose it is, and its rights, are the user's choice
        yield first
    yield from (folder for folder in others if _is_ours(folder))


def _is_folder(path: Path) -> bool:
    """Itself: the hook writes nothing through a link either."""
    with contextlib.suppress(OSError):
        return stat.S_ISDIR(path.lstat().st_mode)
    return False


def _is_ours(folder: Path) -> bool:
    """Nobody else can write in it: anybody may have made the one in the temporary folder."""
    if not _is_folder(folder) or not hasattr(os, "getuid"):
        return _is_folder(folder)
    with contextlib.suppress(OSError):
        found = folder.lstat()
        return found.st_uid == os.getuid() and not found.st_mode & 0o022
    return False


def _files(folder: Path) -> Iterator[Path]:
    """Its regular files."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                if entry.is_file(follow_symlinks=False):
                    yield Path(entry.path)


# Taking events


def pending(spool: Path) -> list[Event]:
    """Every event that waits, oldest first."""
    tidy(spool)
    return sorted(event for folder in _folders(spool) for path in _files(folder) if (event := _event(path)))


def failed(spool: Path) -> list[Path]:
    """The payloads set aside, each with its reasons in `<name>.reason`."""
    folders = [folder / _FAILED for folder in _folders(spool) if _is_ours(folder / _FAILED)]
    return sorted(path for folder in folders for path in _files(folder) if path.suffix != _REASON)


def _event(path: Path) -> Event | None:
    if not (name := _NAME.fullmatch(path.name)):
        return None
    return Event(int(name["ns"]), int(name["pid"]), path, name["agent"], name["event"], bool(name["cut"]))


def read(event: Event) -> bytes | None:
    """The payload; None when there is nothing to open: it has vanished, or another user owns it."""
    return _read(event.path)


def _read(path: Path) -> bytes | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | _SAFE)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        return file.read(LIMIT_BYTES) if stat.S_ISREG(os.fstat(descriptor).st_mode) else None


def salvage(payload: bytes) -> dict[str, str]:
    """What can be had from a payload that is no JSON, because it was cut: the names that come first."""
    fields: dict[str, str] = {}
    for key, text in _TEXT_FIELD.findall(payload[:65_536]):
        with contextlib.suppress(ValueError):
            fields.setdefault(key.decode(), json.loads(text))
    return fields


# Done with


def finish(event: Event) -> None:
    """Delete it: what it announced is committed."""
    for path in (event.path, _failures_of(event.path)):
        with contextlib.suppress(OSError):
            path.unlink()


def note_failure(event: Event, reason: str) -> bool:
    """Write down why it failed. True when that was once too often, and it is set aside."""
    if not os.path.lexists(event.path):
        return False
    _append(_failures_of(event.path), reason)
    count = len((_read(_failures_of(event.path)) or b"").splitlines())
    return count >= FAILURES and _set_aside(event.path)


def quarantine(event: Event, reason: str) -> bool:
    """Set it aside at once: nothing can ever be made of it."""
    _append(_failures_of(event.path), reason)
    return _set_aside(event.path)


def reduce(event: Event) -> None:
    """Keep only the names in its payload, no text of the conversation."""
    half = event.path.with_name(event.path.name + _HALF)
    with contextlib.suppress(OSError):
        names = json.dumps(salvage(read(event) or b"")).encode()
        half.unlink(missing_ok=True)
        _write(event.path, names)


def _failures_of(path: Path) -> Path:
    return path.with_name(path.name + _FAILURES)


def _append(path: Path, reason: str) -> None:
    line = "".join(c if c.isprintable() else " " for c in reason)[:2000]
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | _SAFE
    with contextlib.suppress(OSError), os.fdopen(os.open(path, flags, 0o600), "a", encoding="utf-8") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())


def _set_aside(path: Path) -> bool:
    """Its reasons go first: a payload in `failed/` is never without them."""
    with contextlib.suppress(OSError):
        if _is_ours(folder := private_dir(path.parent / _FAILED)):
            with contextlib.suppress(FileNotFoundError):
                _failures_of(path).replace(folder / (path.name + _REASON))
            path.replace(folder / path.name)
            return True
    return False


# Putting one in


def submit(payload: bytes, agent: str, spool: Path, event: str = "end") -> Path:
    """Queue a payload as the hook does."""
    name = f"{time.time_ns()}-{os.getpid()}-{agent}-{event}.json"
    if not _NAME.fullmatch(name):
        raise ValueError(f"not the name of an agent or an event: {agent!r}, {event!r}")
    first, *others = possible_folders(spool)
    for folder in (first, *others):
        with contextlib.suppress(OSError):
            if private_dir(folder) in _folders(spool):
                return _write(folder / name, payload)
    raise ClaudeMetricsError(f"no event can be kept: {first} cannot be written; free space there or mend its rights")


def _write(path: Path, payload: bytes) -> Path:
    """Never seen half-written under its final name, nor after a power cut. `_recover` finishes what was killed here."""
    with files.replacing(path, scratch=path.with_name(path.name + _HALF)) as stream:
        stream.write(payload)
    return path


# Cleaning up


def tidy(spool: Path) -> None:
    """Take in what a killed hook left half done, forget what has lost its use. `pending` does it each time."""
    for folder in _folders(spool):
        for path in _files(folder):
            if path.suffix == _HALF and _event(path.with_suffix("")):
                _recover(path)
            elif path.suffix == _FAILURES and not os.path.lexists(path.with_suffix("")):
                _forget(path)
        if _is_ours(folder / _NUDGED):
            for marker in _files(folder / _NUDGED):
                _forget(marker)


def _recover(half: Path) -> None:
    """Whole JSON was written by a hook that died before the renaming (one that lives finds its work done)."""
    if _age_s(half) < RECOVER_AFTER_S:
        return
    if _is_whole(_read(half) or b""):
        with contextlib.suppress(OSError):
            half.replace(half.with_suffix(""))
    elif _age_s(half) > ABANDON_AFTER_S:
        _append(_failures_of(half), "half a payload: the hook was killed while it wrote")
        _set_aside(half)


def _is_whole(payload: bytes) -> bool:
    try:
        return isinstance(json.loads(payload), dict)
    except (ValueError, RecursionError):
        return False


def _forget(path: Path) -> None:
    if _age_s(path) > ABANDON_AFTER_S:
        with contextlib.suppress(OSError):
            path.unlink()


def _age_s(path: Path) -> float:
    """A time in the future is as old: the clock went back."""
    try:
        return abs(time.time() - path.lstat().st_mtime)
    except OSError:
        return 0.0
