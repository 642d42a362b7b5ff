"""A database or disk in no state to be used: nothing waits in vain for it, nothing is lost, nothing is made worse."""

import contextlib
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from claude_metrics import paths
from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.recording import spool, sync, worker
from claude_metrics.store import connection as database
from tests.support.captured import Capture, as_stdin
from tests.support.dumps import Dump, dump
from tests.support.places import HOOK
from tests.support.waiting import PATIENCE_S, wait_for

pytestmark = pytest.mark.slow


@pytest.fixture
def event(capture: Callable[[str], Capture], home: Path) -> bytes:
    """A payload that waits in the spool, its transcript laid out."""
    paths.private_dir(paths.config_file().parent)
    paths.config_file().write_text('machine_id = "m"\n')
    payload = as_stdin(capture("print-basic").payloads("SessionEnd")[0])
    run_hook(payload)
    return payload


def run_hook(payload: bytes, **environment: str) -> None:
    command = [sys.executable, "-I", "-S", str(HOOK), "--worker-python", "/bin/true"]
    done = subprocess.run(
        command, input=payload, capture_output=True, timeout=20, check=False, env=os.environ | environment
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"{}\n", b"")


def run_worker() -> int:
    """As the hook starts it."""
    return subprocess.run([sys.executable, "-I", "-m", "claude_metrics.worker"], check=False, timeout=120).returncode


def run_sync() -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "claude_metrics", "sync"]
    return subprocess.run(command, check=False, timeout=120, capture_output=True)


def waits() -> bool:
    assert not spool.failed(paths.spool_dir()), "set aside because of the database's state"
    return bool(spool.pending(paths.spool_dir()))


def undisturbed(tmp_path: Path) -> Dump:
    """What one worker makes of the event, in a database elsewhere."""
    elsewhere = tmp_path / "elsewhere" / "metrics.db"
    [payload] = [spool.read(event) for event in spool.pending(paths.spool_dir())]
    folder = paths.private_dir(tmp_path / "elsewhere" / "spool")
    spool.submit(payload or b"", "claude", folder)
    worker.run(folder, elsewhere)
    return dump(elsewhere, "ended_at")


# The database file


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


# Locks


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


# The disk


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MiB."""
    place = tmp_path / "tiny"
    place.mkdir()
    options = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs", str(place)]
    if os.geteuid() or subprocess.run(options, check=False, capture_output=True).returncode:
        pytest.skip("only root can mount a small disk here; test_faults_*.py fill it by ENOSPC instead")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(disk: Path) -> None:
    with contextlib.suppress(OSError), (disk / "ballast").open("ab", buffering=0) as file:
        while file.write(b"x" * 4096):
            pass


@pytest.mark.root
def test_on_a_full_disk_the_event_goes_elsewhere_and_is_recorded_when_there_is_space(
    capture: Callable[[str], Capture], tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    payload = as_stdin(capture("print-basic").payloads("SessionEnd")[0])
    monkeypatch.setenv("CLAUDE_METRICS_HOME", str(tiny / "ours"))
    fill(tiny)
    run_hook(payload)
    run_worker()
    [kept] = spool.pending(paths.spool_dir())
    assert tiny not in kept.path.parents
    (tiny / "ballast").unlink()
    assert run_worker() == 0
    assert not spool.pending(paths.spool_dir())
    assert dump(paths.database_file())["sessions"]


@pytest.mark.root
def test_a_database_that_outgrows_the_disk_keeps_what_it_had(
    capture: Callable[[str], Capture], tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (as_stdin(capture(name).payloads("SessionEnd")[0]) for name in ("print-basic", "tui-exit"))
    monkeypatch.setenv("CLAUDE_METRICS_DB", str(tiny / "db" / "metrics.db"))
    run_hook(first)
    assert run_worker() == 0
    before = dump(paths.database_file())
    fill(tiny)
    run_hook(second)
    for _ in range(4):
        assert run_worker() == 1
        assert waits()
        assert dump(paths.database_file()) == before
    (tiny / "ballast").unlink()
    assert run_worker() == 0
    assert not waits()
    assert len(dump(paths.database_file())["sessions"]) == 2


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Callable[[Path], None]]:
    """Makes a folder and all in it read-only: by its modes, and for root, who may write all the same, by a mount."""
    changed: list[Path] = []

    def forbid(folder: Path) -> None:
        changed.append(folder)
        if os.geteuid():
            subprocess.run(["chmod", "-R", "a-w", str(folder)], check=True)
            return
        for options in (["--bind", str(folder), str(folder)], ["-o", "remount,bind,ro", str(folder)]):
            if subprocess.run(["mount", *options], check=False, capture_output=True).returncode:
                pytest.skip("no folder can be mounted here; the same tests run for users who are not root")

    yield forbid
    for folder in changed:
        allow_again(folder)


def allow_again(folder: Path) -> None:
    undo = ["chmod", "-R", "u+w", str(folder)] if os.geteuid() else ["umount", "-l", str(folder)]
    subprocess.run(undo, check=False, capture_output=True)


def test_a_read_only_database_folder_leaves_the_events(event: bytes, read_only: Callable[[Path], None]) -> None:
    assert run_sync().returncode == 0
    run_hook(event)
    read_only(paths.database_file().parent)
    for _ in range(4):
        assert run_worker() == 1
        assert waits()
    allow_again(paths.database_file().parent)
    assert run_worker() == 0
    assert not waits()


def test_events_in_a_read_only_spool_are_recorded_once_and_not_for_ever(
    event: bytes, read_only: Callable[[Path], None]
) -> None:
    """They cannot be deleted: every worker finds them again, none goes round."""
    read_only(paths.spool_dir())
    for _ in range(2):
        assert run_worker() == 0
        assert waits()
    found = dump(paths.database_file())
    assert len(found["sessions"]) == len(found["recordings"]) == 1


def test_in_a_read_only_home_the_hook_still_keeps_the_event(
    event: bytes, home: Path, tmp_path: Path, read_only: Callable[[Path], None]
) -> None:
    (tmp_path / "temporary").mkdir()
    read_only(home)
    run_hook(event, TMPDIR=str(tmp_path / "temporary"))
    assert len(list((tmp_path / "temporary").rglob("*.json"))) == 1


# The clock, and what else lies about


def test_when_the_clock_goes_back_events_are_recorded_all_the_same(event: bytes, home: Path) -> None:
    [first] = spool.pending(paths.spool_dir())
    past = first.path.with_name(first.path.name.replace(str(first.received_ns), "946684800000000000"))
    first.path.rename(past)
    os.utime(past, (time.time() + 86_400 * 365, time.time() + 86_400 * 365))
    assert run_worker() == 0
    run_hook(event)
    assert run_worker() == 0
    assert not waits()
    assert len(dump(paths.database_file())["sessions"]) == 1


def test_a_spool_full_of_strange_things_loses_no_event_and_none_of_them(event: bytes, home: Path) -> None:
    folder, target = paths.spool_dir(), home / "important.json"
    target.write_text("important")
    for number in range(300):
        name = f"{1795147570000000000 + number}-{number}-claude-end.json"
        (folder / f"{name}.tmp").write_bytes(b'{"session_id": "half')
        (folder / f"note-{number}.txt").write_text("not ours")
        (folder / name.replace("claude", "link")).symlink_to(target)
        (folder / name.replace("claude", "folder")).mkdir()
        os.mkfifo(folder / name.replace("claude", "fifo"))
    (folder / "1795147570000000000-1-nobody-end.json").write_bytes(event)
    assert run_worker() == 0
    assert len(dump(paths.database_file())["sessions"]) == 1
    assert target.read_text() == "important"
    assert len(list(folder.iterdir())) >= 5 * 300
    assert [path.agent for path in spool.pending(folder)] == ["nobody"], "an agent of a newer version; three tries"
