"""Every command that writes, killed at its steps: the next start leaves what an undisturbed run leaves, and no more.

The next start is any command; then the killed one is repeated. Nothing is lost, doubled or left behind: no copy in the
folder that Grafana mounts, no unfinished file beside the user's, no made-up session in a report.
"""

import json
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from claude_metrics import paths
from claude_metrics.paths import work
from claude_metrics.recording import spool, sync
from tests.conftest import unavailable
from tests.support import faults
from tests.support.captured import Capture, as_stdin
from tests.support.dumps import dump

pytestmark = pytest.mark.faults

PYTHON = [sys.executable, "-B", "-m", "claude_metrics"]
FOREIGN = {"model": "opus", "hooks": {"SessionEnd": [{"hooks": [{"type": "command", "command": "echo mine"}]}]}}
KILLS_EACH = 24
STARTS = 40
FIRES = ("doctor", "doctor --fix", "setup")
STAMP = re.compile(r"\d{8}T\d{6}(?:\.\d+)?Z?")


@dataclass
class Scene:
    """A home with recorded sessions, hooks of ours and of somebody else, an event that waits, and a daily copy."""

    home: Path
    before: Path
    purged: str = ""
    expected: dict = field(default_factory=dict)
    files: set[str] = field(default_factory=set)

    def begin(self) -> None:
        shutil.rmtree(self.home)
        shutil.copytree(self.before, self.home, symlinks=True)

    def state(self) -> dict:
        """All rows; the log of runs, the times of writing and the copied files' inodes (in the cursors too) differ from run to run."""
        return dump(paths.database_file(), "recordings", "inode", "cursor") if paths.database_file().exists() else {}

    def names(self) -> set[str]:
        """Every file, times of day in its name left out; the price list's and SQLite's own files come and go."""
        found = {str(path.relative_to(self.home)) for path in self.home.rglob("*")}
        return {STAMP.sub("TIME", name) for name in found if "/__pycache__" not in name}

    def holds(self, text: bytes) -> list[str]:
        """The files of ours that hold `text`."""
        own = (path for path in paths.data_dir().rglob("*") if path.is_file())
        return [str(path) for path in own if text in path.read_bytes()]


@pytest.fixture
def scene(capture: Callable[[str], Capture], home: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    if reason := faults.why_not():
        unavailable(reason, may_skip="cannot trace" in reason)
    monkeypatch.setenv("TMPDIR", str(home.parent))
    paths.private_dir(paths.config_file().parent)
    paths.config_file().write_text('machine_id = "m"\n')
    found = [capture(name) for name in ("fork", "print-basic")]
    settings = home / ".claude" / "settings.json"
    settings.write_text(json.dumps(FOREIGN, indent=2))
    for words in (["hook", "install", "--agent", "claude"], ["sync"], ["db", "backup", str(home / "other.db")]):
        subprocess.run([*PYTHON, *words], check=True, capture_output=True)
    payload = next(p for p in found[1].payloads("SessionEnd") if Path(p["transcript_path"]).exists())
    spool.submit(as_stdin(payload), "claude", paths.spool_dir())
    with closing(sqlite3.connect(paths.database_file())) as db:
        [purged] = db.execute("select session_id from sessions order by start_time desc limit 1").fetchone()
    shutil.copytree(home, home.parent / "before", symlinks=True)
    return Scene(home, home.parent / "before", purged)


def chosen(found: list[faults.Step]) -> list[faults.Step]:
    """So many, spread evenly over the run, or all of them."""
    found = [step for step in faults.sampled(found) if not step.given.startswith("1,")]
    if faults.EVERY_STEP or len(found) <= KILLS_EACH:
        return found
    return [found[at * len(found) // KILLS_EACH] for at in range(KILLS_EACH)]


def next_start() -> None:
    done = subprocess.run([*PYTHON, "db", "path"], check=False, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr


def next_starts(scene: Scene) -> None:
    """A killed command may have started a worker that goes on: what it is at is left to the start after its end."""
    for _ in range(STARTS):
        next_start()
        if not any(unfinished(path) for path in scene.names()):
            return
        time.sleep(0.5)


COMMANDS = {
    "sync": ("sync",),
    "worker": ("worker",),
    "setup": ("setup", "--yes"),
    "hook install": ("hook", "install"),
    "hook uninstall": ("hook", "uninstall"),
    "doctor": ("doctor",),
    "doctor --fix": ("doctor", "--fix", "--hooks"),
    "rebuild": ("db", "rebuild"),
    "rebuild --check": ("db", "rebuild", "--check"),
    "purge": ("db", "purge", "--session", "ID", "--yes"),
    "import": ("db", "import", "OTHER"),
    "backup": ("db", "backup", "COPY", "--force"),
    "vacuum": ("db", "vacuum"),
    "export": ("session", "export", "ID", "--format", "html", "--output", "PAGE"),
    "config set": ("config", "set", "timezone", "Europe/Berlin"),
    "provision": ("grafana", "provision", "DASHBOARDS"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_that_is_killed_at_any_step_leaves_nothing_and_can_be_repeated(scene: Scene, name: str) -> None:
    given = {"ID": scene.purged} | {
        word: str(scene.home / file)
        for word, file in (("OTHER", "other.db"), ("COPY", "copy.db"), ("PAGE", "page.html"), ("DASHBOARDS", "grafana"))
    }
    command = [*PYTHON, *(given.get(word, word) for word in COMMANDS[name])]
    spoil(scene, name)
    steps = chosen(faults.steps(command))
    next_start()
    scene.expected, scene.files = scene.state(), scene.names()
    kills = faults.Kills()
    for step in steps:
        spoil(scene, name)
        kills.note(faults.run(command, step))
        next_starts(scene)
        assert not (leftover := [path for path in scene.names() if unfinished(path)]), f"{leftover}, killed at {step}"
        assert not made_up(), f"killed at {step}"
        if name == "purge" and not any(scene.purged in row for row in scene.state()["sessions"]):
            assert scene.holds(scene.purged.encode()) == [], f"killed at {step}"
        done = subprocess.run(command, check=False, capture_output=True, timeout=60)
        assert done.returncode == 0, f"{done.stderr!r}, killed at {step}"
        next_start()
        assert without_hashes(scene.state(), name) == without_hashes(scene.expected, name), f"killed at {step}"
        assert scene.names() <= scene.files, f"killed at {step}"
    kills.check()


def without_hashes(state: dict, name: str) -> dict:
    """A killed doctor's made-up session may still come: a hash keeps it out, and stays."""
    return {table: rows for table, rows in state.items() if table != "purged" or name not in FIRES}


def spoil(scene: Scene, name: str) -> None:
    """The home as it was before; for a repair with something to repair."""
    if scene.before.exists():
        scene.begin()
    if name == "doctor --fix":
        paths.database_file().write_bytes(b"no longer a database" * 99)


def unfinished(name: str) -> bool:
    return name.endswith((".tmp", "-journal", "-wal", "-shm")) or "/work/" in name or "/.rebuild-" in name


def made_up() -> list[str]:
    """The sessions of a doctor that are in the database or wait for it."""
    waiting = [spool.read(event) or b"" for event in spool.pending(paths.spool_dir())]
    found = [raw.decode(errors="replace") for raw in waiting if b"doctor-" in raw]
    with closing(sqlite3.connect(paths.database_file())) as db:
        try:
            found += [row[0] for row in db.execute("select session_id from sessions where session_id like 'doctor-%'")]
        except sqlite3.DatabaseError:
            return found  # still damaged, or not made yet
    return found


def test_work_that_goes_on_is_left_alone(home: Path) -> None:
    with work.noted("rebuild") as folder:
        paths.private_dir(folder)
        next_start()
        assert folder.is_dir()
    assert not work.is_any()


def test_a_note_names_only_unfinished_files_of_ours(home: Path) -> None:
    """Whoever writes into our folder could else have any file deleted."""
    (home / "diary.txt").write_text("dear")
    note = paths.private_dir(work.folder()) / "file-0123456789ab.json"
    note.write_text(json.dumps({"kind": "file", "file": str(home / "diary.txt")}))
    next_start()
    assert (home / "diary.txt").read_text() == "dear"
    assert not work.is_any()


def test_a_purge_can_be_repeated(capture: Callable[[str], Capture], run_cli: Callable) -> None:
    capture("print-basic")
    sync.run(paths.database_file(), *sync.look(paths.database_file(), ["claude"]))
    with closing(sqlite3.connect(paths.database_file())) as db:
        [session_id] = db.execute("select session_id from sessions").fetchone()
    for _ in range(2):
        done = run_cli("db", "purge", "--session", session_id, "--yes")
        assert done.returncode == 0, done.stderr
