"""`sync --watch`, which the catch-up service runs: it records what appears and ends sessions whose process is gone."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from claude_metrics import paths
from claude_metrics.agents import RECORDED
from claude_metrics.agents.claude import processes as claude_processes
from claude_metrics.recording import sync
from tests.support.captured import Capture
from tests.support.waiting import wait_for

Cli = Callable[..., subprocess.CompletedProcess[str]]


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
