"""Write files whole or not at all. This is the only module that does, so that each place keeps the same promises.

`swap` changes somebody else's file without harm: links, mode and owner stay, and no write of theirs is lost.
"""

import contextlib
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from claude_metrics import paths
from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.paths import work

LARGEST = 16 * 1024 * 1024
BACKUPS_KEPT = 10


class ChangedMeanwhileError(Exception):
    """Somebody wrote the file since it was read; read it again."""


# -- the one way in which a file is written -----------------------------------------------

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL
_SAFELY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


@contextlib.contextmanager
def replacing(
    file: Path | str, mode: int = 0o600, scratch: Path | None = None, folder: int | None = None
) -> Iterator[BinaryIO]:
    """A new file, open for writing, that takes the place of `file` in one step when the block ends without an error.

    Until then, and after an error, `file` is as it was; the new one is on disk before it replaces the old one, so
    that a power cut leaves either the old content or the new. `scratch` is the new one's name until then (default: a
    hidden name of its own beside `file`, which the next start clears away if this process is killed; a name of the
    caller's is the caller's to clear away). `folder` is the descriptor of an open directory that `file` is a name in.
    Raises OSError.
    """
    name = scratch or _scratch_name(file)
    with contextlib.nullcontext() if scratch else noted(name, folder):
        stream = _new(name, folder)
        try:
            with stream:
                yield stream
                _sync(stream)
            if mode != 0o600:
                os.chmod(name, mode, dir_fd=folder)
            os.replace(name, file, src_dir_fd=folder, dst_dir_fd=folder)
            _sync_folder(Path(file).parent if folder is None else folder)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name, dir_fd=folder)


def write(file: Path, content: bytes, mode: int = 0o600) -> None:
    """Make `content` the content of `file`, whole or not at all. Raises OSError."""
    with replacing(file, mode) as stream:
        stream.write(content)


@contextlib.contextmanager
def noted(name: Path, folder: int | None = None) -> Iterator[None]:
    """Note that `name` is an unfinished file. Where no note can be written, the file is written all the same."""
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            place = Path.cwd() if folder is None else Path(f"/proc/self/fd/{folder}").readlink()
            stack.enter_context(work.noted("file", file=str(place / name)))
        yield


def _scratch_name(file: Path | str) -> Path:
    path = Path(file)
    return path.with_name(f".{path.name}.{os.urandom(6).hex()}.tmp")


def _new(name: Path, folder: int | None = None) -> BinaryIO:
    return os.fdopen(os.open(name, _NEW | _SAFELY, 0o600, dir_fd=folder), "wb")


def _sync(stream: BinaryIO) -> None:
    stream.flush()
    os.fsync(stream.fileno())


def _sync_folder(folder: Path | int) -> None:
    with contextlib.suppress(OSError):  # not possible on Windows, nor on some network file systems
        handle = os.open(folder, os.O_RDONLY) if isinstance(folder, Path) else os.dup(folder)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


# -- files of somebody else ---------------------------------------------------------------


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
    temp = _scratch_name(target)
    with noted(temp):
        try:
            with _new(temp) as stream:
                stream.write(after)
                _sync(stream)
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
        import shutil  # 7 ms with its archive formats, for what an installer alone does

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


# -- files of our own -------------------------------------------------------------------


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
        paths.private_dir(file.parent)
        write(file, content)
    except OSError as error:
        raise ClaudeMetricsError(
            f"cannot write ({error.strerror}); {file}; make room and the folder writable, or set CLAUDE_METRICS_HOME"
        ) from None


def write_output(file: Path, content: bytes) -> None:
    """Write a file that the user named, 0600, through links. A device or a pipe is written as it is."""
    target = Path(os.path.realpath(file))
    if (target.exists() and not target.is_file()) or not os.access(target.parent, os.W_OK):
        file.write_bytes(content)
    else:
        write(target, content)
