"""A database in no state to be used: events wait, the file stays as it is, and a locked one is waited for."""

import contextlib
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from claude_metrics import paths
from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.recording import spool, sync, worker
from claude_metrics.store import connection as database
from tests.recording.waiting_events import run_hook, run_sync, run_worker, waits
from tests.support.dumps import Dump, dump
from tests.support.waiting import PATIENCE_S, wait_for

pytestmark = pytest.mark.slow


def undisturbed(tmp_path: Path) -> Dump:
    """What one worker makes of the event, in a database elsewhere."""
    elsewhere = tmp_path / "elsewhere" / "metrics.db"
    [payload] = [spool.read(event) for event in spool.pending(paths.spool_dir())]
    folder = paths.private_dir(tmp_path / "elsewhere" / "spool")
    spool.submit(payload or b"", "claude", folder)
    worker.run(folder, elsewhere)
    return dump(elsewhere, "ended_at")


def corrupt_pages(path: Path) -> None:
    with path.open("r+b") as file:
        for page in range(2, path.stat().st_size // 4096):
            file.seek(page * 4096)
            file.write(b"\xa5" * 900)


def truncated(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def not_a_database(path: Path) -> None:
    path.write_bytes(b"This is a letter to my grandmother.\n" * 400)


def cut_header(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:60])


def newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("pragma user_version = 99")


DAMAGES = [corrupt_pages, truncated, not_a_database, cut_header]


@pytest.mark.parametrize("damage", [*DAMAGES, newer])
def test_with_an_unfit_database_every_event_waits_and_the_file_stays_as_it_is(
    event: bytes, damage: Callable[[Path], None]
) -> None:
    assert run_sync().returncode == 0
    run_hook(event)
    damage(paths.database_file())
    before = paths.database_file().read_bytes()
    for _ in range(4):
        assert run_worker() == 1
        assert waits()
    refused = run_sync()
    assert refused.returncode == 1
    assert b"Traceback" not in refused.stderr
    assert str(paths.database_file()).encode() in refused.stderr
    assert (b"newer claude-metrics" if damage is newer else b"doctor --fix") in refused.stderr
    assert paths.database_file().read_bytes() == before


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_database_is_set_aside_and_rebuilt(
    event: bytes, damage: Callable[[Path], None], tmp_path: Path
) -> None:
    expected = undisturbed(tmp_path)
    assert run_worker() == 0
    run_hook(event)
    damage(paths.database_file())
    damaged = paths.database_file().read_bytes()
    command = [sys.executable, "-m", "claude_metrics", "doctor", "--fix"]
    fixed = subprocess.run(command, check=False, timeout=120, capture_output=True)
    assert b"unexpected" not in fixed.stderr, fixed.stderr
    run_worker()
    aside = [path for path in paths.data_dir().rglob("*") if path.is_file() and path.read_bytes() == damaged]
    assert len(aside) == 1, "set aside, never deleted"
    found = dump(paths.database_file(), "ended_at")
    assert found["sessions"] == expected["sessions"]
    assert found["token_usage"] == expected["token_usage"]
    assert not waits()


def test_a_newer_database_is_refused_by_every_command_and_not_touched(event: bytes) -> None:
    assert run_worker() == 0
    newer(paths.database_file())
    before = paths.database_file().read_bytes()
    for words in (["sync"], ["worker"], ["doctor", "--fix"], ["db", "vacuum"]):
        run_hook(event)
        command = [sys.executable, "-m", "claude_metrics", *words]
        done = subprocess.run(command, check=False, timeout=120, capture_output=True)
        assert done.returncode == 1, (words, done.stdout, done.stderr)
        assert b"newer" in done.stdout + done.stderr, (words, done.stdout, done.stderr)
        assert paths.database_file().read_bytes() == before


@contextlib.contextmanager
def locked(path: Path, kind: str = "exclusive") -> Iterator[None]:
    """Another program, that does not let go."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute(f"begin {kind}")
        yield
        other.execute("rollback")


def test_a_lock_that_outlasts_the_busy_timeout_is_waited_for(event: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    database.connect(paths.database_file()).close()
    monkeypatch.setattr(database, "BUSY_MS", 100)
    connect, tries, done = database.connect, list[object](), list[worker.Drained]()
    monkeypatch.setattr(database, "connect", lambda *args: tries.append(args) or connect(*args))
    waiting = threading.Thread(target=lambda: done.append(worker.run(paths.spool_dir(), paths.database_file())))
    with locked(paths.database_file()):
        waiting.start()
        wait_for(lambda: len(tries) > 1)
        assert waiting.is_alive()
        assert waits()
    waiting.join(PATIENCE_S)
    assert [found.recorded for found in done] == [1]
    assert not waits()


def test_a_lock_that_comes_between_two_events_is_waited_for(event: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    run_hook(event)
    monkeypatch.setattr(database, "BUSY_MS", 100)
    real, held = worker.store_payload, contextlib.ExitStack()

    def lock_first(*args: object, **more: object) -> str:
        monkeypatch.setattr(worker, "store_payload", real)
        held.enter_context(locked(paths.database_file(), "immediate"))
        threading.Timer(1.0, release.set).start()
        return real(*args, **more)  # type: ignore[arg-type]

    release = threading.Event()
    monkeypatch.setattr(worker, "store_payload", lock_first)
    monkeypatch.setattr(worker.time, "sleep", lambda _: held.close() if release.wait(5) else None)
    assert worker.run(paths.spool_dir(), paths.database_file()).recorded == 2
    assert not waits()


def test_a_lock_that_outlasts_the_workers_patience_leaves_the_events(
    event: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.connect(paths.database_file()).close()
    monkeypatch.setattr(database, "BUSY_MS", 50)
    monkeypatch.setattr(worker, "CAP_S", 61)
    with locked(paths.database_file()):
        for _ in range(4):
            with pytest.raises(ClaudeMetricsError, match="locked by another program"):
                worker.run(paths.spool_dir(), paths.database_file())
            assert waits()
    assert worker.run(paths.spool_dir(), paths.database_file()).recorded == 1


def test_a_locked_database_is_a_line_that_says_so_in_sync(event: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    database.connect(paths.database_file()).close()
    monkeypatch.setattr(database, "BUSY_MS", 50)
    found = sync.look(paths.database_file(), ["claude"])
    with (
        locked(paths.database_file(), "immediate"),
        pytest.raises(ClaudeMetricsError, match="locked by another program"),
    ):
        sync.run(paths.database_file(), *found)
