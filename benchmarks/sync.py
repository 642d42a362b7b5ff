"""Recording a large corpus, beside ccusage on the same files, alternately in one run.

ccusage reads everything every time and keeps nothing; we read once and keep everything. Wall times are compared as
ratios of medians; processor times, bytes and rows are counted, for they do not depend on what else the machine does.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil

from benchmarks import make_corpus
from tests.rig.clients import ClientUnavailable, ensure_client

ROOT = Path(__file__).resolve().parent.parent
TURN = ROOT / "tests" / "captures" / "claude-code" / "print-basic" / "projects"
CEILINGS = {
    "cold sync / ccusage": 2.0,
    "warm sync / ccusage": 0.5,
    "report daily / ccusage daily": 0.3,
    "report sessions / ccusage session": 0.3,
    "a turn on 87 MB / on 100 KB": 1.2,
    "peak memory, MB": 400.0,
    "database / transcripts, content none, %": 5.0,
    "database / transcripts, with content, %": 15.0,
}


def measure(mib: int = 1024, rounds: int = 3) -> dict[str, Any]:
    """Ratios beside `CEILINGS`, and the work counted. Without npm the ratios to ccusage are left out."""
    corpus, other = _corpus(mib), _ccusage()
    with tempfile.TemporaryDirectory() as scratch:
        taken: dict[str, list[Run]] = {}
        for round_ in range(rounds):
            database = Path(scratch, f"{round_}.db")
            for name, command in _commands(corpus, database, other).items():
                taken.setdefault(name, []).append(run(command, corpus))
        counted = _counts(corpus, Path(scratch), database)
        ratios = _ratios(taken, counted) | {"a turn on 87 MB / on 100 KB": _append(Path(scratch), mib, rounds)}
        return {
            "mib": mib,
            "machine": _machine(),
            "wall_s": {name: round(statistics.median(r.wall_s for r in runs), 3) for name, runs in taken.items()},
            "cpu_s": {name: round(statistics.median(r.cpu_s for r in runs), 3) for name, runs in taken.items()},
            "ratios": ratios,
            "counts": counted,
        }


# -- one command -------------------------------------------------------------------


class Run:
    """Wall and processor seconds of a command and its children, and the peak of their memory in MB."""

    def __init__(self, wall_s: float, cpu_s: float, peak_mb: float, output: str) -> None:
        self.wall_s, self.cpu_s, self.peak_mb, self.output = wall_s, cpu_s, peak_mb, output


def run(command: list[str], corpus: Path) -> Run:
    environment = os.environ | {"CLAUDE_CONFIG_DIR": str(corpus), "NO_COLOR": "1"}
    before, began = os.times(), time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, text=True)
    watch = _Memory(process.pid)
    output = process.communicate()[0]
    wall = time.perf_counter() - began
    after = os.times()
    if process.returncode:
        raise RuntimeError(f"{command[:4]} exited with {process.returncode}")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Run(wall, cpu, watch.stop(), output)


class _Memory:
    """The largest sum of proportional set sizes of a process tree, looked at fifty times a second."""

    def __init__(self, pid: int) -> None:
        self.peak, self.ended = 0, threading.Event()
        self.thread = threading.Thread(target=self._look, args=(psutil.Process(pid),), daemon=True)
        self.thread.start()

    def _look(self, process: psutil.Process) -> None:
        while not self.ended.wait(0.02):
            try:
                tree = [process, *process.children(recursive=True)]
                self.peak = max(self.peak, sum(_proportional(one) for one in tree))
            except psutil.Error:
                return

    def stop(self) -> float:
        self.ended.set()
        self.thread.join()
        return self.peak / 1e6


def _proportional(process: psutil.Process) -> int:
    try:
        info = process.memory_full_info()
    except psutil.Error:
        return 0
    return int(getattr(info, "pss", info.rss))


# -- what is compared ----------------------------------------------------------------


def _ccusage() -> Path | None:
    """The native program, where npm can be reached."""
    try:
        return ensure_client("ccusage")
    except ClientUnavailable as reason:
        print(f"without ccusage: {reason}", file=sys.stderr)
        return None


def ours(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "claude_metrics", *map(str, arguments)]


def _commands(corpus: Path, database: Path, other: Path | None) -> dict[str, list[str]]:
    """In the order they run: ours and theirs in turn. `cold` is the first sync into a new database."""
    sync = ours("sync", "--path", corpus, "--db-path", database, "--json")
    commands = {
        "cold sync": sync,
        "ccusage session": [],
        "warm sync": sync,
        "report daily": ours("report", "daily", "--db-path", database, "--json"),
        "ccusage daily": [],
        "report sessions": ours("report", "sessions", "--db-path", database, "--json"),
    }
    for kind in ("session", "daily"):
        commands[f"ccusage {kind}"] = [str(other), "claude", kind, "--offline", "--json"] if other else []
    return {name: command for name, command in commands.items() if command}


def _ratios(taken: dict[str, list[Run]], counted: dict[str, Any]) -> dict[str, float]:
    wall = {name: statistics.median(run.wall_s for run in runs) for name, runs in taken.items()}
    pairs = {
        "cold sync / ccusage": ("cold sync", "ccusage session"),
        "warm sync / ccusage": ("warm sync", "ccusage session"),
        "report daily / ccusage daily": ("report daily", "ccusage daily"),
        "report sessions / ccusage session": ("report sessions", "ccusage session"),
    }
    ratios = {name: wall[a] / wall[b] for name, (a, b) in pairs.items() if b in wall}
    ratios["peak memory, MB"] = max(run.peak_mb for run in taken["cold sync"])
    ratios["database / transcripts, content none, %"] = counted["database_bytes_none"] * 100 / counted["bytes"]
    ratios["database / transcripts, with content, %"] = counted["database_bytes"] * 100 / counted["bytes"]
    return ratios


def _counts(corpus: Path, scratch: Path, database: Path) -> dict[str, Any]:
    """Bytes read and rows written, cold and warm, and the databases' sizes."""
    manifest = json.loads((corpus / "manifest.json").read_text())
    lean = _lean(corpus, scratch)
    cold = json.loads(run(ours("sync", "--path", corpus, "--db-path", scratch / "count.db", "--json"), corpus).output)
    warm = json.loads(run(ours("sync", "--path", corpus, "--db-path", scratch / "count.db", "--json"), corpus).output)
    return {
        "files": manifest["files"],
        "bytes": manifest["bytes"],
        "sessions": len(manifest["sessions"]),
        "cold_bytes_read": cold["bytes_read"],
        "cold_rows_written": cold["rows_written"],
        "warm_bytes_read": warm["bytes_read"],
        "warm_rows_written": warm["rows_written"],
        "database_bytes": database.stat().st_size,
        "database_bytes_none": lean.stat().st_size,
    }


def _lean(corpus: Path, scratch: Path) -> Path:
    """The same corpus stored with `content = "none"`."""
    home, database = scratch / "home", scratch / "lean.db"
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text('content = "none"\n')
    command = ["env", f"CLAUDE_METRICS_HOME={home}", *ours("sync", "--path", corpus, "--db-path", database)]
    run(command, corpus)
    return database


# -- one turn more -------------------------------------------------------------------


def _append(scratch: Path, mib: int, rounds: int) -> float:
    """Time to record one turn appended to a large transcript, as a multiple of the same on a small one."""
    sizes = {"large": 87.0 if mib >= 256 else 8.0, "small": 0.1}
    taken: dict[str, list[float]] = {name: [] for name in sizes}
    folders = {name: _one_session(scratch / name, size) for name, size in sizes.items()}
    turn = _turn()
    for _ in range(max(5, rounds)):
        for name, (folder, path) in folders.items():
            command = ours("sync", "--path", folder, "--db-path", folder / "metrics.db", "--json")
            run(command, folder)
            with path.open("ab") as file:
                file.write(turn)
            done = run(command, folder)
            assert json.loads(done.output)["bytes_read"] == len(turn), "more was read than was appended"
            taken[name].append(done.wall_s)
    return statistics.median(taken["large"]) / statistics.median(taken["small"])


def _one_session(folder: Path, mib: float) -> tuple[Path, Path]:
    """A data folder whose one transcript has `mib`, without subagents."""
    corpus = make_corpus.Corpus(folder, int(mib * 10), mib * 2**20)
    corpus.size = lambda: mib * 2**20
    corpus.subagent = lambda *_: None
    while True:
        corpus.session()
        session_id, truth = corpus.sessions.popitem()
        path = next(folder.glob(f"projects/*/{session_id}.jsonl"))
        if not truth["killed"]:  # a killed one ends in the middle of a line
            return folder, path
        path.unlink()


def _turn() -> bytes:
    """A recorded turn: prompt, answers, tool calls and results."""
    transcript = next(TURN.glob("*/*.jsonl"))
    return b"".join(
        line for line in transcript.read_bytes().splitlines(keepends=True) if b'"type":"cost-state"' not in line
    )


# -- corpora ---------------------------------------------------------------------------


def _corpus(mib: int) -> Path:
    """Made once, kept in the project's cache."""
    folder = ROOT / ".cache" / f"corpus-{mib}"
    if not (folder / "manifest.json").exists():
        shutil.rmtree(folder, ignore_errors=True)
        command = [sys.executable, make_corpus.__file__, folder, "--mib", mib, "--seed", 7]
        subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
    return folder


def _machine() -> str:
    memory = psutil.virtual_memory().total / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}"
