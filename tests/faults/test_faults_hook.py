"""The hook, killed or denied a system call at every step: its payload is kept, or the transcript is found by a sync."""

import errno
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from claude_metrics import paths
from claude_metrics.recording import spool, sync, worker
from tests.conftest import unavailable
from tests.support import faults
from tests.support.captured import Capture, as_stdin
from tests.support.checkout import HOOK
from tests.support.dumps import Dump, dump

pytestmark = pytest.mark.faults

DENIED = ("ENOSPC", "EIO", "EROFS", "EACCES", "EDQUOT")


@dataclass
class Scene:
    payload: bytes
    spool: Path
    database: Path

    @property
    def command(self) -> list[str]:
        """Its worker only looks at the clock: what the real one does is another test's."""
        return [sys.executable, "-I", "-S", "-B", str(HOOK), "--spool", str(self.spool), "--worker-python", "/bin/true"]

    def end(self, step: faults.Step, fault: str) -> subprocess.CompletedProcess[bytes]:
        self.forget()
        return faults.run(self.command, step, fault, input=self.payload)

    def forget(self) -> None:
        for place in (paths.data_dir(), *spool.possible_folders(self.spool)):
            shutil.rmtree(place, ignore_errors=True)

    def is_kept(self) -> bool:
        """All of the payload stands in some file."""
        found = [path for place in spool.possible_folders(self.spool) for path in place.glob("*.json*")]
        return any(path.read_bytes() == self.payload for path in found)

    def recorded(self) -> Dump:
        """What stands in the database after the next worker and the next sync; ten seconds have passed."""
        for half in self.spool.glob("*.tmp"):
            os.utime(half, (time.time() - 11, time.time() - 11))
        worker.run(self.spool, self.database)
        sync.run(self.database, *sync.look(self.database, ["claude"]))
        assert not spool.pending(self.spool)
        return dump(self.database, "ended_at")


@pytest.fixture
def scene(capture: Callable[[str], Capture], home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    if reason := faults.why_not():
        unavailable(reason, may_skip="cannot trace" in reason)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    paths.private_dir(paths.config_file().parent)
    paths.config_file().write_text('machine_id = "m"\n')
    payload = capture("print-basic").payloads("SessionEnd")[0]
    return Scene(as_stdin(payload), paths.spool_dir(), paths.database_file())


def test_a_hook_that_is_killed_at_any_step_loses_nothing(scene: Scene) -> None:
    found = faults.steps(scene.command, f"{faults.CALLS},{faults.STARTS}", input=scene.payload)
    assert len(found) > 8, "mkdir twice, open, write, fsync, rename, fsync, start the worker, answer"
    scene.forget()
    subprocess.run(scene.command, input=scene.payload, capture_output=True, check=True)
    undisturbed = scene.recorded()
    scene.forget()
    never_ran = scene.recorded()
    assert never_ran["sessions"] != undisturbed["sessions"], "the payload tells how the session ended"
    kept = []
    for step in found:
        killed = scene.end(step, "signal=KILL")
        assert killed.returncode == -9, f"not killed: {step}"
        kept.append(scene.is_kept())
        assert scene.recorded() == (undisturbed if kept[-1] else never_ran), f"killed at {step}"
    assert kept == sorted(kept), "once kept, a payload stays"
    assert kept[-3:] == [True] * 3


@pytest.mark.parametrize("error", DENIED)
def test_a_hook_that_is_denied_a_step_says_nothing_and_keeps_its_payload_elsewhere(scene: Scene, error: str) -> None:
    assert hasattr(errno, error)
    found = faults.steps(scene.command, input=scene.payload)
    for step in [step for step in found if not step.given.startswith("1,")]:
        done = scene.end(step, f"error={error}")
        assert (done.returncode, done.stdout, done.stderr) == (0, b"{}\n", b""), f"{error} at {step}"
        assert scene.is_kept(), f"{error} at {step}"
        assert [spool.read(event) for event in spool.pending(scene.spool)] == [scene.payload], f"{error} at {step}"


@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
@pytest.mark.parametrize("call", ["openat", "write", "fsync", "rename", "mkdir"])
def test_a_hook_whose_disk_is_full_from_some_step_on_says_nothing(scene: Scene, error: str, call: str) -> None:
    """Nothing can be kept then; the transcript is on the disk, and the next sync reads it."""
    first = [step for step in faults.steps(scene.command, input=scene.payload) if step.call.startswith(call)]
    for step in first[:1]:
        done = faults.run(scene.command, step, f"error={error}", lasting=True, input=scene.payload)
        assert (done.returncode, done.stderr) == (0, b""), f"{error} from {step} on"
    assert len(scene.recorded()["sessions"]) == 1
