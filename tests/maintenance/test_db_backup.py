"""Backups, the daily copy and vacuum, on real databases of recorded sessions."""

import json
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from claude_metrics import config, paths
from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.store import backup
from claude_metrics.store import connection as database
from tests.maintenance.databases import DERIVED, FACTS, Cli, record, rows, scramble, totals
from tests.support.captured import Capture

pytestmark = pytest.mark.slow


def exactly(db_path: Path) -> dict[str, list[tuple]]:
    return rows(db_path, *FACTS, *DERIVED, "recordings", "sources", "meta", without=())


def test_path_is_printed_also_where_there_is_no_database(run_cli: Cli) -> None:
    assert run_cli("db", "path").stdout.strip() == str(paths.database_file())
    assert json.loads(run_cli("db", "path", "--json").stdout)["exists"] is False


def test_a_backup_holds_the_same_rows_and_is_private(
    capture: Callable[[str], Capture], run_cli: Cli, tmp_path: Path
) -> None:
    capture("tui-compact")
    db_path, copy = record(), tmp_path / "copy.db"
    done = run_cli("db", "backup", str(copy))
    assert done.returncode == 0, done.stderr
    assert exactly(copy) == exactly(db_path)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert list(tmp_path.glob(".copy.db*")) == []


def test_a_backup_replaces_a_file_only_when_forced(
    capture: Callable[[str], Capture], run_cli: Cli, tmp_path: Path
) -> None:
    capture("print-basic")
    record()
    copy = tmp_path / "copy.db"
    copy.write_text("precious")
    refused = run_cli("db", "backup", str(copy))
    assert (refused.returncode, copy.read_text()) == (1, "precious")
    assert refused.stderr.count("\n") == 1 and "--force" in refused.stderr
    assert run_cli("db", "backup", str(copy), "--force").returncode == 0
    assert rows(copy, "sessions") == rows(paths.database_file(), "sessions")


def test_a_backup_never_overwrites_the_database_itself(capture: Callable[[str], Capture]) -> None:
    capture("print-basic")
    db_path = record()
    before = db_path.read_bytes()
    with pytest.raises(ClaudeMetricsError, match="the database itself"):
        backup.write(db_path, db_path, force=True)
    assert db_path.read_bytes() == before


def test_a_damaged_database_gives_no_backup_and_the_old_one_stays(
    capture: Callable[[str], Capture], tmp_path: Path
) -> None:
    capture("resume")
    db_path, copy = record(), tmp_path / "copy.db"
    backup.write(db_path, copy)
    good = copy.read_bytes()
    scramble(db_path)
    with pytest.raises(ClaudeMetricsError):
        backup.write(db_path, copy, force=True)
    assert copy.read_bytes() == good


def test_vacuum_keeps_every_row(capture: Callable[[str], Capture], run_cli: Cli) -> None:
    capture("interleaved")
    db_path = record()
    before = exactly(db_path)
    assert run_cli("db", "vacuum").returncode == 0
    assert exactly(db_path) == before


def test_commands_that_need_a_database_say_so_in_one_line(run_cli: Cli) -> None:
    for command in (["vacuum"], ["purge", "--session", "x", "--yes"], ["backup", "copy.db"], ["rebuild", "--check"]):
        done = run_cli("db", *command)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1), command
        assert "no database yet" in done.stderr


def test_the_daily_copy_is_made_once_a_day(capture: Callable[[str], Capture]) -> None:
    capture("print-basic")
    db_path = record()
    assert backup.daily(db_path) is True
    assert backup.daily(db_path) is False
    made = paths.daily_copy(db_path).stat().st_mtime
    assert backup.daily(db_path, now=made + backup.DAY_S + 1) is True
    assert stat.S_IMODE(paths.daily_copy(db_path).stat().st_mode) == 0o600


def test_a_database_that_lost_its_sessions_does_not_displace_the_copy_that_has_them(
    capture: Callable[[str], Capture],
) -> None:
    capture("resume")
    db_path = record()
    backup.daily(db_path)
    sessions = set(totals(db_path))
    db_path.unlink()
    database.connect(db_path).close()
    assert backup.daily(db_path, now=paths.daily_copy(db_path).stat().st_mtime + backup.DAY_S + 1)
    assert set(totals(backup.previous_file(db_path))) == sessions


def test_a_large_database_is_not_copied_daily(
    capture: Callable[[str], Capture], monkeypatch: pytest.MonkeyPatch
) -> None:
    capture("print-basic")
    db_path = record()
    monkeypatch.setattr(backup, "LARGEST", db_path.stat().st_size - 1)
    assert backup.daily(db_path) is False
    assert not paths.daily_copy(db_path).exists()


def test_every_sync_and_worker_keeps_the_copy(capture: Callable[[str], Capture], run_cli: Cli) -> None:
    capture("print-basic")
    assert run_cli("sync").returncode == 0
    assert set(totals(paths.daily_copy(paths.database_file()))) == set(totals(paths.database_file()))


@pytest.fixture
def busy(capture: Callable[[str], Capture], monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A database locked by another program."""
    capture("print-basic")
    db_path = record()
    monkeypatch.setattr(database, "BUSY_MS", 50)
    with closing(sqlite3.connect(db_path)) as other:
        other.execute("begin exclusive")
        yield db_path


def test_a_locked_database_is_said_to_be_locked(busy: Path, tmp_path: Path) -> None:
    with pytest.raises(ClaudeMetricsError, match="locked"):
        backup.write(busy, tmp_path / "copy.db")
    with pytest.raises(ClaudeMetricsError, match="locked"):
        database.connect(busy)


def test_settings_with_a_mistake_are_refused_by_commands_and_endured_by_recording(
    capture: Callable[[str], Capture], run_cli: Cli
) -> None:
    capture("print-basic")
    file = paths.config_file()
    file.parent.mkdir(parents=True)
    file.write_text('contnt = "none"\n')
    refused = run_cli("sync")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "did you mean `content`" in refused.stderr
    assert config.lenient() == config.Damaged()
    record()
    assert totals(paths.database_file())
