"""The rows of `commits`: each commit once, for the session that most probably made it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any

from claude_metrics.models import Evidence
from claude_metrics.store.touched import Touched, touch

_COMMIT = (
    "repository", "sha", "session_id", "message", "author_name", "author_email", "committed_at", "branch",
    "files_changed", "lines_added", "lines_deleted", "attribution", "reachable", "evidence", "tool_call_id",
)  # fmt: skip
_CLAIM = ("session_id", "evidence", "attribution", "tool_call_id")
_UPSERT_COMMIT = f"""insert into commits ({", ".join(_COMMIT)}) values ({", ".join(f":{c}" for c in _COMMIT)})
    on conflict (repository, sha) do update set reachable = excluded.reachable, branch = excluded.branch,
        {", ".join(f"{c} = excluded.{c}" for c in _CLAIM)}"""


def save_commits(connection: sqlite3.Connection, commits: Iterable[Any], touched: Touched) -> None:
    """A commit counts for one session: the one with the stronger evidence, else the one whose id sorts first."""
    for commit in commits:
        row = {c: getattr(commit, c) for c in _COMMIT}
        stored = connection.execute(
            f"select {', '.join(_CLAIM)} from commits where repository = ? and sha = ?",
            (commit.repository, commit.sha),
        ).fetchone()
        if stored:
            row |= _stronger(dict(zip(_CLAIM, stored, strict=True)), {c: row[c] for c in _CLAIM})
        connection.execute(_UPSERT_COMMIT, row)
        for session_id in {commit.session_id, *(stored[:1] if stored else ())}:
            touch(touched, session_id, None)


def _stronger(one: dict[str, Any], two: dict[str, Any]) -> dict[str, Any]:
    """Of two claims to a commit the one that counts, whichever was recorded first."""
    first, second = sorted((one, two), key=_strength)
    levels = {first["evidence"], second["evidence"]}
    if not levels <= {Evidence.CALL, Evidence.SHARED}:
        return first
    # Calls of both sessions ran when it was made, and either may have made it. (A fork's copy is the same call.)
    owner = min(one["session_id"], two["session_id"])
    if levels == {Evidence.CALL} and first["tool_call_id"] == second["tool_call_id"]:
        return first
    return {"session_id": owner, "evidence": Evidence.SHARED, "attribution": "inferred", "tool_call_id": None}


def _strength(claim: dict[str, Any]) -> tuple[int, str, bool]:
    return -Evidence(claim["evidence"] or 0).strength, claim["session_id"], claim["tool_call_id"] is None
