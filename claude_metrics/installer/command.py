"""The command line of our hooks: how it is made, and how it is known again in a file that others write too."""

import os
import re
import shlex
import sys
from pathlib import Path

from claude_metrics import paths
from claude_metrics.agents.hook_spec import EventSet
from claude_metrics.errors import ClaudeMetricsError

SCRIPTS: dict[str, EventSet] = {"session_end.py": "recorder", "session_start.py": "session-start"}
INTERPRETER = re.compile(r"(?:python|pypy)[\d.]*(?:\.exe)?$")
OURS = re.compile(r"(?:^|[/\\])\.?claude[-_]metrics[^/\\]*[/\\]")
# What people append to silence a hook; anything else after our arguments makes the command theirs, not ours.
HARMLESS = {">/dev/null", "2>/dev/null", "1>/dev/null", "2>&1", "&>/dev/null", "||", "true", "&"}
OPTIONS = {"--agent", "--spool", "--db-path", "--tool"}


def words(agent: str, event_set: EventSet, db_path: Path | None = None, plain: bool = False) -> list[str]:
    """The absolute interpreter, isolated and without site packages (a third of the start time), and our script.

    `plain`: the session-start note as text, not wrapped for the agent.
    """
    if not sys.executable:
        raise ClaudeMetricsError("this Python does not know its own path; sys.executable; run it by its full path")
    script = next(name for name, its_set in SCRIPTS.items() if its_set == event_set)
    head = [sys.executable, "-I", "-S", _absolute(paths.asset(f"hooks/{script}"))]
    if event_set == "session-start":
        tool = [] if plain else ["--tool", agent]
        return [*head, *tool, "--db-path", _absolute(db_path or paths.database_file())]
    named = db_path or (paths.database_file() if os.environ.get("CLAUDE_METRICS_DB") else None)
    database = ["--db-path", _absolute(named)] if named else []
    return [*head, "--agent", agent, "--spool", _absolute(paths.spool_dir()), *database]


def line_of(parts: list[str]) -> str:
    """One string for `/bin/sh -c`."""
    text = shlex.join(parts)
    if not text.isprintable():
        raise ClaudeMetricsError(
            f"a path that cannot be written in a settings file; {text!r}; "
            "move it, or set CLAUDE_METRICS_HOME to a folder with an ordinary name"
        )
    return text


def event_set_of(command: object) -> EventSet | None:
    """Which of our hooks `command` is, in today's or an earlier spelling; None for everybody else's.

    `session_end.py` is a common name, so the file name alone proves nothing: it takes our own arguments too, or a
    path of claude-metrics.
    """
    if not isinstance(command, str) or not any(script in command for script in SCRIPTS):
        return None
    try:
        found = _split(shlex.split(command))
    except ValueError:
        return None
    if found is None:
        return None
    script, arguments = found
    own = {"--agent", "--spool"} <= set(arguments) or {"--tool", "--db-path"} <= set(arguments)
    return SCRIPTS.get(Path(script).name) if own or OURS.search(script) else None


def _split(parts: list[str]) -> tuple[str, list[str]] | None:
    """The script and its options, when the line is one plain call of a Python script and nothing else."""
    while parts and parts[0].startswith("CLAUDE_METRICS_"):
        parts = parts[1:]
    if not parts or not INTERPRETER.search(parts[0]):
        return None
    rest = parts[1:]
    while rest and rest[0].startswith("-"):
        rest = rest[1:]
    if not rest or Path(rest[0]).name not in SCRIPTS or Path(rest[0]).parent.name != "hooks":
        return None
    arguments = [word for word in rest[1:] if word not in HARMLESS]
    known = all(word in OPTIONS for word in arguments[::2]) and len(arguments) % 2 == 0
    return (rest[0], arguments[::2]) if known else None


def _absolute(path: Path) -> str:
    return path.expanduser().absolute().as_posix()
