"""The database of the predecessor at `~/.claude/claude_metrics.db`: which tables and columns it has is found by name.

Several spellings of a column are known, everything else is left alone. Its usage rows mostly lack the ids by which a
request is counted once: such rows count only while no transcript of their session was read (`store.ownership`).
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from claude_metrics import clock
from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.maintenance.group import GROUP, Group
from claude_metrics.models import Request, ToolCall, key_of
from claude_metrics.store.ownership import IMPORTED
from claude_metrics.text import session_name

Row = dict[str, Any]
LIMIT = 2**40
TABLES = {
    "sessions": ("sessions", "session", "claude_sessions"),
    "usage": ("token_usage", "token_usages", "usage", "messages", "requests", "api_calls"),
    "models": ("model_usages", "model_usage"),
    "calls": ("tool_calls", "tool_usage", "tool_uses", "tools"),
    "commits": ("commits", "git_commits"),
}
SESSION_ID = ("session_id", "sessionid", "session_uuid", "session", "id", "uuid")
NAMES: dict[str, tuple[str, ...]] = {
    "start": ("start_time", "started_at", "first_record_at", "session_start", "created_at", "timestamp"),
    "end": (
        "end_time",
        "ended_at",
        "last_record_at",
        "session_end",
        "updated_at",
        "start_time",
        "created_at",
        "timestamp",
    ),
    "time": ("timestamp", "created_at", "recorded_at", "time", "date"),
    "reason": ("end_reason", "reason"),
    "project": ("project_path", "cwd", "project_dir", "directory", "working_directory", "project"),
    "project_name": ("project_name", "project"),
    "branch": ("git_branch", "branch"),
    "remote": ("git_remote_url", "git_remote", "remote_url"),
    "version": ("agent_version", "claude_version", "version"),
    "mode": ("permission_mode",),
    "title": ("title", "session_title"),
    "summary": ("summary",),
    "model": ("model", "model_name", "model_id", "primary_model"),
    "cost": ("cost_usd", "total_cost_usd", "cost", "total_cost"),
    "duration": ("total_duration_ms", "duration_ms"),
    "api_duration": ("total_api_duration_ms", "api_duration_ms"),
    "lines_added": ("lines_added", "total_lines_added"),
    "lines_removed": ("lines_removed", "total_lines_removed", "lines_deleted"),
    "input": ("input_tokens", "total_input_tokens", "prompt_tokens"),
    "output": ("output_tokens", "total_output_tokens", "completion_tokens"),
    "written": (
        "cache_creation_tokens",
        "cache_creation_input_tokens",
        "cache_write_tokens",
        "total_cache_creation_tokens",
    ),
    "read": ("cache_read_tokens", "cache_read_input_tokens", "total_cache_read_tokens"),
    "hourly": ("cache_creation_1h_tokens", "ephemeral_1h_input_tokens"),
    "searches": ("web_search_requests",),
    "message_id": ("message_id",),
    "request_id": ("request_id",),
    "agent_id": ("agent_id",),
    "call_id": ("tool_call_id", "tool_use_id", "tool_id", "id"),
    "tool": ("tool_name", "tool", "name"),
    "success": ("success", "succeeded", "ok"),
    "call_duration": ("duration_ms",),
    "file": ("file_path",),
    "repository": ("repository", "repo", "repo_path", "repository_path", "project_path"),
    "sha": ("sha", "commit_hash", "hash", "commit_sha"),
    "message": ("message", "commit_message", "subject"),
    "author": ("author_name", "author"),
    "email": ("author_email", "email"),
    "committed": ("committed_at", "timestamp", "commit_time", "created_at", "date"),
    "files": ("files_changed",),
}


def groups(source: sqlite3.Connection, here: sqlite3.Connection, path: Path) -> Iterator[Group]:
    """All its sessions, some at a time."""
    tables = {row[0].lower(): row[0] for row in source.execute("select name from sqlite_master where type = 'table'")}
    found = {what: next((tables[n] for n in names if n in tables), None) for what, names in TABLES.items()}
    sessions = _sessions(_all(source, found["sessions"]))
    if not sessions:
        raise ClaudeMetricsError(f"no sessions were found in that database; {path}; is it the right file?")
    parts = {what: _by_session(_all(source, name)) for what, name in found.items() if what != "sessions"}
    names = list(sessions)
    for start in range(0, len(names), GROUP):
        some = {name: sessions[name] for name in names[start : start + GROUP]}
        yield _group(some, parts, _known_commits(here), _read_here(here, list(some)))


def _all(source: sqlite3.Connection, table: str | None) -> list[Row]:
    if table is None:
        return []
    rows = source.execute(f'select * from "{table.replace(chr(34), chr(34) * 2)}"')
    return [{key.lower(): row[key] for key in row.keys()} for row in rows]  # noqa: SIM118 - sqlite3.Row


def _sessions(rows: Sequence[Row]) -> dict[str, Row]:
    return {name: row for row in rows if (name := _session_id(row))}


def _session_id(row: Row, names: Sequence[str] = SESSION_ID) -> str | None:
    value = next((row[name] for name in names if row.get(name) is not None), None)
    return session_name(str(value)) if value not in (None, "") else None


def _by_session(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        if name := _session_id(row, SESSION_ID[:4]):
            found.setdefault(name, []).append(row)
    return found


def _known_commits(here: sqlite3.Connection) -> set[str]:
    return {row[0] for row in here.execute("select sha from commits where evidence > 0")}


def _read_here(here: sqlite3.Connection, sessions: Sequence[str]) -> set[str]:
    """Those whose transcript was read: it knows better when they began, and what was billed."""
    marks = ", ".join("?" * len(sessions))
    rows = here.execute(
        f"""select distinct session_id from token_usage where session_id in ({marks}) and kind = 'message'
        and message_id not glob '{IMPORTED}*'""",
        [*sessions],
    )
    return {row[0] for row in rows}


# -- its rows as ours ---------------------------------------------------------------


def _group(
    sessions: dict[str, Row], parts: Mapping[str, dict[str, list[Row]]], known_commits: set[str], read: set[str]
) -> Group:
    requests: list[Request] = []
    calls: list[ToolCall] = []
    commits: list[Row] = []
    for name, row in sessions.items():
        requests += _requests(name, row, parts) if name not in read else []
        calls += [call for each in parts["calls"].get(name, []) if (call := _call(name, each))]
        made = [commit for each in parts["commits"].get(name, []) if (commit := _commit(name, each))]
        commits += [commit for commit in made if commit["sha"] not in known_commits]
    counted = {row.session_id for row in requests}
    facts = [_facts(name, row, name in counted, name in read) for name, row in sessions.items()]
    return Group(facts, requests, calls, [], [], [], [], commits, [], [])


def _facts(name: str, row: Row, counted: bool, read: bool) -> Row:
    start, end = (None, None) if read else (_time(row, "start"), _time(row, "end"))
    project = _text(row, "project_name") or ""
    return {
        "session_id": name, "agent_type": _text(row, "agent_type") or "claude_code",
        "agent_version": _text(row, "version"), "first_record_at": start, "last_record_at": end, "ended_at": end,
        "end_reason": _text(row, "reason"), "permission_mode": _text(row, "mode"),
        "project_path": _text(row, "project"), "project_name": project if project and "/" not in project else None,
        "git_branch": _text(row, "branch"), "git_remote_url": _text(row, "remote"), "title": _text(row, "title"),
        "summary": _text(row, "summary"), "total_duration_ms": _number(row, "duration"),
        "total_api_duration_ms": _number(row, "api_duration"), "source_lines_added": _number(row, "lines_added"),
        "source_lines_removed": _number(row, "lines_removed"), "source_cost_usd": _cost(row),
        "payload_cost_usd": None if counted or read else _cost(row), "recorded_by": "hook",
    }  # fmt: skip


def _requests(name: str, session: Row, parts: Mapping[str, dict[str, list[Row]]]) -> list[Request]:
    """A row per request where it has them, else per model, else one for the session."""
    end = _time(session, "end") or clock.from_seconds(0)
    for what in ("usage", "models"):
        rows = [_request(name, row, end, f"{what}:{number}") for number, row in enumerate(parts[what].get(name, []))]
        if kept := [row for row in rows if _has_tokens(row) or row.cost_usd]:
            return kept
    alone = _request(name, session, end, "session")
    return [alone] if _has_tokens(alone) else []


def _has_tokens(row: Request) -> bool:
    return any((row.input_tokens, row.output_tokens, row.cache_creation_tokens, row.cache_read_tokens))


def _request(name: str, row: Row, end: str, key: str) -> Request:
    message, request = _get(row, "message_id"), _get(row, "request_id")
    known = bool(message and request)
    written = _tokens(row, "written")
    hourly = min(written, _tokens(row, "hourly"))
    return Request(
        id=key_of("claude_code", str(message), str(request)) if known else key_of("imported", name, key),
        session_id=name,
        timestamp=_time(row, "time") or end,
        model=str(_get(row, "model") or "unknown").removesuffix("[1m]"),
        input_tokens=_tokens(row, "input"),
        output_tokens=_tokens(row, "output"),
        cache_creation_tokens=written,
        cache_read_tokens=_tokens(row, "read"),
        cache_creation_5m_tokens=written - hourly,
        cache_creation_1h_tokens=hourly,
        web_search_requests=_tokens(row, "searches"),
        message_id=str(message) if known else IMPORTED + key,
        request_id=str(request) if known else None,
        agent_id=str(_get(row, "agent_id") or "") or None,
        cost_usd=_cost(row),
    )


def _call(name: str, row: Row) -> ToolCall | None:
    call = _get(row, "call_id")
    tool = _get(row, "tool")
    if not tool or not isinstance(call, str):  # a number counts anew in every database
        return None
    success = _get(row, "success")
    return ToolCall(
        tool_call_id=call,
        session_id=name,
        timestamp=_time(row, "time"),
        tool_name=str(tool),
        success=None if success is None else int(bool(success)),
        duration_ms=_number(row, "call_duration"),
        file_path=_text(row, "file"),
    )


def _commit(name: str, row: Row) -> Row | None:
    sha, repository = _get(row, "sha"), _get(row, "repository")
    if not isinstance(sha, str) or not re.fullmatch(r"[0-9a-f]{7,64}", sha):
        return None
    return {
        "session_id": name, "repository": str(repository or "unknown"), "sha": sha, "message": _text(row, "message"),
        "author_name": _text(row, "author"), "author_email": _text(row, "email"),
        "committed_at": _time(row, "committed"), "branch": _text(row, "branch"), "files_changed": _number(row, "files"),
        "lines_added": _number(row, "lines_added"), "lines_deleted": _number(row, "lines_removed"),
        "attribution": "inferred", "reachable": 1, "evidence": 0,
    }  # fmt: skip


# -- values of unknown shape --------------------------------------------------------


def _get(row: Row, what: str) -> Any:
    return next((row[name] for name in NAMES.get(what, (what,)) if row.get(name) not in (None, "")), None)


def _text(row: Row, what: str) -> str | None:
    value = _get(row, what)
    return str(value) if value is not None else None


def _number(row: Row, what: str) -> int | None:
    value = _get(row, what)
    return int(value) if isinstance(value, int | float) and 0 <= value < LIMIT else None


def _tokens(row: Row, what: str) -> int:
    return _number(row, what) or 0


def _cost(row: Row) -> float | None:
    value = _get(row, "cost")
    return float(value) if isinstance(value, int | float) and 0 <= value < 1e9 else None


def _time(row: Row, what: str) -> str | None:
    """ISO text with or without a zone (then UTC, as SQLite writes it), or Unix seconds or milliseconds."""
    value = _get(row, what)
    if isinstance(value, int | float) and 1e8 < value < 1e14:
        return clock.from_seconds(value / 1000 if value > 1e11 else value)
    return clock.normal(value)
