"""A place where the real hook runs: a spool, payloads, and a worker that writes down what it was given."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.support.checkout import HOOK
from tests.support.processes import processes_with
from tests.support.waiting import PATIENCE_S, wait_for

PAYLOAD = b'{"session_id":"s-1","transcript_path":"/x/s-1.jsonl","hook_event_name":"SessionEnd","reason":"other"}\n'
STOP = b'{"session_id": "s-1", "hook_event_name": "Stop", "last_assistant_message": "Done."}'
# signs a list with what it finds about itself, and stays as long as it is asked to
WORKER = """#!{python} -IS
import os, sys, time
facts = [os.getpid(), os.getsid(0), os.getpgrp(), os.getcwd(), *(os.readlink("/proc/self/fd/%d" % n) for n in range(3))]
facts += [sorted(os.listdir("/proc/self/fd")), sys.argv[1:], dict(os.environ)]
facts += [[line for line in open("/proc/self/status") if line[:6] in ("SigIgn", "SigBlk")]]
import json
with open({signed!r}, "a") as file:
    file.write(json.dumps(facts) + "\\n")
time.sleep({stay})
"""
FACTS = ("pid", "session", "group", "cwd", "stdin", "stdout", "stderr", "fds", "arguments", "environment", "signals")


class Scene:
    """A spool, and a worker that only writes down what it was given."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.spool = folder / "data" / "spool"
        self.signed = folder / "signed"
        self.worker = folder / "worker"
        self.home = folder / "home"
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.home.mkdir()
        self.hire(stay=0)

    def hire(self, stay: float) -> None:
        self.worker.write_text(WORKER.format(python=sys.executable, signed=str(self.signed), stay=stay))
        self.worker.chmod(0o700)

    def environment(self, **more: str) -> dict[str, str]:
        return {"HOME": str(self.home), "TMPDIR": str(self.temporary), "PATH": os.environ["PATH"], **more}

    def command(self, *arguments: str, place: Path | None = None) -> list[str]:
        chosen = ["--spool", str(place or self.spool), "--worker-python", str(self.worker)]
        return [sys.executable, "-I", "-S", str(HOOK), *chosen, *arguments]

    def run(self, payload: bytes = PAYLOAD, *arguments: str, place: Path | None = None, **more: str) -> None:
        """Whatever happens: `{}`, nothing on stderr, exit 0."""
        done = subprocess.run(
            self.command(*arguments, place=place),
            input=payload,
            capture_output=True,
            env=self.environment(**more),
            cwd=self.folder,
            timeout=PATIENCE_S,
            check=False,
        )
        assert (done.stdout, done.stderr, done.returncode) == (b"{}\n", b"", 0)

    def start(self, *arguments: str, **how: object) -> subprocess.Popen[bytes]:
        streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **how}
        return subprocess.Popen(self.command(*arguments), env=self.environment(), cwd=self.folder, **streams)  # type: ignore[call-overload,no-any-return]

    def kept(self) -> list[Path]:
        return sorted(self.spool.glob("*.json"))

    def workers(self, expected: int = 1) -> list[dict[str, object]]:
        """The workers' facts: waits for the expected ones, and for any that runs and has not signed yet."""
        wait_for(lambda: len(self._facts()) >= expected and self._running() <= {one["pid"] for one in self._facts()})
        return self._facts()

    def _running(self) -> set[int]:
        return processes_with(self.worker) - processes_with(HOOK)

    def _facts(self) -> list[dict[str, object]]:
        return [dict(zip(FACTS, json.loads(line), strict=True)) for line in self._lines()]

    def _lines(self) -> list[str]:
        return self.signed.read_text().splitlines() if self.signed.exists() else []
