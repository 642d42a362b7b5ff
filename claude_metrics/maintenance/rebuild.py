"""Build the database anew: first from what is on disk, then the stored rows are merged in, so nothing stored is lost.

The result is compared with what is stored; to replace it, its pages are written over the old ones in one transaction
(SQLite's backup API), so that readers never see half of it and a crash leaves the old one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from claude_metrics import config, paths
from claude_metrics.agents import RECORDED
from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.maintenance import merge as importing
from claude_metrics.maintenance.alone import alone
from claude_metrics.paths import work
from claude_metrics.recording import sync
from claude_metrics.store import backup, meta, reprice, sessions, tombstones
from claude_metrics.store import connection as database
from claude_metrics.store.transaction import transaction

KEYS = {
    "sessions": ("session_id",),
    "token_usage": ("id",),
    "tool_calls": ("tool_call_id",),
    "turns": ("prompt_id",),
    "cost_states": ("cost_state_id",),
    "model_usages": ("session_id", "model"),
    "commits": ("repository", "sha"),
    "observations": ("observation_id",),
    "agents": ("session_id", "agent_id"),
    "compactions": ("compaction_id",),
    "api_errors": ("api_error_id",),
    "session_summaries": ("session_id",),
    "facets": ("session_id",),
}
# When and how a row was written, not what it says; where in a transcript a total stands.
IGNORED = (
    *("updated_at", "recorded_by", "place_id"),
    *("process", "position", "follows", "fresh", "interactive"),
)
EXAMPLES = 10


@dataclass(slots=True)
class Difference:
    """Rows of one table: `missing` are stored and would not be in the new one, `added` the other way round."""

    same: int = 0
    changed: int = 0
    added: int = 0
    missing: int = 0


@dataclass(slots=True)
class Comparison:
    tables: dict[str, Difference] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)

    @property
    def differs(self) -> bool:
        return any(each.changed or each.added or each.missing for each in self.tables.values())


def rebuild(db_path: Path, check: bool) -> Comparison:
    """Compare, and without `check` replace. Raises ClaudeMetricsError, with the stored database as it was."""
    database.connect_current(db_path).close()  # the same definitions on both sides
    with _alone(check), beside(db_path) as fresh, closing(database.connect_readonly(db_path)) as stored:
        stamp = _stamp(stored)
        with closing(build(db_path, fresh)) as new:
            found = compare(new, db_path)
            if check:
                return found
            if _stamp(stored) != stamp:
                importing.merge(new, db_path, config.lenient())
            stored.close()
            backup.overwrite(new, db_path)
    return found


@contextmanager
def _alone(check: bool) -> Iterator[None]:
    """No worker writes meanwhile; its events wait in the spool."""
    with nullcontext() if check else alone(paths.spool_dir()):
        yield


@contextmanager
def beside(db_path: Path) -> Iterator[Path]:
    """The path of a new database, in a private folder outside the one that is mounted; it goes at the end."""
    with ExitStack() as stack:
        try:
            folder = paths.private_dir(stack.enter_context(work.noted("rebuild", db_path=str(db_path))))
        except OSError as error:
            raise ClaudeMetricsError(
                f"cannot build a new database ({error.strerror}); {work.folder()}; check its owner and free space"
            ) from error
        yield folder / "new.db"


def build(db_path: Path | None, fresh: Path) -> sqlite3.Connection:
    """A new database at `fresh`: all that the agents have on disk, and the rows of `db_path`."""
    settings = config.lenient()
    new = database.connect(fresh)
    try:
        if db_path:
            keep_identity(new, db_path)
        settings = reprice.refresh(new, settings)
        found, known = sync.look(fresh, RECORDED)
        sync.run(fresh, found, known)
        if db_path:
            importing.merge(new, db_path, settings)
            _keep_recorders(new, db_path)
    except BaseException:
        new.close()
        raise
    return new


def keep_identity(new: sqlite3.Connection, db_path: Path) -> None:
    """The machine's name, what was purged, and how a fork began whose parent was."""
    with closing(database.connect_readonly(db_path)) as stored:
        rows = stored.execute("select key, value from meta where key not in ('views', 'prices')").fetchall()
        with transaction(new):
            for key, value in rows:
                meta.put(new, key, value)
        purged = stored.execute("select key from purged").fetchall()
        with transaction(new):
            tombstones.add(new, (row[0] for row in purged))


def _keep_recorders(new: sqlite3.Connection, db_path: Path) -> None:
    """Whether the hook or a sync recorded it, and on which machine."""
    with _attached(new, db_path), transaction(new):
        sessions.copy_recorders(new, "stored")


@contextmanager
def _attached(new: sqlite3.Connection, db_path: Path) -> Iterator[None]:
    new.execute("attach ? as stored", (str(db_path),))
    try:
        yield
    finally:
        new.execute("detach stored")


def _stamp(stored: sqlite3.Connection) -> int:
    """Changes when another connection commits."""
    return int(stored.execute("pragma data_version").fetchone()[0])


# -- comparing ----------------------------------------------------------------------


def compare(new: sqlite3.Connection, db_path: Path) -> Comparison:
    """Row by row, by key."""
    found = Comparison()
    with _attached(new, db_path):
        for table in KEYS:
            found.tables[table] = _difference(new, table, found.examples)
    return found


def _difference(new: sqlite3.Connection, table: str, examples: list[str]) -> Difference:
    join = " and ".join(f"n.{key} = o.{key}" for key in KEYS[table])
    stored = {row[1] for row in new.execute(f"pragma stored.table_info({table})")}  # perhaps of an older version
    columns = [row[1] for row in new.execute(f"pragma main.table_info({table})") if row[1] in stored - {*IGNORED}]
    differs = " or ".join(f"{_rounded('n.' + c)} is not {_rounded('o.' + c)}" for c in columns)
    both = f"from main.{table} n join stored.{table} o on {join}"
    total, changed = new.execute(f"select count(*), total({differs}) {both}").fetchone()
    key = " || ' ' || ".join(f"n.{key}" for key in KEYS[table])
    for row in new.execute(f"select {key} {both} where {differs} limit {EXAMPLES - len(examples)}").fetchall():
        names = _changed(new, table, columns, join, key, row[0])
        examples.append(f"{table} {row[0]}: {', '.join(names)}")
    counts = [new.execute(f"select count(*) from {where}.{table}").fetchone()[0] for where in ("main", "stored")]
    return Difference(total - int(changed), int(changed), counts[0] - total, counts[1] - total)


def _changed(new: sqlite3.Connection, table: str, columns: list[str], join: str, key: str, value: str) -> list[str]:
    tests = ", ".join(f"{_rounded('n.' + c)} is not {_rounded('o.' + c)}" for c in columns)
    row = new.execute(
        f"select {tests} from main.{table} n join stored.{table} o on {join} where {key} = ?", (value,)
    ).fetchone()
    return [column for column, differs in zip(columns, row or (), strict=False) if differs]


def _rounded(column: str) -> str:
    """Sums of dollars may differ in their last bit, by the order of adding."""
    return f"round({column}, 9)" if column.endswith("_usd") else column
