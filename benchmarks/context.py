"""What the session-start note costs, as a ratio: each round asks git in the largest repository, starts a bare
interpreter, and runs the hook, in turn.

The workspace: a repository with 12 submodules, the largest of them 20,000 files, all with a few changes. The database
holds 30,000 quarter hours. `allowed` is 1.5 x `git status` in the largest repository, plus the interpreter's start.
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
FILES = (20_000, 3_000, 2_000, *(500,) * 9)  # per submodule; the largest is not the first to be asked
CEILING = 1.5
IDENTITY = ("-c", "user.name=Dev", "-c", "user.email=dev@example.com", "-c", "protocol.file.allow=always")


def measure(runs: int = 15, files: tuple[int, ...] = FILES) -> dict[str, Any]:
    """Milliseconds of each, and the note's as a multiple of git's after the interpreter's start is taken off."""
    with tempfile.TemporaryDirectory() as scratch:
        workspace = make_workspace(Path(scratch), files)
        environment = {**os.environ, "HOME": scratch, "CLAUDE_METRICS_HOME": f"{scratch}/cm"}
        database = make_database(Path(scratch) / "cm", workspace)
        hook = [sys.executable, "-I", "-S", str(HOOK), "--tool", "claude", "--db-path", str(database)]
        largest = workspace / "module-05"
        commands = {
            "git status": (["git", "status"], largest),
            "interpreter": ([sys.executable, "-I", "-S", "-c", "pass"], workspace),
            "note": (hook, workspace),
        }
        return _rounds(commands, runs, environment)


def _rounds(commands: dict[str, tuple[list[str], Path]], runs: int, environment: dict[str, str]) -> dict[str, Any]:
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for round_ in range(runs + 2):  # the first two fill caches
        for name, (command, folder) in commands.items():
            began = time.perf_counter()
            done = subprocess.run(
                command, cwd=folder, env=environment, input=b'{"cwd": "%s"}' % os.fsencode(folder),
                capture_output=True, check=True,
            )  # fmt: skip
            taken[name] += [(time.perf_counter() - began) * 1000] if round_ >= 2 else []
    text = json.loads(done.stdout)["hookSpecificOutput"]["additionalContext"]
    assert text.count(" on main") + text.count("detached at") == len(FILES) + 1, text
    median = {name: statistics.median(each) for name, each in taken.items()}
    return {
        "runs": runs,
        "characters": len(text),
        "median_ms": median,
        "p95_ms": {name: statistics.quantiles(each, n=20)[-1] for name, each in taken.items()},
        "ratio": (median["note"] - median["interpreter"]) / median["git status"],
    }


def make_workspace(scratch: Path, files: tuple[int, ...]) -> Path:
    """The largest as `module-05`; every repository with a changed and an untracked file."""
    workspace = scratch / "workspace"
    workspace.mkdir()
    git(workspace, "init", "-q", "-b", "main")
    order = [*files[1:6], files[0], *files[6:]]
    for number, count in enumerate(order):
        origin = scratch / f"origin-{number:02}"
        fill(origin, count)
        git(workspace, "submodule", "--quiet", "add", str(origin), f"module-{number:02}")
        shutil.rmtree(origin)
    (workspace / "README.md").write_text("# workspace\n")
    git(workspace, "add", "-A")
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
        "insert or ignore into usage_quarters values (?, ?, 'm', ?, 1, 2, 3, 4, 5, 0.01, 0, 0, 0, 0, 0, ?, ?)",
        [at // 900 * 900, session, place, moment, moment],
    )


def main() -> int:
    found = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
    print(f"{found['runs']} alternating runs, Python {sys.version.split()[0]}, {os.cpu_count()} processors")
    print(f"{'':13}{'median ms':>11}{'p95 ms':>9}")
    for name, median in found["median_ms"].items():
        print(f"{name:13}{median:11.1f}{found['p95_ms'][name]:9.1f}")
    print(f"(note - interpreter) / git status  {found['ratio']:.2f}   (ceiling {CEILING})")
    print(f"a note of {found['characters']} characters on {len(FILES) + 1} repositories")
    return found["ratio"] > CEILING


if __name__ == "__main__":
    sys.exit(main())
