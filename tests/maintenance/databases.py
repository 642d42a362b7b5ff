"""Databases of recorded sessions: how they are made, read, compared and merged."""

import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from claude_metrics import paths
from claude_metrics.agents import RECORDED
from claude_metrics.config import Config
from claude_metrics.maintenance import merge as importing
from claude_metrics.recording import sync
from claude_metrics.store import connection as database

Cli = Callable[..., subprocess.CompletedProcess[str]]
FACTS = (
    "sessions",
    "token_usage",
    "model_usages",
    "tool_calls",
    "turns",
    "copies",
    "cost_states",
    "commits",
    "observations",
)
DERIVED = ("usage_15min", "session_summaries")


def record(db_path: Path | None = None) -> Path:
    """Everything on disk, into a database."""
    db_path = db_path or paths.database_file()
    found, known = sync.look(db_path, RECORDED)
    assert sync.run(db_path, found, known).failed == 0
    return db_path


def rows(db_path: Path, *tables: str, without: tuple[str, ...] = ("updated_at", "place_id")) -> dict[str, list[tuple]]:
    """Every row of `tables`, in an order of their own."""
    with closing(sqlite3.connect(db_path)) as db:
        found = {}
        for table in tables or (*FACTS, *DERIVED):
            names = [row[1] for row in db.execute(f"pragma table_info({table})") if row[1] not in without]
            found[table] = sorted(db.execute(f"select {', '.join(names)} from {table}"), key=repr)
        return found


def totals(db_path: Path) -> dict[str, tuple]:
    with closing(sqlite3.connect(db_path)) as db:
        columns = "total_cost_usd, reported_cost_usd, input_tokens, output_tokens, start_time, end_time"
        return {row[0]: row[1:] for row in db.execute(f"select session_id, {columns} from sessions")}


def merge(other: Path, target: Path | None = None, settings: Config | None = None) -> importing.Imported:
    with closing(database.connect(target or paths.database_file())) as db:
        return importing.merge(db, other, settings or Config())


def parents(db_path: Path) -> dict[str, str | None]:
    with closing(sqlite3.connect(db_path)) as db:
        return dict(db.execute("select session_id, parent_session_id from sessions"))


def scramble(db_path: Path) -> None:
    """Random-looking bytes over every page but the first."""
    raw = bytearray(db_path.read_bytes())
    for start in range(8192, len(raw), 4096):
        raw[start : start + 200] = bytes((start // 4096 + place * 37) % 256 for place in range(200))
    db_path.write_bytes(raw)
