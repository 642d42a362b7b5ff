"""The database: whole, of our version, and open to a reader with Grafana's rights."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from claude_metrics import paths
from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.health import mend
from claude_metrics.health.check import Check, Situation, plural
from claude_metrics.paths import work
from claude_metrics.store import connection as database
from claude_metrics.store.version import LATEST


def integrity(here: Situation) -> Check:
    if not here.db_path.exists():
        return Check("database", "warn", f"there is none yet; {here.db_path}", "run `claude-metrics sync`")
    try:
        with closing(_open(here.db_path)) as connection:
            return _inspected(here, connection)
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            return _damaged(here, str(error))
        return Check("database", "fail", *_split(database.remedy(error, here.db_path)))
    except OSError as error:
        return Check(
            "database", "fail", f"cannot be opened: {error.strerror}; {here.db_path}", "mend its owner and mode"
        )


def is_damage(error: sqlite3.DatabaseError) -> bool:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _open(path: Path) -> sqlite3.Connection:
    with path.open("rb"):
        pass
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=database.BUSY_MS / 1000)
    connection.execute(f"pragma busy_timeout = {database.BUSY_MS}")
    return connection


def _inspected(here: Situation, connection: sqlite3.Connection) -> Check:
    version = connection.execute("pragma user_version").fetchone()[0]
    if version > LATEST:
        text = f"it is of a newer claude-metrics (version {version}, this one knows {LATEST}); {here.db_path}"
        return Check("database", "fail", text, "update claude-metrics; nothing was changed")
    problems = [row[0] for row in connection.execute("pragma quick_check(3)")]
    if problems != ["ok"]:
        return _damaged(here, problems[0].splitlines()[-1])
    mode = connection.execute("pragma journal_mode").fetchone()[0]
    size = here.db_path.stat().st_size / 2**20
    text = f"whole, version {version}, journal {mode}, {size:.1f} MiB; {here.db_path}"
    if version and mode != here.settings.journal_mode:
        return Check(
            "database", "warn", f"{text}; the config says {here.settings.journal_mode}", "the next recording sets it"
        )
    return Check("database", "ok", text)


def _damaged(here: Situation, problem: str) -> Check:
    text = f"damaged: {problem}; {here.db_path}"
    remedy = "run `claude-metrics doctor --fix`: it is set aside and rebuilt"
    return Check("database", "fail", text, remedy, lambda: mend.mend(here.db_path, here.spool))


def _split(line: str) -> tuple[str, str]:
    what, _, remedy = line.rpartition("; ")
    return what or line, remedy


# -- a reader with Grafana's rights ---------------------------------------------------


def reader(here: Situation) -> Check:
    """Grafana opens the file `mode=ro` in a folder it cannot write: tried so, through a second name of the file."""
    if not here.db_path.exists():
        return Check("reader", "ok", "nothing to read yet")
    try:
        sessions, mode = _read_as_grafana(here.db_path)
    except (sqlite3.DatabaseError, ClaudeMetricsError, OSError) as error:
        return Check(
            "reader",
            "fail",
            f"a reader cannot open it: {error}",
            "see the line of the database; or set journal_mode delete",
        )
    if mode == "wal":
        text = "journal mode wal: a reader must be able to write in the folder"
        return Check("reader", "warn", text, "run `claude-metrics config set journal_mode delete`")
    return Check("reader", "ok", f"can read {plural(sessions, 'session')} from a read-only folder")


def _read_as_grafana(path: Path) -> tuple[int, str]:
    with work.noted("reader") as folder:
        linked = _linked(path, paths.private_dir(folder))
        folder.chmod(0o500)
        with closing(database.connect_readonly(linked)) as connection:
            mode = str(connection.execute("pragma journal_mode").fetchone()[0])
            made = connection.execute("select 1 from sqlite_master where name = 'v_sessions'").fetchone()
            sessions = connection.execute("select count(*) from v_sessions").fetchone()[0] if made else 0
        return int(sessions), mode


def _linked(path: Path, folder: Path) -> Path:
    try:
        os.link(path, folder / path.name)
    except OSError:  # another disk, or a file system without links
        return path
    return folder / path.name


ALL = (integrity, reader)
