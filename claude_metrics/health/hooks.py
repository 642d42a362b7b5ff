"""The hooks in the agents' files: there, current, startable, and given enough time by the agent."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from claude_metrics import files, paths
from claude_metrics.agents import AGENTS
from claude_metrics.agents.hook_spec import DropFile
from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.health.check import Check, Situation
from claude_metrics.installer import command, hook_files, install
from claude_metrics.installer import service as services
from claude_metrics.installer.entries import entries
from claude_metrics.installer.jsontext import decode, parse

WORST = ("unreadable", "outdated", "absent", "untrusted", "current")
START_S = 30


def recorders() -> list[str]:
    """The agents found here that have a hook for recording."""
    return [name for name in install.found() if "recorder" in AGENTS[name].hooks]


def entries_current(here: Situation) -> Iterator[Check]:
    agents = recorders()
    if not agents:
        yield Check(
            "hooks", "warn", "no agent was found in this home", "start an agent once, then `claude-metrics setup`"
        )
    for agent in agents:
        yield _entry(here, agent)


def _entry(here: Situation, agent: str) -> Check:
    title, name = AGENTS[agent].title, f"hook {agent}"
    rows = install.status(agent, db_path=named(here.db_path))
    worst = min(rows, key=lambda row: WORST.index(row.state))
    if worst.state == "current":
        return Check(name, "ok", f"current in {worst.file}")
    if worst.state == "absent" and all(row.state == "absent" for row in rows):
        if AGENTS[agent].has_plugin():
            return Check(name, "ok", "recorded through the plugin")
        return Check(name, "warn", f"{title} has none", f"run `claude-metrics hook install --agent {agent}`")
    if worst.state in ("outdated", "absent"):
        text = f"{worst.event} is {worst.state} in {worst.file}" + (f": {worst.detail}" if worst.detail else "")
        remedy = f"run `claude-metrics hook install --agent {agent}`, or `claude-metrics doctor --fix --hooks`"
        fix = (lambda: _reinstall(here, agent)) if here.may_change_hooks else None
        return Check(name, "warn", text, remedy, fix)
    if worst.state == "untrusted":
        return Check(name, "warn", f"{worst.event}: not run by {title} yet", worst.detail)
    what, _, remedy = worst.detail.rpartition("; ")
    return Check(name, "fail", what or worst.detail, remedy)


def named(db_path: Path) -> Path | None:
    return None if db_path == paths.database_file() else db_path


def _reinstall(here: Situation, agent: str) -> str:
    change = install.install(agent, db_path=named(here.db_path))
    return f"{change.file} {change.action}"


def switched_off(here: Situation) -> Check:
    for agent in AGENTS.values():
        if setting := agent.hooks_disabled():
            text = f"{setting}: no hook of yours runs in {agent.title}"
            return Check("hooks allowed", "fail", text, "take it out, or record with `claude-metrics setup --service`")
    return Check("hooks allowed", "ok", "the agent's settings let hooks run")


# -- the installed command ------------------------------------------------------------


def installed(agent: str) -> list[list[str]]:
    """The words of each recorder command of ours in the agent's user file, without doubles."""
    spec = AGENTS[agent].hooks["recorder"]
    file = spec.user.path()
    try:
        data = files.read(file)
        if data is None:
            return []
        text = decode(data, str(file))
        lines = [_dropped(text)] if isinstance(spec, DropFile) else _listed(text, file, agent)
    except (ClaudeMetricsError, ValueError):
        return []
    return [list(words) for words in dict.fromkeys(tuple(words) for words in lines if words)]


def _listed(text: str, file: Path, agent: str) -> list[list[str]]:
    doc = parse(text, str(file))
    spec = AGENTS[agent].hooks["recorder"]
    assert not isinstance(spec, DropFile)
    found = [entry.hook.get("command") for entry in entries(doc, spec) if entry.event_set == "recorder"]
    return [call for node in found if node and (call := command.call_of(doc.value(node)))]


def _dropped(text: str) -> list[str]:
    """The plugin file holds the command as a JSON list."""
    found = re.search(r'\["[^\n]*--spool[^\n]*?"\]', text)
    return [str(word) for word in json.loads(found[0])] if found else []


def hook_scripts(here: Situation) -> Check:
    """The hook's own files, which stay when the package goes; an older version's are replaced."""
    if not any(installed(agent) for agent in recorders()):
        return Check("hook files", "ok", "not needed: no hook is installed")
    differing = hook_files.differing()
    if differing:
        text = f"{', '.join(differing)} missing or of another version in {hook_files.folder()}"
        return Check("hook files", "warn", text, "run `claude-metrics hook install`", _refresh)
    return Check("hook files", "ok", f"current in {hook_files.folder()}")


def _refresh() -> str:
    return f"written again: {', '.join(hook_files.refresh())}"


def same_places(here: Situation) -> Iterator[Check]:
    """Hook, worker and reader look at one spool and one database."""
    ours = {"--spool": here.spool, "--db-path": here.db_path}
    for agent in recorders():
        for words in installed(agent):
            options = dict(zip(words[4::2], words[5::2], strict=False))
            other = [options[name] for name, path in ours.items() if not _is_path(options.get(name), path)]
            if other:
                text = f"the hook writes to {' and '.join(other)}; this command reads {here.db_path}"
                remedy = "set CLAUDE_METRICS_HOME and CLAUDE_METRICS_DB as when it was installed, or install it again"
                yield Check(f"places {agent}", "fail", text, remedy)


def _is_path(named: str | None, path: Path) -> bool:
    return named is None or os.path.realpath(named) == os.path.realpath(path)


def interpreter(here: Situation) -> Iterator[Check]:
    """Of each installed hook: there, and able to load what its worker needs."""
    pythons = {words[0] for agent in recorders() for words in installed(agent) if command.INTERPRETER.search(words[0])}
    for python in sorted(pythons):
        yield _starts(python)


def _starts(python: str) -> Check:
    remedy = "run `claude-metrics hook install` with the Python that has claude-metrics"
    if not Path(python).is_file() or not os.access(python, os.X_OK):
        return Check("interpreter", "fail", f"the hook's Python is gone: {python}", remedy)
    try:
        done = subprocess.run(
            [python, "-I", "-c", "import claude_metrics.worker"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=START_S,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return Check("interpreter", "fail", f"the hook's Python does not start: {python}: {error}", remedy)
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        return Check("interpreter", "fail", f"{python} cannot load claude-metrics: {' '.join(last)[:200]}", remedy)
    return Check("interpreter", "ok", f"{python} starts, and loads the worker")


def limits(here: Situation) -> Iterator[Check]:
    """How long the agents let our hook run at the session's end; it needs some milliseconds."""
    for agent in recorders():
        spec = AGENTS[agent].hooks["recorder"]
        slot = None if isinstance(spec, DropFile) else spec.events["recorder"].get("SessionEnd")
        if slot:
            yield _limit(agent, slot.timeout)


def _limit(agent: str, seconds: int) -> Check:
    name, title = f"time limit {agent}", AGENTS[agent].title
    variable = AGENTS[agent].hook_limit_variable
    limit_ms = os.environ.get(variable, "") if variable else ""
    if limit_ms.isdecimal() and int(limit_ms) < 1000 * seconds:
        text = f"{title} gives all hooks {limit_ms} ms at the session's end ({variable})"
        return Check(name, "warn", text, "raise it") if int(limit_ms) < 1000 else Check(name, "ok", text)
    return Check(name, "ok", f"{title} gives our hook {seconds} s at the session's end")


def catch_up(here: Situation) -> Check:
    """The service is a choice: without it, sessions whose hook never ran wait for the next `sync`."""
    wanted = services.service()
    if not wanted.installed:
        return Check("catch-up", "ok", "no service; `claude-metrics setup --service` finds killed sessions every hour")
    if not wanted.current:
        return Check(
            "catch-up", "warn", f"the service is outdated; {wanted.file}", "run `claude-metrics setup --service`"
        )
    return Check("catch-up", "ok", f"every hour by {wanted.system}; {wanted.file}")


ALL = (entries_current, switched_off, hook_scripts, same_places, interpreter, limits, catch_up)
