"""What the hook costs, as ratios: each round starts a bare interpreter, the hook and a naive hook in turn.

`naive` does the same with what one would reach for first: argparse, json, pathlib, tempfile, sqlite3, subprocess.
The worker that the hook starts is /bin/true, so that nothing else runs meanwhile.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

HOOK = Path(__file__).resolve().parent.parent / "hooks" / "session_end.py"
PAYLOAD = (
    b'{"session_id":"52685edc-c474-531c-a916-326317f3eddb","transcript_path":"/home/dev/.claude/projects/-home-dev-app/'
    b'52685edc-c474-531c-a916-326317f3eddb.jsonl","cwd":"/home/dev/app","prompt_id":"2440d5c8-d703-410a-82f0-55edb51f'
    b'fd6f","hook_event_name":"SessionEnd","reason":"prompt_input_exit"}'
)
NAIVE = """
import argparse, json, os, pathlib, sqlite3, subprocess, sys, tempfile
parser = argparse.ArgumentParser()
parser.add_argument("--spool", type=pathlib.Path)
spool = parser.parse_args().spool
spool.mkdir(parents=True, exist_ok=True)
with tempfile.NamedTemporaryFile("w", dir=spool, suffix=".tmp", delete=False) as file:
    json.dump(json.load(sys.stdin), file)
os.replace(file.name, file.name + ".json")
null = subprocess.DEVNULL
subprocess.Popen(["/bin/true"], stdin=null, stdout=null, stderr=null, start_new_session=True)
print("{}")
"""
AT_ONCE = {"median": 11, "p95": 9, "min": 9}  # the width of each column
CEILINGS = {"hook / bare": 1.4, "hook / naive": 0.35}


def measure(runs: int = 30) -> dict[str, Any]:
    """Milliseconds of each, the ratios of the medians, and what one hook leaves behind."""
    with tempfile.TemporaryDirectory() as scratch:
        commands = _commands(Path(scratch))
        taken: dict[str, list[float]] = {name: [] for name in commands}
        for round_ in range(runs + 2):  # the first two fill caches
            for name, command in commands.items():
                milliseconds = _run(command, scratch)
                taken[name] += [milliseconds] if round_ >= 2 else []
        kept = list((Path(scratch) / "hook").glob("*.json"))
        assert len(kept) == runs + 2, "the hook lost an event"
        median = {name: statistics.median(each) for name, each in taken.items()}
        return {
            "runs": runs,
            "bytes_of_event": kept[0].stat().st_size,
            "files_per_event": len(list((Path(scratch) / "hook").iterdir())) / (runs + 2),
            "processes_started": _processes_started(Path(scratch)),
            "median_ms": median,
            "p95_ms": {name: statistics.quantiles(each, n=20)[-1] for name, each in taken.items()},
            "min_ms": {name: min(each) for name, each in taken.items()},
            "at_once_ms": at_once(),
            "ratios": {ratio: _ratio(median, ratio) for ratio in CEILINGS},
        }


def _commands(scratch: Path) -> dict[str, list[str]]:
    naive = scratch / "naive.py"
    naive.write_text(NAIVE)
    isolated = [sys.executable, "-I", "-S"]
    return {
        "bare": [*isolated, "-c", "pass"],
        "hook": [*isolated, str(HOOK), "--spool", str(scratch / "hook"), "--worker-python", "/bin/true"],
        "naive": [sys.executable, str(naive), "--spool", str(scratch / "naive")],
    }


def _run(command: list[str], folder: str) -> float:
    started = time.perf_counter()
    subprocess.run(command, input=PAYLOAD, capture_output=True, check=True, cwd=folder)
    return (time.perf_counter() - started) * 1000


def _ratio(median: dict[str, float], ratio: str) -> float:
    over, under = ratio.split(" / ")
    return median[over] / median[under]


def at_once(hooks: int = 200) -> dict[str, float]:
    """Milliseconds of each of so many hooks that are started at once."""
    with tempfile.TemporaryDirectory() as scratch:
        command = _commands(Path(scratch))["hook"]
        with ThreadPoolExecutor(hooks) as pool:
            taken = sorted(pool.map(lambda _: _run(command, scratch), range(hooks)))
        assert len(list((Path(scratch) / "hook").glob("*.json"))) == hooks, "the hook lost an event"
    return {"median": statistics.median(taken), "p95": taken[hooks * 95 // 100], "min": taken[0]}


def _processes_started(scratch: Path) -> int:
    """Counted by workers that sign a list."""
    signed, worker = scratch / "signed", scratch / "worker"
    worker.write_text(f"#!/bin/sh\necho $$ >> {signed}\n")
    worker.chmod(0o700)
    command = [sys.executable, "-I", "-S", str(HOOK), "--spool", str(scratch / "one"), "--worker-python", str(worker)]
    _run(command, str(scratch))
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and not signed.exists():
        time.sleep(0.01)
    time.sleep(0.1)
    return len(signed.read_text().splitlines())


def main() -> int:
    found = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 60)
    print(f"{found['runs']} alternating runs, Python {sys.version.split()[0]}, {os.cpu_count()} processors")
    print(f"{'':8}{'median ms':>11}{'p95 ms':>9}{'min ms':>9}")
    for name, median in found["median_ms"].items():
        print(f"{name:8}{median:11.2f}{found['p95_ms'][name]:9.2f}{found['min_ms'][name]:9.2f}")
    print(f"{'x 200':8}" + "".join(f"{found['at_once_ms'][name]:{width}.2f}" for name, width in AT_ONCE.items()))
    for ratio, value in found["ratios"].items():
        print(f"{ratio:14}{value:6.2f}   (ceiling {CEILINGS[ratio]})")
    print(f"per event: {found['files_per_event']:g} file of {found['bytes_of_event']} bytes, ", end="")
    print(f"{found['processes_started']} process started")
    return any(value > CEILINGS[ratio] for ratio, value in found["ratios"].items())


if __name__ == "__main__":
    sys.exit(main())
