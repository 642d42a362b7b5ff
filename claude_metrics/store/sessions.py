"""The rows of `sessions`, as readers of transcripts, hooks and other databases write them. Totals are derived later."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

from claude_metrics.models import SessionFacts

_EARLIEST, _LATEST = ("first_record_at",), ("last_record_at", "ended_at")
_KEPT = ("opened_at", "project_path", "parent_session_id", "agent_type")
_NEWEST = (
    "forked_at", "session_kind",
    "agent_version", "end_reason", "permission_mode", "git_branch", "git_remote_url", "worktree", "title", "summary",
    "total_duration_ms", "total_api_duration_ms", "source_lines_added", "source_lines_removed", "source_cost_usd",
)  # fmt: skip
_COLUMNS = ("session_id", *_EARLIEST, *_LATEST, *_KEPT, *_NEWEST, "recorded_by")


def _merge_sql() -> str:
    sets = [f"{c} = min(coalesce({c}, excluded.{c}), coalesce(excluded.{c}, {c}))" for c in _EARLIEST]
    sets += [f"{c} = max(coalesce({c}, excluded.{c}), coalesce(excluded.{c}, {c}))" for c in _LATEST]
    sets += [f"{c} = coalesce({c}, excluded.{c})" for c in _KEPT]
    sets += [f"{c} = coalesce(excluded.{c}, {c})" for c in _NEWEST]
    marks = ", ".join("?" * len(_COLUMNS))
    return (
        f"insert into sessions ({', '.join(_COLUMNS)}) values ({marks})"
        f" on conflict (session_id) do update set {', '.join(sets)}"
    )


_UPSERT_SESSION = _merge_sql()


def upsert_session(connection: sqlite3.Connection, facts: SessionFacts, recorded_by: str) -> None:
    """The earliest beginning, the latest end, the first project, the newest of everything else."""
    renamed = {
        "source_lines_added": facts.lines_added,
        "source_lines_removed": facts.lines_removed,
        "source_cost_usd": facts.reported_cost_usd,
        "recorded_by": recorded_by,
        "git_branch": None if facts.git_branch == "HEAD" else facts.git_branch,  # a detached HEAD is on no branch
    }
    row = [renamed[c] if c in renamed else getattr(facts, c) for c in _COLUMNS]
    connection.execute(_UPSERT_SESSION, row)
    if facts.worktree and facts.project_path:
        save_worktree(connection, facts.session_id, facts.project_path, facts.worktree)


def save_worktree(connection: sqlite3.Connection, session_id: str, project_path: str, worktree: str) -> None:
    """Give a session in a linked worktree to the main checkout's project, also one stored without knowing that."""
    connection.execute(
        """update sessions set project_path = ?2, worktree = coalesce(worktree, ?3),
            project_name = case when project_path is ?2 then project_name end
        where session_id = ?1 and (project_path is not ?2 or worktree is null)""",
        (session_id, project_path, worktree),
    )


def save_reported_cost(connection: sqlite3.Connection, session_id: str, cost_usd: float) -> None:
    """Keep the cost that the hook of an older set-up was given; it never falls."""
    connection.execute(
        "update sessions set payload_cost_usd = max(coalesce(payload_cost_usd, 0), ?) where session_id = ?",
        (cost_usd, session_id),
    )


def save_remote_url(connection: sqlite3.Connection, session_id: str, url: str) -> None:
    """Keep the URL of the repository's remote, without credentials."""
    connection.execute(
        "update sessions set git_remote_url = ?1 where session_id = ?2 and git_remote_url is not ?1", (url, session_id)
    )


def end_at_last_record(connection: sqlite3.Connection, session_ids: Iterable[str], reason: str) -> None:
    """End sessions, for `reason`, at the last record that their transcripts have."""
    connection.executemany(
        "update sessions set ended_at = last_record_at, end_reason = ? where session_id = ?",
        [(reason, session_id) for session_id in session_ids],
    )


_FILLED = ("recorded_by", "machine_id", "project_name", "forked_totals", "payload_cost_usd")
_FILL = """update sessions set recorded_by = case when machine_id is null then :recorded_by else recorded_by end,
    machine_id = coalesce(machine_id, :machine_id), project_name = coalesce(project_name, :project_name),
    forked_totals = coalesce(forked_totals, :forked_totals),
    payload_cost_usd = max(coalesce(payload_cost_usd, :payload_cost_usd), coalesce(:payload_cost_usd, payload_cost_usd))
    where session_id = :session_id and (machine_id is null or project_name is null and :project_name is not null
        or forked_totals is null and :forked_totals is not null
        or :payload_cost_usd > coalesce(payload_cost_usd, -1))"""


def fill(connection: sqlite3.Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Complete sessions by what another database says and no transcript does; what is stored here stands."""
    blank: dict[str, Any] = dict.fromkeys(_FILLED)
    connection.executemany(_FILL, [{**blank, **row} for row in rows])


def copy_recorders(connection: sqlite3.Connection, schema: str) -> None:
    """Take over, from the attached database `schema`, by which door and on which machine sessions were recorded."""
    connection.execute(
        f"""update sessions set recorded_by = o.recorded_by, machine_id = coalesce(o.machine_id, sessions.machine_id)
        from {schema}.sessions o where o.session_id = sessions.session_id"""
    )
