"""The catch-up service: its files on each system, and `sync --watch`, which it runs."""

import json
import os
import plistlib
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree

import psutil
import pytest

from claude_metrics import paths
from claude_metrics.agents import RECORDED
from claude_metrics.agents.claude import processes as claude_processes
from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.installer import service
from claude_metrics.recording import sync
from tests.support.captured import Capture
from tests.support.tools import needs
from tests.support.waiting import wait_for

SYSTEMS = ("linux", "darwin", "win32")
Cli = Callable[..., subprocess.CompletedProcess[str]]


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


# -- files ----------------------------------------------------------------------------


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


# -- sync --watch ------------------------------------------------------------------------


@pytest.fixture
def watch() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """`watch("--interval", "1")`: a running `sync --watch`, ended with the test."""
    running = []

    def start(*args: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "claude_metrics", "sync", "--watch", *args]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        running.append(subprocess.Popen(command, **pipes))
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.communicate()


def stored() -> dict[str, tuple]:
    if not paths.database_file().exists():
        return {}
    with closing(sqlite3.connect(f"file:{paths.database_file()}?mode=ro", uri=True)) as db:
        if not db.execute("select 1 from sqlite_master where name = 'sessions'").fetchone():
            return {}
        return {row[0]: row[1:] for row in db.execute("select session_id, status, end_reason, ended_at from sessions")}


def test_the_watch_records_what_appears_and_ends_cleanly_on_sigterm(
    capture: Callable[[str], Capture], watch: Callable[..., subprocess.Popen[str]]
) -> None:
    capture("print-basic")
    process = watch("--interval", "1")
    wait_for(stored)
    capture("tui-compact")
    before = len(stored())
    wait_for(lambda: len(stored()) > before)
    process.send_signal(signal.SIGTERM)
    output = process.communicate(timeout=30)[0]
    assert process.returncode == 0
    assert "Traceback" not in output


def test_there_is_one_watch_only(
    capture: Callable[[str], Capture], watch: Callable[..., subprocess.Popen[str]], run_cli: Cli
) -> None:
    capture("print-basic")
    first = watch("--interval", "60")
    wait_for(stored)
    second = run_cli("sync", "--watch")
    assert (second.returncode, second.stderr.count("\n")) == (1, 1)
    assert f"process {first.pid} watches already" in second.stderr
    first.kill()
    first.wait()
    third = watch("--interval", "60")
    wait_for(lambda: str(third.pid) in (paths.data_dir() / ".watch.lock").read_text())


def test_a_round_that_fails_is_told_and_the_next_one_works(
    capture: Callable[[str], Capture], watch: Callable[..., subprocess.Popen[str]]
) -> None:
    capture("print-basic")
    paths.private_dir(paths.database_file().parent)
    paths.database_file().write_bytes(b"no database " * 500)
    process = watch("--interval", "1")
    assert process.stdout
    line = process.stdout.readline()
    assert line.startswith("claude-metrics: the database is damaged") and process.poll() is None
    paths.database_file().unlink()
    wait_for(stored)


def test_a_watch_and_a_dry_run_exclude_each_other(run_cli: Cli) -> None:
    assert run_cli("sync", "--watch", "--dry-run").returncode == 2


# -- sessions of dead processes -------------------------------------------------------------


def note(home: Path, pid: int, session: str, started_at: object) -> None:
    folder = home / ".claude" / "sessions"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{pid}.json").write_text(json.dumps({"pid": pid, "sessionId": session, "startedAt": started_at}))


def dead_pid() -> int:
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def own_start_ms() -> float:
    return psutil.Process().create_time() * 1000


def record() -> None:
    found, known = sync.look(paths.database_file(), RECORDED)
    sync.run(paths.database_file(), found, known)


@pytest.fixture
def killed(capture: Callable[[str], Capture]) -> str:
    """The session that was killed in the capture: it wrote no end."""
    capture("parallel-kill")
    record()
    [session] = [name for name, row in stored().items() if row[0] == "active"]
    return session


def test_a_session_whose_process_is_gone_is_ended(home: Path, killed: str, run_cli: Cli) -> None:
    others = {name: row for name, row in stored().items() if name != killed}
    note(home, dead_pid(), killed, 1.7e12)
    assert run_cli("sync").returncode == 0
    after = stored()
    assert after.pop(killed)[:2] == ("completed", "killed")
    assert after == others


@pytest.mark.parametrize(
    ("started_at", "ended"),
    [(0, False), (-60_000, True), (60_000, False), (None, False), ("soon", False)],
    ids=["the very process", "a later process with its number", "clock went back", "no time", "no date"],
)
def test_a_number_is_not_a_process(home: Path, killed: str, started_at: float | str | None, ended: bool) -> None:
    when = own_start_ms() + started_at if isinstance(started_at, int) else started_at
    note(home, os.getpid(), killed, when)
    sync.end_killed(paths.database_file(), ["claude"])
    assert (stored()[killed][1] == "killed") is ended


def test_a_session_that_another_process_took_up_lives(home: Path, killed: str) -> None:
    note(home, dead_pid(), killed, 1.7e12)
    note(home, os.getpid(), killed, own_start_ms())
    sync.end_killed(paths.database_file(), ["claude"])
    assert stored()[killed][0] == "active"


def test_a_later_record_opens_the_session_again(home: Path, killed: str) -> None:
    note(home, dead_pid(), killed, 1.7e12)
    assert sync.end_killed(paths.database_file(), ["claude"]) == 1
    assert sync.end_killed(paths.database_file(), ["claude"]) == 0
    [path] = home.glob(f".claude/projects/*/{killed}.jsonl")
    line = {
        "type": "user",
        "uuid": "later",
        "sessionId": killed,
        "timestamp": "2030-01-01T00:00:00.000Z",
        "cwd": "/home/dev/app",
    }
    with path.open("a") as file:
        file.write(json.dumps({**line, "message": {"role": "user", "content": "go on"}}) + "\n")
    record()
    assert stored()[killed][0] == "active"


def test_a_session_that_ended_by_itself_keeps_its_reason(home: Path, capture: Callable[[str], Capture]) -> None:
    capture("tui-exit")
    record()
    before = stored()
    for name in before:
        note(home, dead_pid(), name, 1.7e12)
        sync.end_killed(paths.database_file(), ["claude"])
    assert stored() == before


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{",
        b'{"pid": "x", "sessionId": 5}',
        b'{"pid": -1, "sessionId": "s"}',
        b'{"pid": 1e99, "sessionId": "s"}',
        b"\xff" * 99,
    ],
)
def test_odd_notes_of_processes_are_passed_over(home: Path, content: bytes) -> None:
    folder = home / ".claude" / "sessions"
    folder.mkdir(parents=True)
    (folder / "1.json").write_bytes(content)
    (folder / "folder.json").mkdir()
    os.mkfifo(folder / "pipe.json")
    assert claude_processes.dead_sessions() in (set(), {"s"})
