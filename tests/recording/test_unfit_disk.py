"""A disk that is full or read-only, a clock set back, a spool full of strange things: no event is lost."""

import contextlib
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from claude_metrics import paths
from claude_metrics.recording import spool
from tests.recording.waiting_events import run_hook, run_sync, run_worker, waits
from tests.support.captured import Capture, as_stdin
from tests.support.dumps import dump

pytestmark = pytest.mark.slow


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
