"""`claude-metrics setup`: hooks, backfill, checks and what comes next, in one command that can be repeated."""

import json
import os
import re
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from claude_metrics import paths
from claude_metrics.installer import install
from tests.support.captured import Capture

pytestmark = pytest.mark.slow

Cli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run_setup(run_cli: Cli, tmp_path: Path) -> Cli:
    """Without agents' programs on PATH, so that the home alone says which there are; no system to talk to."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("git", "sh"):
        source = next(path for path in (Path("/usr/bin") / name, Path("/bin") / name) if path.exists())
        (folder / name).symlink_to(source)

    def run(*args: str, **options: object) -> subprocess.CompletedProcess[str]:
        return run_cli("setup", *args, env={**os.environ, "PATH": str(folder)}, **options)

    return run


def sessions() -> int:
    with closing(sqlite3.connect(paths.database_file())) as db:
        return db.execute("select count(*) from sessions").fetchone()[0]


def settings(home: Path) -> Path:
    return home / ".claude" / "settings.json"


def test_everything_is_set_up_without_a_question(capture: Callable[[str], Capture], run_setup: Cli) -> None:
    found = capture("tui-clear")
    done = run_setup("--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert {row.state for row in install.status("claude")} == {"current"}
    assert sessions() == len([path for path in found.transcripts if "subagents" not in path.parts])
    assert "deletes transcripts after 30 days" in done.stdout
    assert "claude-metrics report daily" in done.stdout
    assert "in order." in done.stdout


def test_doing_it_again_changes_nothing(capture: Callable[[str], Capture], home: Path, run_setup: Cli) -> None:
    capture("print-basic")
    run_setup("--yes")
    before, count = settings(home).read_bytes(), sessions()
    done = run_setup("--yes")
    assert (settings(home).read_bytes(), sessions()) == (before, count)
    assert "the hook is already installed" in done.stdout and "(0 new, 0 updated" in done.stdout


def test_each_agent_is_asked_about(capture: Callable[[str], Capture], home: Path, run_setup: Cli) -> None:
    capture("print-basic")
    (home / ".gemini").mkdir()
    done = run_setup(input="n\ny\n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Claude Code: record each session" in done.stdout and "Gemini CLI: record each session" in done.stdout
    assert not settings(home).exists()
    assert (home / ".gemini" / "settings.json").exists()
    assert sessions() > 0


def test_the_days_kept_are_the_users_own(capture: Callable[[str], Capture], home: Path, run_setup: Cli) -> None:
    capture("print-basic")
    settings(home).write_text('{"cleanupPeriodDays": 365}')
    assert "deletes transcripts after 365 days" in run_setup("--yes").stdout


def test_an_empty_home_is_no_fault(run_setup: Cli) -> None:
    done = run_setup("--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No agent was found" in done.stdout


def test_a_hook_that_cannot_be_written_does_not_stop_the_rest(
    capture: Callable[[str], Capture], home: Path, run_setup: Cli
) -> None:
    capture("print-basic")
    settings(home).write_text("{ broken")
    done = run_setup("--yes")
    assert done.returncode == 1
    assert settings(home).read_text() == "{ broken" and sessions() > 0
    assert "settings.json" in done.stderr and "Traceback" not in done.stderr


def test_the_report_for_scripts(capture: Callable[[str], Capture], run_setup: Cli) -> None:
    capture("print-basic")
    found = json.loads(run_setup("--yes", "--json").stdout)
    assert found["hooks"][0]["action"] == "created" and found["sync"]["new"] == sessions()
    assert found["failed"] == [] and found["checks"]
    assert run_setup("--json").returncode == 2


def test_another_database_is_written_into_the_hook(
    capture: Callable[[str], Capture], home: Path, run_setup: Cli, tmp_path: Path
) -> None:
    capture("print-basic")
    other = tmp_path / "elsewhere" / "my.db"
    done = run_setup("--yes", "--db-path", str(other))
    assert done.returncode == 0, done.stdout + done.stderr
    assert str(other) in settings(home).read_text()
    assert other.exists() and not paths.database_file().exists()


def test_the_service_comes_and_goes(capture: Callable[[str], Capture], home: Path, run_setup: Cli) -> None:
    capture("print-basic")
    unit = home / ".config" / "systemd" / "user" / "claude-metrics-sync.service"
    done = run_setup("--yes", "--service")
    assert unit.exists() and "systemctl --user enable claude-metrics-sync.service" in done.stdout
    count = sessions()
    done = run_setup("--no-service")
    assert done.returncode == 0 and not unit.exists()
    assert {row.state for row in install.status("claude")} == {"current"} and sessions() == count
    assert "no service is installed" in run_setup("--no-service").stdout
    assert run_setup("--service", "--no-service").returncode == 2


def test_setup_ends_with_the_sum_of_all_that_is_stored(capture: Callable[[str], Capture], run_setup: Cli) -> None:
    capture("print-basic")
    done = run_setup("--yes")
    assert re.search(
        r"^\$\d+\.\d+ in 1 session since \w+ 20\d\d; the dearest project: \w+, \$\d", done.stdout, re.MULTILINE
    )
