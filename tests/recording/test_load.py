"""Many hooks at once: each ends well and quickly enough, everything is recorded once, by one worker after the other."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryFile

import pytest

from claude_metrics import paths
from claude_metrics.recording import spool
from tests.support.captured import Capture, as_stdin
from tests.support.checkout import HOOK
from tests.support.dumps import count, dump
from tests.support.processes import children_of, is_alive
from tests.support.waiting import HANG_S, PATIENCE_S, wait_for

HOOKS = 200
PROC = Path("/proc")

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not (PROC / "self/fd").exists(), reason="counts processes in /proc")]


def copies(capture: Capture, number: int) -> Iterator[bytes]:
    """As many sessions with ids of their own, and the payload of each."""
    payload = capture.payloads("SessionEnd")[0]
    transcript, old = Path(payload["transcript_path"]), payload["session_id"]
    text = transcript.read_text()
    transcript.unlink()
    for at in range(number):
        new = f"{at:08x}{old[8:]}"
        path = transcript.with_name(f"{new}.jsonl")
        own = text.replace(old, new).replace('"id":"msg_', f'"id":"msg_{at:03x}')
        path.write_text(own.replace("toolu_", f"toolu_{at:03x}"))
        yield as_stdin({**payload, "session_id": new, "transcript_path": str(path)})


def workers() -> list[Path]:
    """Of this test: the spool's path is in their command line."""
    mark = str(paths.spool_dir()).encode()
    found = ((path, _read(path / "cmdline")) for path in PROC.glob("[0-9]*"))
    return [path for path, command in found if mark in command and b"claude_metrics.worker" in command]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def opened(process: Path) -> set[str]:
    found = set()
    for link in _entries(process / "fd"):
        try:
            found.add(os.readlink(link))  # noqa: PTH115
        except OSError:
            continue
    return found


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def peak_kib(process: Path) -> int:
    lines = [line for line in _read(process / "status").decode().splitlines() if line.startswith("VmHWM")]
    return int(lines[0].split()[1]) if lines else 0


def test_200_hooks_at_once(capture: Callable[[str], Capture], home: Path) -> None:
    payloads = list(copies(capture("print-basic"), HOOKS))
    chosen = ["--spool", str(paths.spool_dir()), "--worker-python", sys.executable]
    command = [sys.executable, "-I", "-S", str(HOOK), *chosen]
    hooks = [start(command, payload) for payload in payloads]
    busy, memory = watch(hooks)
    assert {(hook.returncode, *hook.communicate()) for hook in hooks} == {(0, b"{}\n", b"")}
    assert not spool.pending(paths.spool_dir())
    assert not spool.failed(paths.spool_dir())
    assert count(paths.database_file(), "sessions") == count(paths.database_file(), "recordings") == HOOKS
    assert dump(paths.database_file())["token_usage"]
    assert busy == 1, "one worker at a time has the database open"
    assert memory < 200 * 1024, "KiB"
    assert not workers(), "none is left"


def start(command: list[str], payload: bytes) -> subprocess.Popen[bytes]:
    """With the payload on stdin from the beginning, as a client gives it."""
    with TemporaryFile() as stdin:
        stdin.write(payload)
        stdin.seek(0)
        return subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def watch(hooks: list[subprocess.Popen[bytes]]) -> tuple[int, int]:
    """The most workers that had the database open at once, and the most memory one had, until all have ended."""
    busy = memory = 0
    while True:  # the test's own time limit ends it
        alive = workers()
        working = [one for one in alive if str(paths.database_file()) in opened(one)]
        busy, memory = max(busy, len(working)), max([memory, *map(peak_kib, working)])
        if not alive and all(hook.poll() is not None for hook in hooks) and not spool.pending(paths.spool_dir()):
            break
        time.sleep(0.02)
    return busy, memory


def test_a_worker_that_hangs_ends_with_all_it_started() -> None:
    code = f"""import subprocess, time
from claude_metrics.recording import worker
worker.CAP_S = -59
worker._watchdog()
subprocess.Popen(["sh", "-c", "echo $$; sleep {HANG_S} & echo $!; wait"])
time.sleep({HANG_S})
"""
    hanging = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert hanging.stdout
    started = [int(hanging.stdout.readline()) for _ in range(2)]
    assert hanging.wait(PATIENCE_S) == 1
    wait_for(lambda: not [pid for pid in started if is_alive(pid)])


def test_a_sync_that_is_killed_leaves_no_process(home: Path) -> None:
    """Much at once is read by several processes: they must not outlive the one that writes."""
    folder = home / ".claude/projects/p"
    folder.mkdir(parents=True)
    record = {"type": "user", "uuid": "u", "timestamp": "2026-11-20T04:06:00.000Z", "message": {"content": "x" * 2000}}
    line = json.dumps(record)
    for number in range(12):
        (folder / f"{number}.jsonl").write_text((line + "\n") * 3000)
    syncing = subprocess.Popen([sys.executable, "-m", "claude_metrics", "sync"], stdout=subprocess.DEVNULL)
    children = wait_for(lambda: children_of(syncing.pid) or (syncing.poll() is not None and {0})) - {0}
    assert children, "it reads in one process: the corpus is too small"
    syncing.kill()
    syncing.wait()
    wait_for(lambda: not [pid for pid in children if is_alive(pid)])
