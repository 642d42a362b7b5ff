"""The hook ends in time and keeps the event, whatever the agent does with its streams and signals."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from claude_metrics.recording import spool
from tests.hooks.scene import PAYLOAD, Scene
from tests.support.waiting import wait_for


def test_stdin_that_is_never_closed_is_not_waited_for_and_what_came_is_kept(scene: Scene) -> None:
    silent, talking = scene.start(), scene.start()
    assert talking.stdin
    talking.stdin.write(PAYLOAD)
    talking.stdin.flush()
    for hook in (silent, talking):
        assert hook.stdout and hook.stdin
        assert (hook.wait(timeout=10), hook.stdout.read()) == (0, b"{}\n")
        hook.communicate()
    [event] = spool.pending(scene.spool)
    assert spool.read(event) == PAYLOAD
    assert event.cut


def test_a_terminal_on_stdin_is_not_waited_for(scene: Scene) -> None:
    master, slave = os.openpty()
    hook = scene.start(stdin=slave)
    out, _ = hook.communicate(timeout=10)
    assert (out, hook.returncode) == (b"{}\n", 0)
    os.close(master)
    os.close(slave)


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-", ">/dev/full"])
def test_closed_and_full_streams_do_not_matter(scene: Scene, closed: str) -> None:
    command = ["/bin/sh", "-c", f'"$@" {closed}', "sh", *scene.command()]
    done = subprocess.run(command, input=PAYLOAD, capture_output=True, env=scene.environment(), timeout=5, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert [path.read_bytes() for path in scene.kept()] == ([] if "<&-" in closed else [PAYLOAD])


def test_a_reader_that_is_gone_does_not_matter(scene: Scene) -> None:
    read, write = os.pipe()
    os.close(read)
    hook = scene.start(stdout=write)
    _, err = hook.communicate(PAYLOAD, timeout=5)
    os.close(write)
    assert (hook.returncode, err, len(scene.kept())) == (0, b"", 1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_does_not_stop_it(scene: Scene, number: signal.Signals) -> None:
    hook = scene.start()
    assert hook.stdin
    wait_for(lambda: has_begun(hook.pid))
    hook.send_signal(number)
    hook.stdin.write(PAYLOAD)
    out, err = hook.communicate(timeout=5)
    assert (out, err, hook.returncode, len(scene.kept())) == (b"{}\n", b"", 0, 1)


def has_begun(pid: int) -> bool:
    """Ours, and no longer the interpreter's start: SIGTERM is ignored."""
    status = Path(f"/proc/{pid}/status").read_text()
    ignored = next(line.split()[1] for line in status.splitlines() if line.startswith("SigIgn"))
    return bool(int(ignored, 16) & 1 << (signal.SIGTERM - 1))


def test_stdin_that_never_stops_is_read_for_a_second(scene: Scene) -> None:
    with Path("/dev/zero").open("rb") as endless:
        hook = scene.start(stdin=endless)
        out, err = hook.communicate(timeout=10)
    assert (out, err, hook.returncode) == (b"{}\n", b"", 0)
    assert [event.cut for event in spool.pending(scene.spool)] == [True]
