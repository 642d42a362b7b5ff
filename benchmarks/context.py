"""What the session-start note costs, as a ratio.

Each round runs `git status` in the largest repository, without its submodules and with them, starts a bare
interpreter, and runs the hook, in turn.

The workspace: a repository of 30,000 files with 12 submodules of 300 to 3,000, all with a change and a new file. The
database holds 30,000 quarter hours. The note is about all 13 repositories; the ceiling is 1.5 x git in the largest
alone, after the interpreter's start is taken off. It takes a second processor that is idle.
"""

import json
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
HOOK = ROOT / "hooks" / "session_start.py"
LARGEST = 30_000
SUBMODULES = (3_000, 1_000, *(300,) * 10)
CEILING = 1.5
IDENTITY = ("-c", "user.name=Dev", "-c", "user.email=dev@example.com", "-c", "protocol.file.allow=always")


def measure(runs: int = 15, largest: int = LARGEST, submodules: tuple[int, ...] = SUBMODULES) -> dict[str, Any]:
    """Milliseconds of each, and the note's as a multiple of git's after the interpreter's start is taken off."""
    with tempfile.TemporaryDirectory() as scratch:
        workspace = make_workspace(Path(scratch), largest, submodules)
        environment = {**os.environ, "HOME": scratch, "CLAUDE_METRICS_HOME": f"{scratch}/cm"}
        database = make_database(Path(scratch) / "cm", workspace)
        hook = [sys.executable, "-I", "-S", str(HOOK), "--tool", "claude", "--db-path", str(database)]
        commands = {
            "git status": ["git", "status", "--ignore-submodules"],
            "  submodules too": ["git", "status"],
            "interpreter": [sys.executable, "-I", "-S", "-c", "pass"],
            "note": hook,
        }
        found = _rounds(commands, workspace, runs, environment)
        assert found["repositories"] == len(submodules) + 1, "one was late, or not read right"
        return found


def _rounds(commands: dict[str, list[str]], folder: Path, runs: int, environment: dict[str, str]) -> dict[str, Any]:
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for round_ in range(runs + 2):  # the first two fill caches
        for name, command in commands.items():
            began = time.perf_counter()
            done = subprocess.run(command, cwd=folder, env=environment, input=b"{}", capture_output=True, check=True)
            taken[name] += [(time.perf_counter() - began) * 1000] if round_ >= 2 else []
    text = json.loads(done.stdout)["hookSpecificOutput"]["additionalContext"]
    median = {name: statistics.median(each) for name, each in taken.items()}
    return {
        "runs": runs,
        "characters": len(text),
        "repositories": text.count("; 1 changed, 1 untracked; last commit"),
        "median_ms": median,
        "p95_ms": {name: statistics.quantiles(each, n=20)[-1] for name, each in taken.items()},
        "min_ms": {name: min(each) for name, each in taken.items()},
        "ratio": (median["note"] - median["interpreter"]) / median["git status"],
    }


def make_workspace(scratch: Path, largest: int, submodules: tuple[int, ...]) -> Path:
    """Every repository with a changed and an untracked file."""
    workspace = scratch / "workspace"
    fill(workspace, largest)
    for number, count in enumerate(submodules):
        origin = scratch / f"origin-{number:02}"
        fill(origin, count)
        git(workspace, "submodule", "--quiet", "add", str(origin), f"module-{number:02}")
        shutil.rmtree(origin)
    git(workspace, "commit", "-q", "-m", "Put it together")
    for folder in [workspace, *workspace.glob("module-*")]:
        (folder / "new.txt").write_text("new\n")
        tracked = folder / "README.md"
        tracked.write_text(tracked.read_text() + "changed\n")
    return workspace


def fill(folder: Path, count: int) -> None:
    """A repository of `count` small files in folders of fifty."""
    for number in range(0, count, 50):
        deep = folder / f"part-{number // 1000}" / f"folder-{number // 50}"
        deep.mkdir(parents=True)
        for file in range(number, min(number + 50, count)):
            (deep / f"file-{file}.txt").write_text(f"{file}\n" * 20)
    (folder / "README.md").write_text("# module\n")
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "Start")


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *IDENTITY, *arguments], cwd=folder, check=True, capture_output=True)


def make_database(home: Path, workspace: Path, quarters: int = 30_000) -> Path:
    """A year of sessions in this and other projects, up to now."""
    sys.path.insert(0, str(ROOT))
    from claude_metrics.store.connection import connect

    database = home / "data" / "db" / "metrics.db"
    (home / "data").mkdir(parents=True, mode=0o700)
    (home / "data" / ".catch-up").write_text(str(int(time.time())))  # it would run beside what is measured
    connection = connect(database)
    connection.execute("begin")
    now = int(time.time())
    for number in range(quarters):
        at, session = now - number * 900, f"s-{number // 8}"
        folder = str(workspace) if number // 8 % 3 == 0 else f"/home/dev/other-{number % 20}"
        _add_quarter(connection, session, folder, at)
    connection.execute("commit")
    connection.close()
    return database


def _add_quarter(connection: sqlite3.Connection, session: str, folder: str, at: int) -> None:
    moment = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(at))
    connection.execute(
        "insert or ignore into places (agent, project_path, project, branch, machine)"
        " values ('claude_code', ?, 'p', '', '')",
        [folder],
    )
    [place] = connection.execute("select place_id from places where project_path = ?", [folder]).fetchone()
    connection.execute(
        "insert or ignore into sessions (session_id, agent_type, start_time, end_time, project_path, place_id)"
        " values (?, 'claude_code', ?, ?, ?, ?)",
        [session, moment, moment, folder, place],
    )
    connection.execute(
        "insert or ignore into usage_15min values (?, ?, 'm', ?, 1, 2, 3, 4, 5, 0.01, 0, 0, 0, 0, 0, ?, ?)",
        [at // 900 * 900, session, place, moment, moment],
    )


def main() -> int:
    found = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
    print(f"{found['runs']} alternating runs, Python {sys.version.split()[0]}, {os.cpu_count()} processors")
    print(f"{'':16}{'median ms':>11}{'p95 ms':>9}{'min ms':>9}")
    for name, median in found["median_ms"].items():
        print(f"{name:16}{median:11.1f}{found['p95_ms'][name]:9.1f}{found['min_ms'][name]:9.1f}")
    print(f"(note - interpreter) / git status  {found['ratio']:.2f}   (ceiling {CEILING})")
    print(f"a note of {found['characters']} characters on {found['repositories']} repositories")
    return found["ratio"] > CEILING


if __name__ == "__main__":
    sys.exit(main())
