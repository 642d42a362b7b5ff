"""Read and replace somebody else's file without harm: links, mode and owner stay, and no write of theirs is lost."""

import contextlib
import os
import shutil
import stat
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from claude_metrics import paths
from claude_metrics.errors import ClaudeMetricsError

LARGEST = 16 * 1024 * 1024
BACKUPS_KEPT = 10


class ChangedMeanwhileError(Exception):
    """Somebody wrote the file since it was read; read it again."""


def read(file: Path) -> bytes | None:
    """The content, None when there is no such file."""
    try:
        status = file.stat()
        if not stat.S_ISREG(status.st_mode):  # never open a FIFO: that hangs
            raise ClaudeMetricsError(f"not a regular file; {file}; move it away, then try again")
        if status.st_size > LARGEST:
            raise ClaudeMetricsError(f"larger than any hook file; {file}; look what it is, then try again")
        return file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ClaudeMetricsError(f"cannot read ({error.strerror}); {file}; give yourself access, then retry") from None


def swap(file: Path, before: bytes | None, after: bytes | None) -> None:
    """Make the content `after` (None: no file), provided that it still is `before`."""
    target = Path(os.path.realpath(file))  # replace what a link points to, not the link
    try:
        for folder in reversed(missing_folders(file)):
            Path(folder).mkdir(mode=0o700)
        _refuse_read_only(target)
        if after is None:
            _still(target, before)
            target.unlink()
        else:
            _write(target, before, after)
    except OSError as error:
        raise ClaudeMetricsError(
            f"cannot write ({error.strerror}); {target}; make the file and its folder writable, then try again"
        ) from None


def _write(target: Path, before: bytes | None, after: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    temp = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(after)
            stream.flush()
            os.fsync(stream.fileno())
        if before is None:
            _create(temp, target)
        else:
            _copy_rights(target, temp)
            _still(target, before)
            temp.replace(target)
        _sync_folder(target.parent)
    finally:
        temp.unlink(missing_ok=True)


def _create(temp: Path, target: Path) -> None:
    try:
        os.link(temp, target)  # fails when the agent has made the file meanwhile; a rename would overwrite it
    except FileExistsError:
        raise ChangedMeanwhileError from None
    except OSError:  # a file system without hard links
        _still(target, None)
        temp.replace(target)


def _still(target: Path, before: bytes | None) -> None:
    if read(target) != before:
        raise ChangedMeanwhileError


def _copy_rights(target: Path, temp: Path) -> None:
    try:
        shutil.copystat(target, temp)  # mode, extended attributes
        status = target.stat()
    except FileNotFoundError:
        raise ChangedMeanwhileError from None
    os.utime(temp)
    mine = temp.stat()
    if hasattr(os, "chown") and (status.st_uid, status.st_gid) != (mine.st_uid, mine.st_gid):
        os.chown(temp, status.st_uid, status.st_gid)


def _refuse_read_only(target: Path) -> None:
    """A rename would succeed on a read-only file; whoever took the right away (or a package manager) meant it."""
    for path in (target, target.parent):
        if path.exists() and not (path.stat().st_mode & 0o222 and os.access(path, os.W_OK)):
            raise ClaudeMetricsError(f"read-only; {path}; make it writable, or put the hook in by hand")


def missing_folders(file: Path) -> list[str]:
    """The folders that have to be made for `file`, the innermost first."""
    folder = Path(os.path.realpath(file)).parent
    return [str(path) for path in (folder, *folder.parents) if not path.exists()]


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):  # not possible on Windows, nor on some network file systems
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def backup(agent: str, file: Path, content: bytes) -> Path:
    """Keep `content` in our data folder, readable by its owner only: settings may hold keys."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    copy = paths.data_dir() / "backups" / f"{stamp}-{agent}-{file.name}"
    write_private(copy, content)
    for old in sorted(copy.parent.glob(f"*Z-{agent}-{file.name}"))[:-BACKUPS_KEPT]:
        old.unlink(missing_ok=True)
    return copy


def write_private(file: Path, content: bytes) -> None:
    """Write one of our own files, 0600 in a folder 0700, whole or not at all."""
    try:
        handle, temp = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=paths.private_dir(file.parent))
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        Path(temp).replace(file)
    except OSError as error:
        raise ClaudeMetricsError(
            f"cannot write ({error.strerror}); {file}; make room and the folder writable, or set CLAUDE_METRICS_HOME"
        ) from None
