"""Events in any order, twice, drained by two workers at once into one database: the rows of one quiet sync."""

import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from claude_metrics import paths
from claude_metrics.recording import spool
from tests.support.captured import Capture, as_stdin
from tests.support.recorder import Recorder

pytestmark = pytest.mark.slow

NAMES = ("fork", "v2.1.247-fork", "print-basic", "resume", "subagent", "tui-clear", "errors", "parallel-kill")


def worker(folder: Path, database: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-I", "-m", "claude_metrics.worker", "--spool", folder, "--db-path", database]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


@pytest.mark.parametrize("seed", [1, 2])
def test_two_workers_store_each_session_once(
    seed: int, capture: Callable[[str], Capture], home: Path, tmp_path: Path
) -> None:
    payloads = [as_stdin(payload) for name in NAMES for payload in capture(name).payloads("SessionEnd")]
    events = payloads * 2
    random.Random(seed).shuffle(events)
    database, spools = tmp_path / "metrics.db", [tmp_path / "one", tmp_path / "two"]
    for place, payload in enumerate(events):
        spool.submit(payload, "claude", spools[place % 2])

    running = [worker(folder, database) for folder in spools]
    codes = [process.wait(120) for process in running]
    log = paths.log_file().read_text() if paths.log_file().exists() else ""
    assert codes == [0, 0], log
    assert not any(spool.pending(folder) or spool.failed(folder) for folder in spools)

    expected = Recorder(tmp_path / "quiet.db")
    expected.sync("claude", home / ".claude")
    ended = {row[0] for row in sqlite3.connect(database).execute("select session_id from sessions")}
    for table in ("token_usage", "tool_calls", "model_usages"):
        stored = [row for row in Recorder(database).dump()[table] if row[0 if table == "model_usages" else 1] in ended]
        quiet = [row for row in expected.dump()[table] if row[0 if table == "model_usages" else 1] in ended]
        assert stored == quiet, table


def test_the_package_and_the_test_agree_on_the_default_spool(home: Path) -> None:
    assert paths.spool_dir().is_relative_to(home)
