"""The generated parts of `docs/schema.md`: every view and every table, with its columns."""

import re
import sqlite3
import tempfile
from pathlib import Path

from claude_metrics.store import connection as database
from scripts.markdown import out, table

VIEWS = Path(database.__file__).with_name("views.sql")

# What a row of each table is. A table without a line here is an error, so that none stays unexplained.
TABLES = {
    "sessions": "a session of an agent, with its totals",
    "token_usage": "a billed request; `kind` is `unlisted` where the agent wrote no line for it",
    "model_usages": "the requests of a session, summed by model",
    "tool_calls": "one use of a tool",
    "turns": "a prompt and everything that followed until the next prompt",
    "commits": "a git commit and the session that made it",
    "observations": "a fact about what happened in a session",
    "session_summaries": "what was asked, decided, finished and left open in a session",
    "facets": "the agent's own judgement of a session, where it wrote one",
    "agents": "a subagent: its type, name, team, and the agent that started it",
    "compactions": "a summary that replaced a conversation",
    "api_errors": "a request that failed, was refused or was tried again",
    "recordings": "a run of the worker or of `sync` on a session",
    "cost_states": "a total that an agent wrote about its own session",
    "process_links": "which process of the agent made a request or was given a prompt, where it is not the first",
    "copies": "a request or prompt that is also in the transcript of a fork",
    "usage_15min": "requests summed by session, quarter of an hour and model",
    "tool_calls_15min": "tool calls summed by session, quarter of an hour and tool",
    "activity_15min": "prompts and active time by session and quarter of an hour",
    "places": "a combination of agent, project, branch and machine",
    "labels": "a name as the dashboards offer it",
    "sources": "a transcript, and how far it was read",
    "rates": "the prices of a model on a day",
    "purged": "the hash of an id that was purged, so that no sync brings it back",
    "meta": "a setting of the file itself",
}
INTERNAL = ("sqlite_sequence", "_sqlite_migrations", "sqlite_stat1", "sqlite_stat4")


def empty_database() -> sqlite3.Connection:
    return database.connect(Path(tempfile.mkdtemp(prefix="claude-metrics-docs-")) / "metrics.db")


def names(connection: sqlite3.Connection, kind: str) -> list[str]:
    """The names of all `table`s or `view`s that are ours, in the order in which they were made."""
    rows = connection.execute("select name from sqlite_master where type = ? order by rowid", (kind,))
    return [row[0] for row in rows if row[0] not in INTERNAL]


def columns(connection: sqlite3.Connection, name: str) -> str:
    return ", ".join(f"`{row[1]}`" for row in connection.execute(f"pragma table_info('{name}')"))


def tables() -> None:
    connection = empty_database()
    present = names(connection, "table")
    if unexplained := set(present) - TABLES.keys():
        raise KeyError(f"say in {__file__} what a row of these tables is: {', '.join(sorted(unexplained))}")
    rows = [(f"`{name}`", TABLES[name], columns(connection, name)) for name in TABLES if name in present]
    out(table(("table", "a row is", "columns"), rows))


def views() -> None:
    connection = empty_database()
    about = view_comments()
    rows = [(f"`{name}`", about[name], columns(connection, name)) for name in names(connection, "view")]
    out(table(("view", "what it gives", "columns"), rows))


def view_comments() -> dict[str, str]:
    """The comment `-- v_x: ...` above each view."""
    pattern = r"^-- (v_\w+): (.+)\ncreate view \1 as"
    comments = re.findall(pattern, VIEWS.read_text(encoding="utf-8"), re.MULTILINE)
    return {name: text.rstrip(".") for name, text in comments}
