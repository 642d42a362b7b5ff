"""A full disk, a closed or full output, a log that cannot be written: one line says what, where and what to do."""

import re
import subprocess
import sys
from collections.abc import Callable

import pytest

from claude_metrics import paths
from tests.support.captured import Capture

Cli = Callable[..., subprocess.CompletedProcess[str]]
PROGRAM = f"{sys.executable} -m claude_metrics"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is a device of Linux")


def shell(command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize("words", ["sync", "report daily", "db path", "doctor", "config get timezone"])
def test_a_full_output_is_one_line(words: str, capture: Callable[[str], Capture], run_cli: Cli) -> None:
    capture("print-basic")
    assert run_cli("sync").returncode == 0
    done = shell(f"{PROGRAM} {words} > /dev/full")
    assert done.returncode == 1
    assert done.stderr == (
        "claude-metrics: cannot print (No space left on device); standard output; send it elsewhere, or make room\n"
    )


@pytest.mark.parametrize("words", ["report daily", "db path", "sync"])
def test_a_closed_output_is_one_line_and_the_work_is_done(
    words: str, capture: Callable[[str], Capture], run_cli: Cli
) -> None:
    capture("print-basic")
    assert run_cli("sync").returncode == 0
    done = shell(f"{PROGRAM} {words} >&-")
    assert done.returncode == 1
    assert done.stderr == (
        "claude-metrics: standard output is closed; nothing was printed; send it to a file, or to /dev/null\n"
    )


def test_with_all_streams_closed_a_sync_writes_into_its_own_files_only(
    capture: Callable[[str], Capture], run_cli: Cli
) -> None:
    capture("print-basic")
    assert shell(f"{PROGRAM} sync <&- >&- 2>&-").returncode == 1
    done = run_cli("report", "daily")
    assert done.returncode == 0 and "$0.1963" in done.stdout


@pytest.mark.parametrize("words", ["worker", "doctor"])
def test_a_log_that_cannot_be_written_is_no_traceback(
    words: str, capture: Callable[[str], Capture], run_cli: Cli
) -> None:
    """An event that cannot be recorded is logged; the log's disk is full."""
    capture("print-basic")
    assert run_cli("sync").returncode == 0
    folder = paths.private_dir(paths.spool_dir())
    (folder / "1795147570000000000-4711-claude-end.json").write_bytes(b"[]")
    paths.log_file().unlink(missing_ok=True)
    paths.private_dir(paths.log_file().parent)
    paths.log_file().symlink_to("/dev/full")
    script = "from claude_metrics import log; log.to_file(); log.logger.error('a'); log.logger.error('b')"
    done = shell(f'{sys.executable} -c "{script}"')
    assert re.fullmatch(
        r"claude-metrics: cannot write the log \(No space left on device\); \S+; make room\n", done.stderr
    )
    done = run_cli(words)
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) <= 1
