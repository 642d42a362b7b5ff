"""A recorded session of the real client, played into the real hook, spool, worker and database, in a scratch folder.

`data/` holds the session's transcript and SessionEnd payload as the client wrote them, and its repository as a
`git fast-import` stream: the commits get the very hashes that the transcript tells of. Where the recording says
`/home/dev`, the scratch folder's `home` is meant.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from claude_metrics import paths
from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.lock import only_one
from claude_metrics.recording import worker
from claude_metrics.store.connection import connect_readonly

BUNDLE = Path(__file__).with_name("data")
RECORDED_HOME = "/home/dev"
PATIENCE_S = 60.0
POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class Demo:
    """Where things are; `repository` is None without git."""

    folder: Path
    transcript: Path
    repository: Path | None
    payload: bytes
    session_id: str

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def db_path(self) -> Path:
        return self.folder / "claude-metrics" / "data" / "db" / "metrics.db"

    @property
    def spool(self) -> Path:
        return self.folder / "claude-metrics" / "data" / "spool"


def lay_out(folder: Path) -> Demo:
    """Write the session's files below `folder`, as its client left them."""
    home = folder / "home"
    payload = json.loads(_moved((BUNDLE / "session_end.json").read_text(encoding="utf-8"), home))
    slug = re.sub("[^A-Za-z0-9]", "-", payload["cwd"])
    transcript = home / ".claude" / "projects" / slug / f"{payload['session_id']}.jsonl"
    transcript.parent.mkdir(parents=True)
    text = (BUNDLE / "transcript.jsonl").read_text(encoding="utf-8")
    transcript.write_text(_moved(text, home), encoding="utf-8")
    payload["transcript_path"] = str(transcript)
    repository = _rebuild(Path(payload["cwd"]))
    return Demo(folder, transcript, repository, json.dumps(payload).encode(), payload["session_id"])


def _moved(text: str, home: Path) -> str:
    """JSON text with the recording's home put where `home` is."""
    return text.replace(RECORDED_HOME, json.dumps(str(home))[1:-1])


def _rebuild(folder: Path) -> Path | None:
    """The session's repository, commit by commit; None when there is no git."""
    folder.mkdir(parents=True)
    if not shutil.which("git"):
        return None
    with (BUNDLE / "repository.fast-import").open("rb") as stream:
        for command, given in (
            (["init", "-q", "--template=", "-b", "main"], None),
            (["fast-import", "--quiet"], stream),
            (["reset", "-q", "--hard"], None),
        ):
            subprocess.run(
                ["git", *command],
                cwd=folder,
                stdin=given,
                env=environment(folder.parent.parent),
                timeout=60,
                check=True,
            )
    return folder


def environment(folder: Path) -> dict[str, str]:
    """The reader's own, without what would lead an agent's tools, git or us anywhere but the scratch folder."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("CLAUDE", "GIT_", "XDG_", "PYTHON"))}
    home = str(folder / "home")
    ours = {"HOME": home, "USERPROFILE": home, "CLAUDE_METRICS_HOME": str(folder / "claude-metrics")}
    return {**kept, **ours, "GIT_CONFIG_NOSYSTEM": "1"}


def fire(demo: Demo) -> tuple[str, float]:
    """Run the hook as the client does; returns what it printed, and its milliseconds."""
    hook = paths.asset("hooks/session_end.py")
    command = [sys.executable, "-I", "-S", str(hook), "--spool", str(demo.spool), "--db-path", str(demo.db_path)]
    begin = time.monotonic()
    done = subprocess.run(
        command,
        input=demo.payload,
        capture_output=True,
        env=environment(demo.folder),
        cwd=demo.home,
        timeout=60,
        check=True,
    )
    return done.stdout.decode().strip(), (time.monotonic() - begin) * 1000


def wait(demo: Demo) -> float:
    """Until the detached worker has recorded the session and ended; returns the milliseconds it took."""
    begin = time.monotonic()
    while not _recorded(demo):
        if time.monotonic() - begin > PATIENCE_S:
            log = demo.folder / "claude-metrics" / "log" / "claude-metrics.log"
            raise ClaudeMetricsError(f"the worker recorded nothing in {PATIENCE_S:.0f} s; {log}; see what it says")
        time.sleep(POLL_S)
    took = (time.monotonic() - begin) * 1000
    while not _idle(demo):
        time.sleep(POLL_S)
    return took


def _recorded(demo: Demo) -> bool:
    try:
        connection = connect_readonly(demo.db_path)
    except ClaudeMetricsError:
        return False
    try:
        query = "select 1 from sqlite_master where name = 'v_recordings'"
        if not connection.execute(query).fetchone():
            return False
        found = connection.execute("select 1 from v_recordings where session_id = ?", (demo.session_id,))
        return found.fetchone() is not None
    finally:
        connection.close()


def _idle(demo: Demo) -> bool:
    """True when no worker runs: whoever removes the folder must not pull it away from under one."""
    with only_one(worker.lock_file(demo.spool)) as first:
        return first
