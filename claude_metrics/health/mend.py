"""A damaged database: built anew from the last copy, from what of it can still be read, and from what is on disk.

The damaged file is never deleted: it is set aside with the time in its name.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from claude_metrics import clock, config, files, paths
from claude_metrics.agents import RECORDED
from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.health.check import plural
from claude_metrics.maintenance import merge as importing
from claude_metrics.maintenance import rebuild
from claude_metrics.maintenance.alone import alone
from claude_metrics.maintenance.imported import Imported
from claude_metrics.recording import sync
from claude_metrics.store import backup, reprice
from claude_metrics.store import connection as database
from claude_metrics.store.version import LATEST

BESIDE = ("-journal", "-wal", "-shm")


def mend(db_path: Path, spool: Path) -> str:
    """Replace the damaged database; says from what. Raises ClaudeMetricsError, with the damaged one still there."""
    with alone(spool), rebuild.beside(db_path) as fresh:
        told = [*_from_copies(db_path, fresh), *_salvaged(db_path, fresh), _from_disk(fresh)]
        aside = _swap(db_path, fresh)
    return f"set aside as {aside}; rebuilt from {', '.join(told)}"


def _from_copies(db_path: Path, fresh: Path) -> list[str]:
    """The daily copy becomes the beginning; the one before it may have more."""
    told: list[str] = []
    for copy in (paths.daily_copy(db_path), backup.previous_file(db_path)):
        if not _is_sound(copy):
            continue
        when = clock.from_seconds(copy.stat().st_mtime)[:16].replace("T", " ")
        if told:
            _merged(copy, fresh, salvage=False)
        else:
            shutil.copyfile(copy, fresh)
            fresh.chmod(0o600)
        told.append(f"the copy of {when}")
    return told


def _is_sound(copy: Path) -> bool:
    try:
        with closing(database.connect_readonly(copy)) as connection:
            version = connection.execute("pragma user_version").fetchone()[0]
            return bool(0 < version <= LATEST) and connection.execute("pragma quick_check(1)").fetchone()[0] == "ok"
    except (ClaudeMetricsError, sqlite3.Error):
        return False


def _salvaged(db_path: Path, fresh: Path) -> list[str]:
    """What can still be read of the damaged file itself: a session is taken whole or not at all."""
    with contextlib.suppress(ClaudeMetricsError, sqlite3.Error), closing(database.connect(fresh)) as new:
        rebuild.keep_identity(new, db_path)
    try:
        done = _merged(db_path, fresh, salvage=True)
    except (ClaudeMetricsError, sqlite3.Error, ValueError, TypeError):
        return []
    lost = f" ({plural(len(done.lost), 'session')} could not be read)" if done.lost else ""
    return [f"{plural(done.sessions, 'session')} of the damaged file{lost}"]


def _merged(other: Path, fresh: Path, salvage: bool) -> Imported:
    settings = config.lenient()
    with closing(database.connect(fresh)) as new:
        return importing.merge(new, other, reprice.refresh(new, settings), salvage=salvage)


def _from_disk(fresh: Path) -> str:
    found, known = sync.look(fresh, RECORDED)
    report = sync.run(fresh, found, known)
    return f"{plural(report.found, 'session')} on disk"


def _swap(db_path: Path, fresh: Path) -> Path:
    """The damaged file gets a second name, then the new one takes its place: at no moment is there none."""
    stamp = clock.now().replace(":", "").replace("-", "")[:15]
    try:
        places = (paths.private_dir(paths.data_dir() / "backups"), db_path.parent)
        aside = _second_name(db_path, [folder / f"damaged-{stamp}Z-{db_path.name}" for folder in places])
        for suffix in BESIDE:  # a journal of the old file must never be played into the new one
            with contextlib.suppress(FileNotFoundError):
                Path(f"{db_path}{suffix}").replace(f"{aside}{suffix}")
        _put_in_place(fresh, db_path)
    except OSError as error:
        raise ClaudeMetricsError(
            f"the damaged database cannot be set aside ({error.strerror}); {db_path}; check the folder's owner and mode"
        ) from error
    return aside


def _put_in_place(fresh: Path, db_path: Path) -> None:
    try:
        fresh.replace(db_path)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with files.replacing(db_path) as new, fresh.open("rb") as old:  # the database is on another disk
            shutil.copyfileobj(old, new)


def _second_name(db_path: Path, names: list[Path]) -> Path:
    for other in names[0].parent.glob(f"damaged-*-{db_path.name}"):
        if other.samefile(db_path):
            return other  # the one before was killed here
    for name in names:
        with contextlib.suppress(OSError):
            os.link(db_path, name)
            return name
    shutil.copyfile(db_path, names[0])  # no links here
    names[0].chmod(0o600)
    return names[0]
