"""What goes wrong is said in one line: what, where, what to do. Each of these was an accident somebody had."""

import itertools
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from claude_metrics import config, paths
from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.models import Batch, Source
from claude_metrics.recording import parallel, sync
from claude_metrics.store.connection import connect
from claude_metrics.store.summaries import last_question
from tests.support import stored
from tests.support.captured import Capture
from tests.support.stored import request

Cli = Callable[..., subprocess.CompletedProcess[str]]
WRONG = {
    "timezone": "Mars/X",
    "budget_daily_usd": "-5",
    "budget_monthly_usd": "-0.01",
    "context_max_chars": "-1",
    "context_deadline_s": "0",
    "content": "some",
    "journal_mode": "memory",
}


@pytest.mark.parametrize("key", WRONG)
def test_no_wrong_value_is_set_and_doctor_finds_one_in_the_file(run_cli: Cli, key: str) -> None:
    done = run_cli("config", "set", key, WRONG[key])
    assert done.returncode == 1 and key in done.stderr and str(paths.config_file()) in done.stderr
    assert not paths.config_file().exists()
    paths.private_dir(paths.config_file().parent)
    text = isinstance(getattr(config.Config(), key), str)
    paths.config_file().write_text(f"{key} = {WRONG[key]!r}" if text else f"{key} = {WRONG[key]}")
    with pytest.raises(ClaudeMetricsError, match=key):
        config.load()
    assert getattr(config.lenient(), key) in (getattr(config.Config(), key), "none")
    assert "fail  config" in run_cli("doctor").stdout


@pytest.mark.parametrize("value", ["inf", "nan", "1e12"])
def test_an_amount_has_an_end(run_cli: Cli, value: str) -> None:
    assert run_cli("config", "set", "budget_daily_usd", value).returncode == 1


@pytest.mark.parametrize("command", [("context",), ("doctor",), ("hook", "status", "--scope", "project")])
def test_a_deleted_folder_is_named(tmp_path: Path, command: tuple[str, ...]) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    words = " ".join((sys.executable, "-m", "claude_metrics", *command))
    done = subprocess.run(
        ["sh", "-c", f"cd {gone} && rmdir {gone} && {words}"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONSAFEPATH": "1"},
    )
    assert "Traceback" not in done.stderr
    if command[0] == "context":
        assert done.returncode == 1 and str(gone) in done.stderr and "change to another" in done.stderr
    assert "No such file or directory" not in done.stdout + done.stderr


def test_without_semaphores_one_process_reads_everything(
    capture: Callable[[str], Capture], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A /dev/shm that cannot be written fails in this very call of the system."""

    def refuse(*args: object, **named: object) -> None:
        raise PermissionError(13, "Permission denied")

    for name in ("fork", "errors"):
        capture(name)
    monkeypatch.setattr(parallel, "PARALLEL_BYTES", 0)
    monkeypatch.setattr("multiprocessing.synchronize._multiprocessing.SemLock", refuse)
    found, known = sync.look(paths.database_file(), ["claude"])
    assert len(found.changed) > 1
    report = sync.run(paths.database_file(), found, known)
    assert report.new > 1 and not report.failed


def test_a_read_only_database_is_named_with_its_mode(run_cli: Cli, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everything")
    path = stored.store(tmp_path / "m.db", [request("s", "2026-11-20T10:00:00.000Z")])
    path.chmod(0o400)
    done = run_cli("sync", "--db-path", str(path))
    assert done.returncode == 1 and "0400" in done.stderr and f"chmod 600 {path}" in done.stderr
    assert stat.S_IMODE(path.stat().st_mode) == 0o400


def test_a_closed_input_is_no_interrupt(capture: Callable[[str], Capture], run_cli: Cli) -> None:
    capture("print-basic")
    done = run_cli("setup", stdin=subprocess.DEVNULL)
    assert done.returncode == 1 and "--yes" in done.stderr and "stopped" not in done.stderr


def test_the_first_sessions_are_stored_soon_and_later_groups_grow() -> None:
    batches = [Batch(Source("claude", Path(f"{n}.jsonl"))) for n in range(1000)]
    sizes = [len(group) for group in sync._grouped(batches)]
    assert sizes[0] <= 4 and sum(sizes) == 1000 and len(sizes) <= 15
    assert all(later <= 2 * earlier for earlier, later in itertools.pairwise(sizes))


def test_an_interrupt_says_how_many_sessions_are_stored(
    capture: Callable[[str], Capture], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("fork", "errors", "tools", "print-basic", "resume", "compact"):
        if (Path(__file__).parent.parent / "captures" / "claude-code" / name).exists():
            capture(name)
    found, known = sync.look(paths.database_file(), ["claude"])
    seen = []

    def progress(size: int) -> None:
        seen.append(size)
        if len(seen) == 6:
            raise KeyboardInterrupt

    assert len(found.changed) >= 6
    with pytest.raises(KeyboardInterrupt) as stopped:
        sync.run(paths.database_file(), found, known, progress)
    with closing(sqlite3.connect(paths.database_file())) as connection:
        count = connection.execute("select count(*) from sessions").fetchone()[0]
    assert count > 0
    assert f"{count} sessions were recorded and stay stored" in stopped.value.__notes__[0]


@pytest.mark.parametrize(
    ("response", "question"),
    [
        ("Done. Shall I push it?", "Shall I push it?"),
        ("I see two ways.\n\nWhich one do you want?", "Which one do you want?"),
        ("Why? Because it was slow.", None),
        ("", None),
        (None, None),
    ],
)
def test_the_question_an_answer_ends_with_is_open(response: str | None, question: str | None) -> None:
    assert last_question(response) == question


def test_steps_that_earlier_versions_stored_and_are_none_are_not_shown(tmp_path: Path) -> None:
    path = stored.store(tmp_path / "m.db", [request("s", "2026-11-20T10:00:00.000Z")])
    with closing(connect(path)) as connection:
        connection.execute("delete from session_summaries")
        connection.execute(
            """insert into session_summaries (session_id, next_steps)
            values ('s', '["Test it", "last: Created greet.py"]')"""
        )
    assert stored.rows(path, "select next_steps from v_session_summaries")[0][0] == '["Test it"]'
