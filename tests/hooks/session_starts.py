"""Places where the real session-start hook runs, with a client and a worker that writes down what it was given."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.support.git_sandbox import repository
from tests.support.processes import processes_with
from tests.support.waiting import PATIENCE_S, wait_for

HOOKS = Path(__file__).resolve().parents[2] / "hooks"
# signs a list with what it finds about itself
SYNC = """#!{python} -IS
import json, os, sys
facts = [os.getpid(), os.getsid(0), os.getcwd(), [os.readlink("/proc/self/fd/%d" % n) for n in range(3)]]
facts += [len(os.listdir("/proc/self/fd")), sys.argv[1:], dict(os.environ)]
with open({signed!r}, "a") as file:
    file.write(json.dumps(facts) + "\\n")
"""
FACTS = ("pid", "session", "cwd", "streams", "fds", "arguments", "environment")


class SessionStart:
    """A repository, a database that is not there yet, and a sync that only writes down how it was started."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.repo = repository(folder / "repo")
        self.db = home / "claude-metrics/data/db/metrics.db"
        self.marker = home / "claude-metrics/data/.catch-up"
        self.signed = folder / "signed"
        self.sync = folder / "sync"
        self.sync.write_text(SYNC.format(python=sys.executable, signed=str(self.signed)))
        self.sync.chmod(0o700)
        self.marker.parent.mkdir(parents=True)
        (self.marker.parent / "worker-python").write_text(f"{self.sync}\n")

    def command(self, tool: str | None = "claude", hooks: Path = HOOKS) -> list[str]:
        chosen = ["--tool", tool] if tool else []
        return [sys.executable, "-I", "-S", str(hooks / "session_start.py"), *chosen, "--db-path", str(self.db)]

    def run(self, payload: bytes | None = None, tool: str | None = "claude", **how: object) -> str:
        """Whatever happens: nothing on stderr, exit 0. The note; "" when what is printed says nothing."""
        payload = json.dumps({"cwd": str(self.repo), "session_id": "new"}).encode() if payload is None else payload
        hooks = how.pop("hooks", HOOKS)
        environment = {**os.environ, **how.pop("more", {})}  # type: ignore[dict-item]
        done = subprocess.run(
            self.command(tool, hooks),
            input=payload,
            capture_output=True,
            check=False,
            timeout=PATIENCE_S,
            env=environment,
            **{"cwd": self.repo, **how},
        )  # type: ignore[call-overload]
        assert (done.stderr, done.returncode) == (b"", 0)
        return note_in(done.stdout.decode(), tool)

    def syncs(self, expected: int = 1) -> list[dict[str, object]]:
        """Their facts: waits for the expected ones, and for any that runs and has not signed yet."""
        wait_for(lambda: len(self._lines()) >= expected and not processes_with(self.sync))
        return [dict(zip(FACTS, json.loads(line), strict=True)) for line in self._lines()]

    def _lines(self) -> list[str]:
        return self.signed.read_text().splitlines() if self.signed.exists() else []


def note_in(output: str, tool: str | None) -> str:
    if tool is None:
        return output.rstrip("\n")
    printed = json.loads(output)
    if tool == "cursor":
        assert set(printed) <= {"additional_context"}
        return str(printed.get("additional_context", ""))
    assert set(printed) <= {"hookSpecificOutput"}
    inner = printed.get("hookSpecificOutput", {"hookEventName": "SessionStart", "additionalContext": ""})
    assert inner.keys() == {"hookEventName", "additionalContext"}
    return str(inner["additionalContext"])


def payload(**given: object) -> bytes:
    return json.dumps(given).encode()
