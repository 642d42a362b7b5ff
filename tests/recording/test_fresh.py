"""Reports take in what is new before they answer: at once what half a second allows, and they say when it is not all."""

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from claude_metrics import paths
from claude_metrics.lock import only_one
from claude_metrics.recording import fresh
from tests.support import stored
from tests.support.captured import Capture
from tests.support.waiting import wait_for

Cli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def later(capture: Callable[[str], Capture], run_cli: Cli) -> str:
    """One session is recorded; another one ended since. Its id is returned."""
    capture("print-basic")
    assert run_cli("sync").returncode == 0
    (transcript,) = capture("errors").transcripts[:1]
    return transcript.stem


def ids() -> set[str]:
    return {row[0] for row in stored.rows(paths.database_file(), "select session_id from v_sessions")}


def test_a_report_has_the_session_that_ended_just_now(later: str, run_cli: Cli) -> None:
    assert later not in ids()
    done = run_cli("report", "sessions", "--json")
    assert done.returncode == 0, done.stderr
    if "not complete" in done.stderr:  # on a slow machine half a second may not be enough; then it was said
        wait_for(lambda: later in ids())
        done = run_cli("report", "sessions", "--json")
    assert later in {line["session_id"] for line in json.loads(done.stdout)["sessions"]}


@pytest.mark.parametrize("command", [(), ("report", "daily")])
def test_no_sync_reads_what_is_stored(later: str, run_cli: Cli, command: tuple[str, ...]) -> None:
    assert run_cli(*command, "--no-sync").returncode == 0
    assert later not in ids()


def test_the_config_switches_it_off(later: str, run_cli: Cli) -> None:
    assert run_cli("config", "set", "fresh", "false").returncode == 0
    assert run_cli("report", "daily").returncode == 0
    assert later not in ids()


def test_a_database_that_the_command_line_names_is_read_as_it_is(later: str, run_cli: Cli, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copy.write_bytes(paths.database_file().read_bytes())
    before = copy.read_bytes()
    assert run_cli("report", "daily", "--db-path", str(copy)).returncode == 0
    assert copy.read_bytes() == before


def test_what_is_not_taken_in_by_the_end_of_the_wait_is_said_and_recorded_all_the_same(later: str) -> None:
    assert "not complete" in fresh.take_in(paths.database_file(), wait_s=0)
    wait_for(lambda: later in ids())
    wait_for(lambda: fresh.take_in(paths.database_file(), wait_s=5) == "")


def test_of_many_readers_at_once_one_records(later: str) -> None:
    with only_one(paths.data_dir() / ".fresh.lock") as first:
        assert first
        began = time.monotonic()
        assert "not complete" in fresh.take_in(paths.database_file(), wait_s=20)
        assert time.monotonic() - began < 20
    assert later not in ids()


def test_a_database_that_cannot_be_written_is_still_reported(later: str, run_cli: Cli) -> None:
    paths.database_file().chmod(0o400)
    done = run_cli("report", "daily")
    assert done.returncode == 0, done.stderr
