"""What was spent lately and how the last session ended: read over the views, read-only, never waited for."""

import json
import os
import sqlite3
import time
from contextlib import closing
from datetime import datetime

from claude_metrics.context import zones
from claude_metrics.context.settings import Settings

BUSY_S = 0.25  # a writer's commit takes a few ms; whoever holds the database longer is not waited for
STEPS = 1000  # of SQLite's machine, between two looks at the clock
# How `store.summaries` marks the next steps that are no items of a plan; "last: " until version 0.2.
OTHER_STEPS = ("last: ", "check failed: ", "question: ")


class LastSession:
    """How it ended. `unfinished` are the items of its plan that were not done, `checks` its tests and the like."""

    outcome: str | None = None  # as the agent itself has put it
    plan_progress: str | None = None

    def __init__(self, row: sqlite3.Row) -> None:
        self.session_id: str = row["session_id"]
        self.agent: str = row["agent"]
        self.ended_at = _seconds(row["end_time"] or row["start_time"])
        self.status: str | None = row["status"]
        self.end_reason: str | None = row["end_reason"]
        self.title: str | None = row["title"] or row["first_prompt"]
        self.cost_usd: float | None = row["total_cost_usd"]
        self.commits: int = row["commits"] or 0
        self.lines_added: int | None = row["lines_added"]
        self.lines_removed: int | None = row["lines_removed"]
        self.unfinished: list[str] = []
        self.checks: list[str] = []


class Spend:
    """USD of this project; `*_left_usd` is what all projects together have left, negative when it is exceeded."""

    today_usd: float = 0.0
    week_usd: float = 0.0
    week_unpriced_tokens: int = 0
    budget_daily_usd: float | None = None
    daily_left_usd: float | None = None
    budget_monthly_usd: float | None = None
    monthly_left_usd: float | None = None
    last_session: LastSession | None = None


def read(db: str, root: str, settings: Settings, now: float, until: float, session_id: str = "") -> Spend | None:
    """None when there is no database, or none that can be read by `until` (on `time.monotonic`'s clock)."""
    if not os.path.isfile(db):
        return None
    try:
        with closing(_open(db, until)) as connection:
            return _read(connection, _Workspace(root), settings, now, session_id)
    except (sqlite3.Error, OSError, ValueError):
        return None


def _open(db: str, until: float) -> sqlite3.Connection:
    connection = sqlite3.connect(f"file:{_quoted(os.path.abspath(db))}?mode=ro", uri=True, timeout=BUSY_S)
    connection.execute("pragma query_only = on")
    connection.set_progress_handler(lambda: time.monotonic() > until, STEPS)
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    connection.row_factory = sqlite3.Row
    return connection


def _quoted(path: str) -> str:
    for mark in "%?#":
        path = path.replace(mark, f"%{ord(mark):x}")
    return path


class _Workspace:
    """The workspace's folder and all below it, as SQL: sessions begin in any of them."""

    def __init__(self, root: str) -> None:
        terms, self.values = [], list[str]()
        for folder in dict.fromkeys((root, os.path.realpath(root))):
            below = folder.rstrip(os.sep) + os.sep
            terms.append("project_path = ? or (project_path >= ? and project_path < ?)")
            self.values += [folder, below, below[:-1] + chr(ord(os.sep) + 1)]
        self.sql = f"({' or '.join(terms)})"


def _read(
    connection: sqlite3.Connection, workspace: _Workspace, settings: Settings, now: float, session_id: str
) -> Spend:
    spend = Spend()
    today, monday, first = zones.begins(now, zones.zone(settings.timezone))
    spend.today_usd, _ = _sum(connection, (today, now), workspace)
    spend.week_usd, spend.week_unpriced_tokens = _sum(connection, (monday, now), workspace)
    if settings.budget_daily_usd > 0:
        spend.budget_daily_usd = settings.budget_daily_usd
        spend.daily_left_usd = settings.budget_daily_usd - _sum(connection, (today, now))[0]
    if settings.budget_monthly_usd > 0:
        spend.budget_monthly_usd = settings.budget_monthly_usd
        spend.monthly_left_usd = settings.budget_monthly_usd - _sum(connection, (first, now))[0]
    spend.last_session = _last_session(connection, workspace, session_id)
    return spend


def _sum(
    connection: sqlite3.Connection, between: tuple[float, float], workspace: _Workspace | None = None
) -> tuple[float, int]:
    sql = "select coalesce(sum(cost_usd), 0), coalesce(sum(unpriced_tokens), 0) from v_usage where time between ? and ?"
    where, values = (f" and {workspace.sql}", workspace.values) if workspace else ("", [])
    row = connection.execute(sql + where, [*map(int, between), *values]).fetchone()
    return float(row[0]), int(row[1])


def _last_session(connection: sqlite3.Connection, workspace: _Workspace, session_id: str) -> LastSession | None:
    row = connection.execute(
        f"""select session_id, agent, end_time, start_time, status, end_reason, title, first_prompt, total_cost_usd,
            commits, lines_added, lines_removed from v_sessions
            where {workspace.sql} and session_id <> ? and parent_session_id is null
            order by coalesce(end_time, start_time) desc limit 1""",
        [*workspace.values, session_id],
    ).fetchone()
    if row is None:
        return None
    last = LastSession(row)
    _add_summary(connection, last)
    return last


def _add_summary(connection: sqlite3.Connection, last: LastSession) -> None:
    columns = "outcome, plan_progress, next_steps, verification_results"
    try:
        row = connection.execute(
            f"select {columns} from v_session_summaries where session_id = ?", [last.session_id]
        ).fetchone()
    except sqlite3.OperationalError as error:
        if "no such" not in str(error):
            raise
        return  # a database of an earlier version
    if row:
        last.outcome, last.plan_progress = row["outcome"], row["plan_progress"]
        last.unfinished = [step for step in _texts(row["next_steps"]) if not step.startswith(OTHER_STEPS)]
        last.checks = _texts(row["verification_results"])


def _texts(stored: str | None) -> list[str]:
    """A JSON list of texts; what else is there is passed over."""
    try:
        value = json.loads(stored or "[]")
    except (ValueError, RecursionError):
        return []
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _seconds(text: str | None) -> float | None:
    return datetime.fromisoformat(text).timestamp() if text else None
