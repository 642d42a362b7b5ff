"""Faults at a chosen system call of a real process, by `strace -e inject`: no special rights, nothing in the code.

What a process leaves on the disk changes only in calls that write, rename, delete or commit. To be killed after one
of them and before the next is the same as to be killed on entering the next: so the moments between all neighbours
are the `steps` of one undisturbed run, each killed on entering, and the end of the run itself.
"""

import functools
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from tests.rig.clients import OUTSIDE
from tests.support.tools import missing

# `?` passes over the names that a processor does not have
CHANGING = """open openat creat write pwrite64 pwritev writev fsync fdatasync ftruncate fallocate rename renameat
    renameat2 unlink unlinkat mkdir mkdirat rmdir link linkat symlink symlinkat chmod fchmod fchmodat flock"""
CALLS = ",".join(f"?{call}" for call in CHANGING.split())
STARTS = "?clone,?clone3,?vfork,?fork"
EVERY_STEP = bool(OUTSIDE.get("CLAUDE_METRICS_EVERY_STEP"))
_LINE = re.compile(r"(?:\d+ +)?(?P<call>\w+)\((?P<given>.*)")


class Step(NamedTuple):
    """The `nth` use of `call` by a process; `given` are its arguments as strace prints them."""

    call: str
    nth: int
    given: str

    def __str__(self) -> str:
        return f"{self.call}#{self.nth}({self.given[:80]}"


@functools.cache
def why_not() -> str:
    """Why no faults can be injected here, or nothing."""
    if not shutil.which("strace"):
        return missing("strace")
    with tempfile.TemporaryDirectory() as folder:
        made = f"{folder}/made"
        done = subprocess.run(
            _strace(f"{folder}/log", "mkdir", "signal=KILL:when=1", ["mkdir", made]),
            check=False,
            capture_output=True,
            text=True,
        )
        return "" if done.returncode == -9 and not os.path.exists(made) else f"strace cannot trace: {done.stderr[:200]}"  # noqa: PTH110


def _strace(log: str, calls: str, fault: str, command: Sequence[str]) -> list[str]:
    inject = ["-e", f"inject={calls}:{fault}"] if fault else []
    return ["strace", "-qq", "-o", log, "-s", "200", "-e", "signal=none", "-e", f"trace={calls}", *inject, *command]


def steps(command: Sequence[str], calls: str = CALLS, **how: object) -> list[Step]:
    """The changing calls of an undisturbed run of its first thread, in order."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        done = subprocess.run(
            _strace(str(log), calls, "", command), capture_output=True, check=False, timeout=60, **how
        )  # type: ignore[call-overload]
        assert done.returncode == 0, done
        return [step for step in _numbered(log.read_text(errors="replace")) if _changes(step)]


def _numbered(log: str) -> Iterator[Step]:
    seen: dict[str, int] = {}
    for found in filter(None, map(_LINE.match, log.splitlines())):
        call = found["call"]
        seen[call] = seen.get(call, 0) + 1
        yield Step(call, seen[call], found["given"])


def _changes(step: Step) -> bool:
    return not step.call.startswith("open") or "O_CREAT" in step.given or "O_TRUNC" in step.given


def sampled(found: Sequence[Step]) -> list[Step]:
    """Of each series of writes to one file the first, one between and the last; CLAUDE_METRICS_EVERY_STEP=1: all."""
    chosen: list[Step] = []
    for _, series in groupby(found, lambda step: (step.call, step.given.partition(",")[0])):
        several = list(series)
        few = EVERY_STEP or len(several) < 4 or step_is_rare(several[0])
        chosen += several if few else [several[0], several[len(several) // 2], several[-1]]
    return chosen


def step_is_rare(step: Step) -> bool:
    return not step.call.startswith(("write", "pwrite"))


class Kills:
    """Counts runs that ended at their step; a few may pass it, as no two runs open the same number of files."""

    def __init__(self) -> None:
        self.hit = self.missed = 0

    def note(self, done: subprocess.CompletedProcess[bytes]) -> bool:
        """True when the process was killed."""
        killed = done.returncode == -9
        self.hit, self.missed = self.hit + killed, self.missed + (not killed)
        return killed

    def check(self) -> None:
        assert self.missed <= self.hit // 8, f"{self.missed} of {self.missed + self.hit} runs were not killed"


def run(
    command: Sequence[str], step: Step, fault: str = "signal=KILL", lasting: bool = False, **how: object
) -> subprocess.CompletedProcess[bytes]:
    """Run it with a fault on entering `step`: `signal=KILL`, or `error=ENOSPC` in its place (`lasting`: and after)."""
    with tempfile.TemporaryDirectory() as folder:
        when = f"{step.nth}{'+' if lasting else ''}"
        traced = _strace(f"{folder}/log", step.call, f"{fault}:when={when}", command)
        if fault.startswith("error"):  # much faster, but there signals are not delivered on entering
            traced[1:1] = ["-f", "--seccomp-bpf"]
        return subprocess.run(traced, capture_output=True, check=False, timeout=60, **how)  # type: ignore[call-overload,no-any-return]
