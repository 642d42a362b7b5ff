"""The files of the catch-up service on each system."""

import os
import plistlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.installer import service
from tests.support.tools import needs

SYSTEMS = ("linux", "darwin", "win32")


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """`programs("exit 0")`: systemctl, launchctl and schtasks that note how they are called; gives that note's file."""

    def make(script: str = "exit 0") -> Path:
        folder, calls = tmp_path / "bin", tmp_path / "calls"
        folder.mkdir(exist_ok=True)
        for name in ("systemctl", "launchctl", "schtasks"):
            (folder / name).write_text(f'#!/bin/sh\necho "{name} $*" >> {calls}\n{script}\n')
            (folder / name).chmod(0o700)
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
        return calls

    return make


@pytest.mark.parametrize("system", SYSTEMS)
def test_installing_writes_the_file_turns_it_on_and_removing_takes_all_away(
    home: Path, programs: Callable[..., Path], system: str
) -> None:
    calls = programs()
    before = sorted(home.rglob("*"))
    wanted = service.service(system)
    assert service.install(wanted) == service.Done(wanted.file, True, [])
    assert wanted.file.read_bytes() == wanted.content and wanted.file.is_relative_to(home)
    assert [line.split()[0] for line in calls.read_text().splitlines()] == [wanted.probe[0]] * (1 + len(wanted.on))
    calls.unlink()
    assert service.remove(wanted) == service.Done(wanted.file, True, [])
    assert calls.read_text().splitlines()[1].split() == wanted.off[0]
    assert [path for path in sorted(home.rglob("*")) if path.is_file()] == [path for path in before if path.is_file()]


@pytest.mark.parametrize("system", SYSTEMS)
def test_installing_again_changes_nothing(programs: Callable[..., Path], system: str) -> None:
    programs()
    wanted = service.service(system)
    service.install(wanted)
    stamp = wanted.file.stat().st_mtime_ns
    assert service.install(wanted).changed is False
    assert wanted.file.stat().st_mtime_ns == stamp


@pytest.mark.parametrize("system", SYSTEMS)
def test_an_outdated_file_is_replaced(programs: Callable[..., Path], system: str) -> None:
    programs()
    wanted = service.service(system, interval_s=60)
    service.install(service.service(system))
    assert not wanted.current
    assert service.install(wanted).changed and wanted.current


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("script", [None, "exit 1"], ids=["no such program", "no session to talk to"])
def test_where_the_system_cannot_be_asked_the_commands_are_told(
    programs: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, system: str, script: str | None
) -> None:
    if script:
        programs(script)
    else:
        monkeypatch.setenv("PATH", str(tmp_path))
    wanted = service.service(system)
    done = service.install(wanted)
    assert wanted.installed and len(done.to_run) == len(wanted.on)
    done = service.remove(wanted)
    assert not wanted.installed and len(done.to_run) == len(wanted.off) + len(wanted.after)


def test_removing_what_is_not_there_is_no_fault() -> None:
    assert service.remove(service.service("linux")).changed is False


def words_of(wanted: service.Service) -> list[str]:
    """What the system would run."""
    if wanted.system == "systemd":
        line = next(x for x in wanted.content.decode().splitlines() if x.startswith("ExecStart="))
        return line.removeprefix("ExecStart=").split()
    if wanted.system == "launchd":
        return plistlib.loads(wanted.content)["ProgramArguments"]
    root = ElementTree.fromstring(wanted.content.decode("utf-16"))
    names = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
    return [root.find(f".//{names}Command").text, *root.find(f".//{names}Arguments").text.split()]


@pytest.mark.parametrize("system", SYSTEMS)
def test_it_runs_the_watch_with_absolute_paths(system: str) -> None:
    words = words_of(service.service(system))
    assert words == [sys.executable, "-I", "-m", "claude_metrics", "sync", "--watch", "--interval", "3600"]
    assert Path(words[0]).is_absolute()


def test_it_keeps_where_data_lies_and_no_other_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAUDE_METRICS_HOME", '/home/dev/my data/100%/"x"')
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-secret")
    for system in ("linux", "darwin"):
        assert b"sk-secret" not in service.service(system).content
    assert rb'Environment="CLAUDE_METRICS_HOME=/home/dev/my data/100%%/\"x\""' in service.service("linux").content
    job = plistlib.loads(service.service("darwin").content)
    assert job["EnvironmentVariables"] == {"CLAUDE_METRICS_HOME": '/home/dev/my data/100%/"x"'}


def test_a_path_that_would_add_lines_to_the_unit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAUDE_METRICS_HOME", "/home/dev/x\nExecStartPre=/bin/evil")
    with pytest.raises(ClaudeMetricsError):
        service.service("linux")


@needs("systemd-analyze")
def test_systemd_accepts_the_unit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAUDE_METRICS_HOME", str(tmp_path / "with space %h"))
    wanted = service.service("linux")
    unit = tmp_path / wanted.file.name
    unit.write_bytes(wanted.content)
    env = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
    command = ["systemd-analyze", "verify", "--user", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    if "Failed to initialize manager" in done.stderr:
        pytest.skip(f"systemd-analyze cannot run here: {done.stderr.strip()}")
    assert (done.returncode, done.stderr) == (0, "")
