"""The command line of our hooks: how it is made, and how it is known again in a file that others write too.

An agent reads an exit status of 2 as "block", and asks the model again; so the line ends with status 0 and prints `{}`
whatever is gone by the time it runs: the interpreter, the script, the folder. Where the spool is still there, a shell
script keeps the payload.
"""

import os
import re
import shlex
import subprocess
import sys
from itertools import groupby
from pathlib import Path

from claude_metrics import paths
from claude_metrics.agents.hook_spec import EventSet, Shell
from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.installer import hook_files

SCRIPTS: dict[str, EventSet] = {"session_end.py": "recorder", "session_start.py": "session-start"}
INTERPRETER = re.compile(r"(?:python|pypy)[\d.]*(?:\.exe)?$")
OURS = re.compile(r"(?:^|[/\\])\.?claude[-_]metrics[^/\\]*[/\\]")
# What people append to silence a hook; anything else after our arguments makes the command theirs, not ours.
HARMLESS = {">/dev/null", "2>/dev/null", "1>/dev/null", "2>&1", "&>/dev/null", "2>nul", "true", ":", "&"}
OPTIONS = {"--agent", "--spool", "--db-path", "--tool", "--home"}
POWERSHELL = ("try { & ", " 2>$null } catch {}; if ($LASTEXITCODE -ne 0) { '{}' }; exit 0")


def words(agent: str, event_set: EventSet, db_path: Path | None = None, plain: bool = False) -> list[str]:
    """The absolute interpreter, isolated and without site packages (a third of the start time), and our script.

    Everything that the hook needs stands here: what the environment says while installing is not there when the agent
    runs it. `plain`: the session-start note as text, not wrapped for the agent.
    """
    if not sys.executable:
        raise ClaudeMetricsError("this Python does not know its own path; sys.executable; run it by its full path")
    script = next(name for name, its_set in SCRIPTS.items() if its_set == event_set)
    head = [sys.executable, "-I", "-S", _absolute(hook_files.folder() / script)]
    database = ["--db-path", _absolute(db_path or paths.database_file())]
    if event_set == "session-start":
        return [*head, *([] if plain else ["--tool", agent]), *database, *_home()]
    return [*head, "--agent", agent, "--spool", _absolute(paths.spool_dir()), *database, *_home()]


def _home() -> list[str]:
    chosen = os.environ.get("CLAUDE_METRICS_HOME")
    return ["--home", _absolute(paths.absolute_home(chosen))] if chosen else []


def line_of(parts: list[str]) -> str:
    """One string for `/bin/sh -c`."""
    return _printable(shlex.join(parts))


def guarded(parts: list[str], shell: Shell = "sh") -> str:
    """The line for an agent's shell. `sh` is read alike by sh, bash, zsh and fish: no braces, no variables."""
    if shell == "cmd":
        return _printable(f"{subprocess.list2cmdline(parts)} 2>nul || echo {{}}")
    if shell == "powershell":
        quoted = " ".join("'" + part.replace("'", "''") + "'" for part in parts)
        return _printable(f"{POWERSHELL[0]}{quoted}{POWERSHELL[1]}")
    line = f"{shlex.join(parts)} 2>/dev/null"
    if "--spool" in parts:
        options = dict(zip(parts[4::2], parts[5::2], strict=False))
        keep = ["sh", _absolute(hook_files.folder() / "keep.sh"), options["--agent"], options["--spool"]]
        line += f" || {shlex.join(keep)} 2>/dev/null"
    return _printable(f"{line} || echo '{{}}' || :")


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ClaudeMetricsError(
            f"a path that cannot be written in a settings file; {text!r}; "
            "move it, or set CLAUDE_METRICS_HOME to a folder with an ordinary name"
        )
    return text


def call_of(command: object) -> list[str] | None:
    """The interpreter, our script and its options in `command`, of today's or an earlier spelling; None for any other.

    `session_end.py` is a common name, so the file name alone proves nothing: it takes our own arguments too, or a
    path of claude-metrics.
    """
    if not isinstance(command, str) or not any(script in command for script in SCRIPTS):
        return None
    if command.startswith(POWERSHELL[0]) and command.endswith(POWERSHELL[1]):
        command = command[len(POWERSHELL[0]) : -len(POWERSHELL[1])]
    try:
        first, *guards = _alternatives(shlex.split(command))
    except ValueError:
        return None
    call = [word for word in first if word not in HARMLESS]
    while call and call[0].startswith("CLAUDE_METRICS_"):
        call = call[1:]
    return call if _is_ours(call) and all(_is_guard(guard) for guard in guards) else None


def event_set_of(command: object) -> EventSet | None:
    """Which of our hooks `command` is; None for everybody else's."""
    call = call_of(command)
    return SCRIPTS[Path(_script(call)).name] if call else None


def gone(call: list[str]) -> str | None:
    """The interpreter or script of an installed call that is not there any more."""
    if not call:
        return None
    python, script = Path(call[0]), Path(_script(call))
    if python.is_absolute() and not os.access(python, os.X_OK):
        return str(python)
    return str(script) if script.is_absolute() and not os.access(script, os.R_OK) else None


def _alternatives(parts: list[str]) -> list[list[str]]:
    return [list(group) for is_or, group in groupby(parts, lambda word: word == "||") if not is_or]


def _is_guard(parts: list[str]) -> bool:
    left = [word for word in parts if word not in HARMLESS]
    return left in ([], ["echo", "{}"]) or (len(left) == 4 and left[0] == "sh" and Path(left[1]).name == "keep.sh")


def _is_ours(call: list[str]) -> bool:
    if not call or not INTERPRETER.search(call[0]):
        return False
    script = _script(call)
    if Path(script).name not in SCRIPTS or not _is_hooks_folder(Path(script).parent):
        return False
    arguments = call[call.index(script) + 1 :]
    options = set(arguments[::2])
    if not options <= OPTIONS or len(arguments) % 2:
        return False
    return {"--agent", "--spool"} <= options or {"--tool", "--db-path"} <= options or bool(OURS.search(script))


def _script(call: list[str]) -> str:
    return next((word for word in call[1:] if not word.startswith("-")), "")


def _is_hooks_folder(folder: Path) -> bool:
    return folder.name == "hooks" or folder.parent.name == hook_files.folder().parent.name


def _absolute(path: Path) -> str:
    return path.expanduser().absolute().as_posix()
