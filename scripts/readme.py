"""The generated parts of the README: `make docs` writes them with cog, `make lint` fails when they have drifted."""

import os
import re
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from claude_metrics import cli
from claude_metrics.store import connection as database

WIDTH = 100
VIEWS = Path(database.__file__).with_name("views.sql")
SCRATCH = "/tmp/claude-metrics-demo-x"

# What each table holds; a table without a line here is an error, so that none stays unexplained.
TABLES = {
    "sessions": "a session of an agent, with its totals",
    "token_usage": "a billed request; `kind` is `unlisted` where the agent wrote no line",
    "model_usages": "a session's requests summed by model",
    "tool_calls": "one use of a tool",
    "turns": "a prompt and all that followed until the next",
    "commits": "a git commit and the session that made it",
    "observations": "something notable that happened in a session",
    "session_summaries": "what a session was asked, decided, finished and left open",
    "facets": "the agent's own judgement of a session, where it wrote one",
    "recordings": "a run of the worker or of sync on a session",
    "cost_states": "a total that an agent wrote about its own session",
    "copies": "a request or prompt that also stands in a fork's transcript",
    "usage_15min": "requests summed by session, quarter hour and model",
    "tool_calls_15min": "tool calls summed by session, quarter hour and tool",
    "activity_15min": "prompts and active time by session and quarter hour",
    "places": "agent, project, branch and machine as one number",
    "labels": "names as the dashboards offer them",
    "sources": "how far each transcript was read",
    "rates": "price lists by model and day",
    "purged": "hashes of what was purged, so that it stays away",
    "meta": "settings of the file itself",
}
INTERNAL = ("sqlite_sequence", "_sqlite_migrations", "sqlite_stat1", "sqlite_stat4")


def out(text: str) -> None:
    """Between cog's markers, with a blank line before and after."""
    print("\n" + text.rstrip() + "\n")


def fenced(text: str, language: str = "") -> str:
    return f"```{language}\n{text.rstrip()}\n```"


# -- tables and views ---------------------------------------------------------------------


def _opened() -> sqlite3.Connection:
    return database.connect(Path(tempfile.mkdtemp(prefix="claude-metrics-docs-")) / "metrics.db")


def _names(connection: sqlite3.Connection, kind: str) -> list[str]:
    rows = connection.execute("select name from sqlite_master where type = ? order by rowid", (kind,))
    return [row[0] for row in rows if row[0] not in INTERNAL]


def _columns(connection: sqlite3.Connection, name: str) -> str:
    return ", ".join(f"`{row[1]}`" for row in connection.execute(f"pragma table_info('{name}')"))


def tables() -> None:
    connection = _opened()
    found = _names(connection, "table")
    missing = set(found) - TABLES.keys()
    if missing:
        raise KeyError(f"say in scripts/readme.py what these tables hold: {', '.join(sorted(missing))}")
    known = [name for name in TABLES if name in found]
    rows = [f"| `{name}` | {TABLES[name]} | {_columns(connection, name)} |" for name in known]
    out("\n".join(["| table | a row is | columns |", "| --- | --- | --- |", *rows]))


def views() -> None:
    connection = _opened()
    about = described()
    rows = [f"| `{name}` | {about[name]} | {_columns(connection, name)} |" for name in _names(connection, "view")]
    out("\n".join(["| view | what it gives | columns |", "| --- | --- | --- |", *rows]))


def described() -> dict[str, str]:
    """The line `-- v_x: ...` above each view."""
    found = re.findall(r"^-- (v_\w+): (.+)\ncreate view \1 as", VIEWS.read_text(encoding="utf-8"), re.MULTILINE)
    return {name: text.rstrip(".") for name, text in found}


# -- commands -------------------------------------------------------------------------------


def commands() -> list[tuple[str, click.Command]]:
    """Every command that can be called, as `("report daily", ...)`."""
    top = click.Context(cli.cli, info_name="claude-metrics")
    found: list[tuple[str, click.Command]] = []
    for name in cli.COMMANDS:
        command = cli.cli.get_command(top, name)
        assert command is not None
        subs = command.commands.items() if isinstance(command, click.Group) else ()
        found += [(f"{name} {sub}", each) for sub, each in subs] or [(name, command)]
    return found


def _help(name: str, command: click.Command) -> str:
    context = click.Context(
        command, info_name=f"claude-metrics {name}", max_content_width=WIDTH, terminal_width=WIDTH,
        help_option_names=["-h", "--help"],
    )  # fmt: skip
    return command.get_help(context)


def command_table() -> None:
    rows = [f"| `{name}` | {(each.help or '').strip().splitlines()[0]} |" for name, each in commands()]
    out("\n".join(["| command | does |", "| --- | --- |", *rows]))


def command_help() -> None:
    parts = [f"### `{name}`\n\n{fenced(_help(name, each))}" for name, each in commands()]
    title = "<summary>The <code>--help</code> of every command</summary>"
    out("\n\n".join([f"<details>\n{title}", *parts, "</details>"]))


# -- what the demo prints ---------------------------------------------------------------------


def demo() -> None:
    """The real thing, run now; only the scratch folder's name and the measured times are evened out."""
    out(fenced(demo_output()))


def _evened(found: re.Match[str]) -> str:
    """The scratch folder under one name; in a table, with as much more room behind it as the name is shorter."""
    room = " " * (len(found[3]) + len(found[1]) - len(SCRATCH)) if found[3] else ""
    return SCRATCH + found[2] + room


def demo_output() -> str:
    environment = {**os.environ, "COLUMNS": str(WIDTH), "TZ": "UTC", "PYTHONUTF8": "1", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "claude_metrics", "demo"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", env=environment, check=True, timeout=120)
    text = re.sub(r"(\S*claude-metrics-demo-\w+)(\S*)(  +)?", _evened, done.stdout)
    text = re.sub(r"\d+ ms", "N ms", text)
    return "\n".join(line.rstrip() for line in text.splitlines())
