"""Read another claude-metrics database, of this or an older version, perhaps a damaged one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.maintenance.group import Group, Row
from claude_metrics.models import Copy, CostState, Observation, ProcessLink, Request, ToolCall
from claude_metrics.models.details import Agent, ApiError, Compaction
from claude_metrics.store import connection as database
from claude_metrics.store import identity
from claude_metrics.store import recordings as recordings_table
from claude_metrics.store.version import LATEST


def connect(other: Path, salvage: bool = False) -> sqlite3.Connection:
    source = database.connect_readonly(other)
    version = source.execute("pragma user_version").fetchone()[0]
    if version > LATEST:
        source.close()
        raise ClaudeMetricsError(
            f"the database is of a newer claude-metrics (version {version}, this one knows {LATEST}); {other};"
            " update claude-metrics first"
        )
    if salvage:
        source.execute("pragma cell_size_check = on")
    return source


def is_ours(other: Path) -> bool:
    """A database that this program made, of whatever version, and not its predecessor's."""
    with closing(database.connect_readonly(other)) as source:
        return identity.is_ours(source)


def session_ids(source: sqlite3.Connection) -> list[str]:
    """Parents before their forks, so that owners are known early."""
    return [
        row[0]
        for row in source.execute(
            "select session_id from sessions not indexed order by coalesce(start_time, ''), session_id"
        )
    ]


def groups(source: sqlite3.Connection, ids: Sequence[str], salvage: bool, lost: list[str]) -> Iterator[Group]:
    """All that is stored of `ids` as one group; of a damaged file a group for each session that can be read.

    Sessions that cannot be read are added to `lost`.
    """
    try:
        yield _group(source, ids, past_indexes=salvage and len(ids) > 1)
        return
    except (sqlite3.DatabaseError, ValueError, TypeError) as error:
        if not salvage:
            raise ClaudeMetricsError(
                f"the other database cannot be read ({error}); {_file(source)}; mend it with"
                " `claude-metrics doctor --fix --db-path FILE`"
            ) from error
    for session_id in ids if len(ids) > 1 else ():
        yield from groups(source, [session_id], salvage, lost)
    lost += ids if len(ids) == 1 else ()


def _file(source: sqlite3.Connection) -> str:
    return str(source.execute("pragma database_list").fetchone()[2])


def _group(source: sqlite3.Connection, ids: Sequence[str], past_indexes: bool) -> Group:
    requests = [named_row(Request, row) for row in _rows(source, "token_usage", ids, past_indexes)]
    states = [named_row(CostState, row) for row in _rows(source, "cost_states", ids, past_indexes)]
    derived = {state.session_id for state in states}  # their unlisted requests are found anew
    return Group(
        _rows(source, "sessions", ids, past_indexes),
        [row for row in requests if row.kind == "message" or row.session_id not in derived],
        [named_row(ToolCall, row) for row in _rows(source, "tool_calls", ids, past_indexes)],
        _rows(source, "turns", ids, past_indexes),
        [named_row(Copy, row) for row in _rows(source, "copies", ids, past_indexes)],
        states,
        [named_row(ProcessLink, row) for row in _rows(source, "process_links", ids, past_indexes)],
        _rows(source, "commits", ids, past_indexes),
        [
            named_row(Observation, row)
            for row in _rows(source, "observations", ids, past_indexes)
            if row.get("tool_call_id")
        ],
        _rows(source, "facets", ids, past_indexes),
        [named_row(Agent, row) for row in _rows(source, "agents", ids, past_indexes)],
        [named_row(Compaction, row) for row in _rows(source, "compactions", ids, past_indexes)],
        [named_row(ApiError, row) for row in _rows(source, "api_errors", ids, past_indexes)],
    )


def _rows(source: sqlite3.Connection, table: str, ids: Sequence[str], past_indexes: bool) -> list[Row]:
    """Rows by column name; an older database may lack a table."""
    if not source.execute("select 1 from sqlite_master where name = ?", (table,)).fetchone():
        return []
    marks = ", ".join("?" * len(ids))
    try:
        found = source.execute(f"select * from {table} where session_id in ({marks})", [*ids])
        return [dict(row) for row in found]
    except sqlite3.DatabaseError:
        if not past_indexes:
            raise
    wanted = set(ids)
    return [dict(row) for row in source.execute(f"select * from {table}") if row["session_id"] in wanted]


def named_row(kind: Any, row: Row) -> Any:
    """A named tuple of the columns that both know."""
    return kind(**{name: row[name] for name in kind._fields if name in row})


def recordings(source: sqlite3.Connection, salvage: bool) -> list[tuple[Any, ...]]:
    """The log of runs; of a damaged file nothing where it cannot be read."""
    columns = ", ".join(recordings_table.COLUMNS)
    try:
        return [tuple(row) for row in source.execute(f"select {columns} from recordings order by id")]
    except sqlite3.DatabaseError:
        if not salvage:
            raise
        return []
