"""The ground: Python and SQLite, the config file, rights and free space."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from claude_metrics import config, paths
from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.health.check import Check, Situation, plural

OLDEST_SQLITE = (3, 35, 0)  # `update ... from`, `returning`
LITTLE = 200 * 2**20


def versions(here: Situation) -> Check:
    text = f"Python {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version}"
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        wanted = ".".join(map(str, OLDEST_SQLITE))
        return Check("versions", "fail", text, f"SQLite {wanted} or newer is needed: install a newer Python")
    return Check("versions", "ok", text)


def settings(here: Situation) -> Check:
    file = paths.config_file()
    try:
        config.load(file)
    except ClaudeMetricsError as error:
        what, _, rest = str(error).partition("; ")
        return Check("config", "fail", what, rest or "mend the file")
    return Check("config", "ok", str(file) if file.exists() else "defaults (no config file)")


def rights(here: Situation) -> Check:
    """Folders 0700, files 0600: they hold what was said."""
    if os.name == "nt":
        return Check("rights", "ok", "left to Windows")
    loose = list(_loose(here))
    if not loose:
        return Check("rights", "ok", "our folders and files are yours alone")
    text = f"{plural(len(loose), 'file or folder')} can be read by others: {loose[0]}"
    return Check("rights", "warn", text, "take the others' rights away", lambda: _tighten(loose))


def _loose(here: Situation) -> Iterator[Path]:
    if sys.platform == "win32":  # no owner, and no mode that says who may read
        return
    own = [paths.data_dir(), paths.config_file().parent, paths.log_file().parent, here.spool]
    files = [here.db_path, paths.config_file()]
    for folder in own:
        files += [path for path in folder.rglob("*") if not path.is_symlink()] if folder.is_dir() else []
    for path in dict.fromkeys([*own, *files]):
        try:
            found = path.lstat()
        except OSError:
            continue
        if not stat.S_ISLNK(found.st_mode) and found.st_uid == os.getuid() and found.st_mode & 0o077:
            yield path


def _tighten(loose: list[Path]) -> str:
    for path in loose:
        path.chmod(0o700 if path.is_dir() else 0o600)
    return f"{plural(len(loose), 'file or folder')} made yours alone"


def space(here: Situation) -> Check:
    folder = next(f for f in here.db_path.absolute().parents if os.path.lexists(f))
    if not folder.is_dir():
        return Check("space", "fail", f"a file stands where a folder should be; {folder}", "move it away")
    if not os.access(folder, os.W_OK):
        return Check("space", "fail", f"the folder cannot be written; {folder}", "mend its owner and mode")
    free = shutil.disk_usage(folder).free
    text = f"{free / 2**30:.1f} GiB free"
    return (
        Check("space", "warn", text, f"make room on the disk of {folder}")
        if free < LITTLE
        else Check("space", "ok", text)
    )


ALL = (versions, settings, rights, space)
