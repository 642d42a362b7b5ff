"""The rows of `commits`: each commit once, for the session that most probably made it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any

from claude_metrics.store.touched import Touched, touch

_COMMIT = (
    "repository", "sha", "session_id", "message", "author_name", "author_email", "committed_at", "branch",
    "files_changed", "lines_added", "lines_deleted", "attribution", "reachable", "evidence",
)  # fmt: skip
_UPSERT_COMMIT = f"""insert into commits ({", ".join(_COMMIT)}) values ({", ".join(f":{c}" for c in _COMMIT)})
    on conflict (repository, sha) do update set reachable = excluded.reachable, branch = excluded.branch,
        session_id = case when {{stronger}} then excluded.session_id else session_id end,
        attribution = case when {{stronger}} then excluded.attribution else attribution end,
        evidence = max(evidence, excluded.evidence)""".format(
    stronger="excluded.evidence > evidence or excluded.evidence = evidence and excluded.session_id < session_id"
)


def save_commits(connection: sqlite3.Connection, commits: Iterable[Any], touched: Touched) -> None:
    """A commit counts for one session: the one with the stronger evidence, else the one whose id sorts first."""
    for commit in commits:
        before = connection.execute(
            "select session_id from commits where repository = ? and sha = ?", (commit.repository, commit.sha)
        ).fetchone()
        connection.execute(_UPSERT_COMMIT, {c: getattr(commit, c) for c in _COMMIT})
        for session_id in {commit.session_id, *(before or ())}:
            touch(touched, session_id, None)
