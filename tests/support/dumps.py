"""What two databases must agree on: every row of every table, without the times of recording."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

# when, by whom and how often something was recorded may differ; what was recorded may not
VOLATILE = {"updated_at", "recorded_by", "machine_id", "received_at", "started_at", "finished_at", "outcome"}
WHEN = {
    "recordings": VOLATILE | {"id", "bytes_read"},
    "meta": {"value"},
    "turns": VOLATILE - {"started_at"},
    "cost_states": VOLATILE - {"started_at"},
    "tool_calls": VOLATILE - {"finished_at"},
}
PASSED_OVER = ("_sqlite_migrations", "rates")

Dump = dict[str, list[tuple[Any, ...]]]


def dump(path: Path, *without: str) -> Dump:
    """All tables, sorted; `without` names columns or tables to leave out."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
        assert connection.execute("pragma foreign_key_check").fetchall() == []
        tables = [row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")]
        kept = [name for name in tables if name not in (*PASSED_OVER, *without) and not name.startswith("sqlite_")]
        return {name: _rows(connection, name, WHEN.get(name, VOLATILE) | set(without)) for name in sorted(kept)}


def _rows(connection: sqlite3.Connection, table: str, without: set[str]) -> list[tuple[Any, ...]]:
    cursor = connection.execute(f'select * from "{table}"')
    places = [place for place, column in enumerate(cursor.description) if column[0] not in without]
    return sorted((tuple(row[place] for place in places) for row in cursor), key=repr)


def count(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute(f"select count(*) from {table}").fetchone()[0])
