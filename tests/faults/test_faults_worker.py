"""The worker, killed or denied a system call at every step: an event goes when its rows have come, none comes twice."""

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest

from claude_metrics import paths
from claude_metrics.recording import spool, worker
from tests.conftest import unavailable
from tests.support import faults
from tests.support.captured import RECORDED_HOME, Capture, as_stdin
from tests.support.dumps import Dump, count, dump
from tests.support.git_sandbox import BEGIN, repository, shell

pytestmark = pytest.mark.faults

PARTS = 6  # of all steps, for as many tests that run beside each other
TURN, EVENT = "1795147560000000000-4710-claude-stop.json", "1795147570000000000-4711-claude-end.json"


@dataclass
class Scene:
    """An event in the spool; what was before it is kept in `before`, to begin again from there."""

    root: Path
    before: Path
    expected: Dump = field(default_factory=dict)

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-B", "-I", "-m", "claude_metrics.worker", "--spool", str(self.spool)]

    @property
    def spool(self) -> Path:
        return self.root / "data" / "spool"

    @property
    def database(self) -> Path:
        return self.root / "data" / "db" / "metrics.db"

    def begin(self) -> None:
        shutil.rmtree(self.root)
        shutil.copytree(self.before, self.root)

    def steps(self) -> list[faults.Step]:
        self.begin()
        found = faults.steps(self.command)
        self.expected = dump(self.database)
        assert self.expected["sessions"]
        assert self.expected["commits"]
        assert not spool.pending(self.spool)
        return faults.sampled(found)

    def hurt(self, step: faults.Step, fault: str, lasting: bool = False) -> subprocess.CompletedProcess[bytes]:
        self.begin()
        return faults.run(self.command, step, fault, lasting)

    def is_whole(self) -> bool:
        """After the next worker the database is that of an undisturbed run, and nothing waits or was set aside."""
        worker.run(self.spool, self.database)
        assert not spool.pending(self.spool)
        assert not spool.failed(self.spool)
        return dump(self.database) == self.expected


def prepare(capture: Capture, home: Path, journal_mode: str, grown: bool) -> Scene:
    """A session with a commit of its own; `grown`: half of it was recorded before."""
    paths.private_dir(paths.config_file().parent)
    paths.config_file().write_text(f'machine_id = "m"\njournal_mode = "{journal_mode}"\n')
    repo = repository(home / "app", at=-1e6)
    payload = capture.payloads("SessionEnd")[0]
    transcript = Path(payload["transcript_path"])
    lines = transcript.read_text().replace(f"{RECORDED_HOME}/app", str(repo)).splitlines(keepends=True)
    middle = next(json.loads(line)["timestamp"] for line in lines[len(lines) // 2 :] if '"timestamp"' in line)
    at = datetime.fromisoformat(middle).timestamp() - BEGIN
    shell(repo, "echo 2 > two.txt; git add .; git commit -q -m Second", at)
    folder = paths.private_dir(paths.spool_dir())
    if grown:
        transcript.write_text("".join(lines[: len(lines) // 2]))
        (folder / TURN).write_bytes(as_stdin({**payload, "hook_event_name": "Stop"}))
        worker.run(folder, paths.database_file())
    transcript.write_text("".join(lines))
    (folder / EVENT).write_bytes(as_stdin({**payload, "cwd": str(repo)}))
    scene = Scene(paths.data_dir().parent, home.parent / "before")
    shutil.copytree(scene.root, scene.before)
    return scene


@pytest.fixture
def scene(
    capture: Callable[[str], Capture], home: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Scene:
    if reason := faults.why_not():
        unavailable(reason, may_skip="cannot trace" in reason)
    monkeypatch.setenv("TMPDIR", str(home.parent))
    return prepare(capture("print-basic"), home, *getattr(request, "param", ("delete", False)))


FIRST, GROWN, WAL = ("delete", False), ("delete", True), ("wal", True)


@pytest.mark.parametrize("scene", [FIRST, GROWN, WAL], indirect=True, ids=["first", "grown", "wal"])
@pytest.mark.parametrize("part", range(PARTS))
def test_a_worker_that_is_killed_at_any_step_leaves_no_half_session(scene: Scene, part: int) -> None:
    kills = faults.Kills()
    for step in scene.steps()[part::PARTS]:
        kills.note(scene.hurt(step, "signal=KILL"))
        assert scene.is_whole(), f"killed at {step}"
    kills.check()


@pytest.mark.parametrize("scene", [FIRST, WAL], indirect=True, ids=["first", "wal"])
@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
def test_a_worker_that_is_denied_any_step_leaves_the_event_or_stores_it(scene: Scene, error: str) -> None:
    for step in scene.steps()[:: 1 if faults.EVERY_STEP else 6]:
        scene.hurt(step, f"error={error}")
        assert scene.is_whole(), f"{error} at {step}"


@pytest.mark.parametrize("error", ["ENOSPC", "EIO", "EROFS"])
@pytest.mark.parametrize("call", ["pwrite64", "fdatasync", "unlink", "mkdir", "openat"])
def test_while_the_disk_is_unfit_no_number_of_workers_gives_an_event_up(scene: Scene, call: str, error: str) -> None:
    first = next(step for step in scene.steps() if step.call == call)
    scene.begin()
    for _ in range(4):
        faults.run(scene.command, first, f"error={error}", lasting=True)
        assert not spool.failed(scene.spool)
    assert scene.is_whole()


def test_a_worker_killed_after_the_commit_does_not_record_the_session_twice(scene: Scene) -> None:
    """The narrowest place: the rows are there, the event too."""
    deletion = next(step for step in scene.steps() if step.call.startswith("unlink") and EVENT in step.given)
    assert scene.hurt(deletion, "signal=KILL").returncode == -9
    assert count(scene.database, "sessions") == 1
    assert spool.pending(scene.spool)
    assert scene.is_whole()
    with closing(sqlite3.connect(scene.database)) as connection:
        assert connection.execute("select count(*) from recordings").fetchone() == (1,)
