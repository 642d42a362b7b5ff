"""What a session came to, in lists: rebuilt from its observations whenever it grows, inside the writer's transaction.

`session_summaries`: texts and JSON lists of texts. A session of which nothing is known has no row.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from claude_metrics import clock
from claude_metrics.activity import observe

LISTED = 50
COLUMNS = (
    "request",
    "investigated",
    "decisions",
    "completed",
    "failed_attempts",
    "next_steps",
    "files_created",
    "files_modified",
    "verification_results",
    "plan_progress",
)


class Seen(NamedTuple):
    """An observation, as far as summaries use it."""

    session_id: str
    kind: str
    title: str | None
    detail: str | None
    outcome: str | None
    item: str | None
    file_path: str | None
    agent_id: str | None


def derive(connection: sqlite3.Connection) -> None:
    """Rebuild the summaries of the sessions in `temp.touched`."""
    about = {
        row[0]: row[1:]
        for row in connection.execute(
            "select session_id, first_prompt, project_path from temp.touched join sessions using (session_id)"
        )
    }
    seen = map(Seen._make, connection.execute(_SEEN))
    found = {session_id: list(rows) for session_id, rows in groupby(seen, lambda row: row.session_id)}
    answers = dict(connection.execute(_LAST_ANSWER).fetchall())
    for session_id, (request, folder) in about.items():
        asked = last_question(answers.get(session_id))
        if session_id in found or asked:
            values = summary(found.get(session_id, []), request, folder, asked)
            connection.execute(_PUT, (session_id, *values, clock.now()))
        elif request:
            connection.execute(_PUT_REQUEST, (session_id, *summary([], request, folder), clock.now()))


# Paths in titles as seen from the project's folder.
_TITLE = """case when o.file_path is not null and s.project_path <> '' then replace(o.title, s.project_path || '/', '')
    else o.title end"""
_SEEN = f"""select o.session_id, o.kind, {_TITLE}, o.detail, o.outcome, o.item, o.file_path, o.agent_id
    from temp.touched t join observations o on o.session_id = t.session_id
    join sessions s on s.session_id = t.session_id
    order by o.session_id, o.timestamp, o.observation_id"""
_LAST_ANSWER = """select t.session_id, (select response from turns x where x.session_id = t.session_id
    order by x.started_at desc limit 1) from temp.touched t"""
_INSERT = f"""insert into session_summaries (session_id, {", ".join(COLUMNS)}, updated_at)
    values ({", ".join("?" * (len(COLUMNS) + 2))}) on conflict (session_id) do update set """
_PUT = f"""{_INSERT} {", ".join(f"{name} = excluded.{name}" for name in (*COLUMNS, "updated_at"))}
    where {" or ".join(f"excluded.{name} is not {name}" for name in COLUMNS)}"""
# Of a session without observations another database may know more than its transcript does here.
_PUT_REQUEST = f"{_INSERT} request = excluded.request where excluded.request is not request"


def summary(
    rows: Sequence[Seen], request: str | None, folder: str | None, asked: str | None = None
) -> list[str | None]:
    """The values of `COLUMNS` for one session's observations in the order of their times.

    `asked` is the question that its last answer ends with.
    """
    plan = observe.plan_of(row[2:6] for row in rows if row.kind == "plan_item" and row.agent_id is None)
    created, modified = _files(rows, folder)
    return [
        request,
        _list(row.title for row in rows if row.kind == "discovery"),
        _list(_decision(row) for row in rows if row.kind == "decision"),
        _list([*(row.title for row in rows if row.outcome == "committed"), *_items(plan, "completed")]),
        _list(_attempt(row) for row in rows if row.kind == "failed_attempt"),
        _list([*_items(plan, "in_progress"), *_items(plan, "pending"), *_open(rows, asked)]),
        _list(created),
        _list(modified),
        _list(_checks(rows)),
        _progress(rows, plan),
    ]


def _list(texts: Iterable[str | None]) -> str:
    """The different texts in their order, as JSON."""
    return json.dumps(list(dict.fromkeys(text for text in texts if text))[:LISTED], ensure_ascii=False)


def _decision(row: Seen) -> str | None:
    if row.outcome == "answered" and row.detail:
        return f"{row.title} → {observe.one_line(row.detail)}"
    return f"{row.title} ({row.outcome})" if row.title and row.outcome in ("approved", "rejected") else row.title


def _attempt(row: Seen) -> str | None:
    return f"{row.title} (recovered)" if row.outcome == "recovered" and row.title else row.title


def _items(plan: Sequence[tuple[str, str]], state: str) -> list[str]:
    return [text for text, found in plan if found == state]


def _open(rows: Sequence[Seen], asked: str | None) -> list[str]:
    """What is open besides the plan: checks that failed when they ran last, and the question nobody answered."""
    checks = [f"check failed: {row.title}" for row in _last_checks(rows).values() if row.outcome == "failed"]
    return [*checks, *([f"question: {asked}"] if asked else [])]


def last_question(response: str | None) -> str | None:
    """The question that an answer ends with, or None."""
    paragraphs = (response or "").strip().splitlines()
    text = paragraphs[-1].strip() if paragraphs else ""
    return observe.one_line(re.split(r"(?<=[.!?:])\s+", text)[-1]) if text.endswith("?") else None


def _files(rows: Sequence[Seen], folder: str | None) -> tuple[list[str], list[str]]:
    """`(created, modified)`; a file created here and changed later was created, one deleted since is neither."""
    files: dict[str, str] = {}
    for row in rows:
        if row.kind == "file_change" and row.file_path:
            known = files.get(row.file_path)
            files[row.file_path] = "created" if (known, row.outcome) == ("created", "modified") else str(row.outcome)
    names = {path: path.removeprefix(f"{folder}/") if folder else path for path in files}
    return (
        [names[path] for path, change in files.items() if change == "created"],
        [names[path] for path, change in files.items() if change == "modified"],
    )


def _checks(rows: Sequence[Seen]) -> list[str]:
    """Each check as it last came out."""
    last = _last_checks(rows)
    return [f"{title} {row.outcome}{f' ({row.detail})' if row.detail else ''}" for title, row in last.items()]


def _last_checks(rows: Sequence[Seen]) -> dict[str | None, Seen]:
    return {row.title: row for row in rows if row.kind == "verification" and row.outcome}


def _progress(rows: Sequence[Seen], plan: Sequence[tuple[str, str]]) -> str | None:
    """`3 of 5 done`. Without the conversation's text only the counts of the last list are known."""
    if plan:
        return f"{len(_items(plan, 'completed'))} of {len(plan)} done"
    counted = [row.title for row in rows if row.kind == "plan_item" and row.outcome == "list" and row.agent_id is None]
    return counted[-1] if counted else None
