"""`claude-metrics sync --watch` as a service of the user: systemd, launchd or the Windows task scheduler.

Each is one file of ours, with absolute paths, and the commands that turn it on and off. Where the system's own program
cannot be asked (a container, a session without a bus) the file is written and the command is told instead of run.
"""

from __future__ import annotations

import contextlib
import os
import plistlib
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape

from claude_metrics import files, paths
from claude_metrics.agents import AGENTS
from claude_metrics.errors import ClaudeMetricsError

NAME = "claude-metrics-sync"
LABEL = "io.github.claude-metrics.sync"
INTERVAL_S = 3600
PATIENCE_S = 30
# The variables that say where our data and the agents' lie; a service does not see the shell's. No other is copied.
_OURS = ("CLAUDE_METRICS_HOME", "CLAUDE_METRICS_DB", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME")
VARIABLES = tuple(dict.fromkeys([*_OURS, *(name for agent in AGENTS.values() for name in agent.environment)]))


@dataclass(frozen=True)
class Service:
    """A file, and what turns it on and off; `probe` tells whether the system can be asked at all."""

    system: str
    file: Path
    content: bytes
    probe: list[str]
    on: list[list[str]]
    off: list[list[str]]
    after: list[list[str]] = field(default_factory=list)  # once the file is gone

    @property
    def installed(self) -> bool:
        return self.file.exists()

    @property
    def current(self) -> bool:
        with contextlib.suppress(OSError):
            return self.file.read_bytes() == self.content
        return False


@dataclass(frozen=True)
class Done:
    """What was changed, and the commands that are left to the user."""

    file: Path
    changed: bool
    to_run: list[str]


def service(platform: str = sys.platform, interval_s: int = INTERVAL_S) -> Service:
    """The service as it should be on this machine."""
    kinds: dict[str, Callable[[int], Service]] = {"darwin": _launchd, "win32": _task}
    return kinds.get(platform, _systemd)(interval_s)


def install(wanted: Service) -> Done:
    """Write the file and turn the service on; again changes nothing."""
    changed = not wanted.current
    if changed:
        if wanted.installed:
            _run(wanted, wanted.off)
        _write(wanted)
    return Done(wanted.file, changed, _run(wanted, wanted.on))


def remove(wanted: Service) -> Done:
    """Turn it off and take the file away; nothing there is no fault."""
    if not wanted.installed:
        return Done(wanted.file, False, [])
    left = _run(wanted, wanted.off)
    try:
        wanted.file.unlink(missing_ok=True)
    except OSError as error:
        raise ClaudeMetricsError(f"cannot delete ({error.strerror}); {wanted.file}; delete it by hand") from error
    return Done(wanted.file, True, left + _run(wanted, wanted.after))


def _write(wanted: Service) -> None:
    try:
        paths.private_dir(wanted.file.parent)
        files.write(wanted.file, wanted.content)
    except OSError as error:
        raise ClaudeMetricsError(
            f"cannot write the service ({error.strerror}); {wanted.file}; check the folder's owner and mode"
        ) from error


def _run(wanted: Service, commands: list[list[str]]) -> list[str]:
    """The commands that could not be run, as text for the user."""
    if not shutil.which(wanted.probe[0]) or not _succeeds(wanted.probe):
        return [shlex.join(command) for command in commands]
    return [shlex.join(command) for command in commands if not _succeeds(command)]


def _succeeds(command: list[str]) -> bool:
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE_S, check=False)
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0


def command(interval_s: int) -> list[str]:
    if not sys.executable:
        raise ClaudeMetricsError("this Python does not know its own path; sys.executable; run it by its full path")
    return [sys.executable, "-I", "-m", "claude_metrics", "sync", "--watch", "--interval", str(interval_s)]


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in VARIABLES if os.environ.get(name)}


# -- Linux --------------------------------------------------------------------------


def _systemd(interval_s: int) -> Service:
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    lines = [
        "[Unit]",
        "Description=Record AI coding sessions that no hook recorded (claude-metrics)",
        "",
        "[Service]",
        "ExecStart=" + " ".join(_unit_word(word).replace("$", "$$") for word in command(interval_s)),
        *(f"Environment={_unit_word(f'{name}={value}')}" for name, value in _environment().items()),
        "Restart=on-failure",
        "RestartSec=300",
        "Nice=10",
        "IOSchedulingClass=idle",
        "UMask=0077",
        "NoNewPrivileges=true",
        "StandardOutput=null",
        "",
        "[Install]",
        "WantedBy=default.target",
        "",
    ]
    unit, control = f"{NAME}.service", ["systemctl", "--user"]
    reload = [*control, "daemon-reload"]
    return Service(
        "systemd",
        home / "systemd" / "user" / unit,
        "\n".join(lines).encode("utf-8", "surrogateescape"),
        [*control, "show-environment"],
        [reload, [*control, "enable", unit], [*control, "restart", unit]],
        [[*control, "disable", "--now", unit]],
        [reload],
    )


def _unit_word(word: str) -> str:
    """One word of a unit file: quoted, `%` doubled; www.freedesktop.org/software/systemd/man/systemd.syntax.html."""
    if not word.isprintable():
        raise ClaudeMetricsError(f"a path that cannot be written in a unit; {word!r}; use one with an ordinary name")
    text = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{text}"' if text != word or " " in word or "'" in word else text


# -- macOS --------------------------------------------------------------------------


def _launchd(interval_s: int) -> Service:
    file = Path.home() / "Library" / "LaunchAgents" / f"{LABEL}.plist"
    job = {
        "Label": LABEL,
        "ProgramArguments": command(interval_s),
        "EnvironmentVariables": _environment(),
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": 300,
        "ProcessType": "Background",
        "LowPriorityIO": True,
        "Umask": 0o077,
        "StandardOutPath": "/dev/null",
        "StandardErrorPath": "/dev/null",
    }
    domain = f"gui/{os.getuid() if hasattr(os, 'getuid') else 0}"
    return Service(
        "launchd",
        file,
        plistlib.dumps(job),
        ["launchctl", "version"],
        [["launchctl", "bootstrap", domain, str(file)]],
        [["launchctl", "bootout", f"{domain}/{LABEL}"]],
    )


# -- Windows ------------------------------------------------------------------------

_TASK = """<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo><Description>Record AI coding sessions that no hook recorded</Description></RegistrationInfo>
  <Triggers><LogonTrigger><Enabled>true</Enabled></LogonTrigger></Triggers>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <Priority>8</Priority>
    <RestartOnFailure><Interval>PT5M</Interval><Count>10</Count></RestartOnFailure>
  </Settings>
  <Actions><Exec><Command>{program}</Command><Arguments>{arguments}</Arguments></Exec></Actions>
</Task>
"""


def _task(interval_s: int) -> Service:
    program, *arguments = command(interval_s)
    windowless = Path(program).with_name("pythonw.exe")
    text = _TASK.format(
        program=escape(str(windowless if windowless.exists() else program)),
        arguments=escape(subprocess.list2cmdline(arguments)),
    )
    file = paths.data_dir() / "service" / f"{NAME}.xml"
    return Service(
        "task scheduler",
        file,
        text.encode("utf-16"),
        ["schtasks", "/query"],
        [["schtasks", "/create", "/tn", NAME, "/xml", str(file), "/f"], ["schtasks", "/run", "/tn", NAME]],
        [["schtasks", "/end", "/tn", NAME], ["schtasks", "/delete", "/tn", NAME, "/f"]],
    )
