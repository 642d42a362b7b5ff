"""Rebuilding a database: what is derived is mended, what is no longer on disk is kept, nobody waits."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from claude_metrics import paths
from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.lock import only_one
from claude_metrics.maintenance import rebuild
from claude_metrics.recording import worker
from claude_metrics.store import connection as database
from tests.maintenance.databases import Cli, record, rows
from tests.support.captured import Capture

pytestmark = pytest.mark.slow


def test_a_rebuild_of_a_sound_database_would_change_nothing(capture: Callable[[str], Capture], run_cli: Cli) -> None:
    for name in ("fork", "tui-compact", "subagent", "v2.0.64-subagent", "resume"):
        capture(name)
    db_path = record()
    before = db_path.read_bytes()
    done = run_cli("db", "rebuild", "--check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert db_path.read_bytes() == before


def test_rebuild_mends_derived_figures_and_check_tells_them(capture: Callable[[str], Capture], run_cli: Cli) -> None:
    capture("tui-compact")
    db_path = record()
    right = rows(db_path)
    with closing(sqlite3.connect(db_path)) as db:
        db.execute("update sessions set total_cost_usd = 99, input_tokens = 1")
        db.execute("delete from token_usage where rowid in (select min(rowid) from token_usage)")
        db.commit()
    check = run_cli("db", "rebuild", "--check")
    assert check.returncode == 1 and "total_cost_usd" in check.stdout and "1 added" in check.stdout
    assert run_cli("db", "rebuild").returncode == 0
    assert rows(db_path) == right


def test_rebuild_keeps_what_is_no_longer_on_disk(capture: Callable[[str], Capture]) -> None:
    gone, kept = capture("fork"), capture("tui-compact")
    db_path = record()
    right = rows(db_path)
    shutil.rmtree(gone.claude_dir / "projects")
    kept.lay_out()
    assert not rebuild.rebuild(db_path, check=False).differs
    assert rows(db_path) == right


def test_rebuild_leaves_nothing_beside_the_database(capture: Callable[[str], Capture]) -> None:
    capture("print-basic")
    db_path = record()
    rebuild.rebuild(db_path, check=True)
    rebuild.rebuild(db_path, check=False)
    assert [path.name for path in db_path.parent.iterdir()] == ["metrics.db"]


def test_rebuild_waits_for_no_worker(capture: Callable[[str], Capture]) -> None:
    capture("print-basic")
    db_path = record()
    with (
        only_one(worker.lock_file(paths.spool_dir())) as first,
        pytest.raises(ClaudeMetricsError, match="recording just now"),
    ):
        assert first
        rebuild.rebuild(db_path, check=False)


def test_a_reader_that_is_open_meanwhile_goes_on(capture: Callable[[str], Capture]) -> None:
    """The pages are written over the old ones: Grafana need not open the file again."""
    capture("print-basic")
    db_path = record()
    with closing(database.connect_readonly(db_path)) as reader:
        inode = db_path.stat().st_ino
        rebuild.rebuild(db_path, check=False)
        assert reader.execute("select count(*) from v_sessions").fetchone()[0] > 0
        assert db_path.stat().st_ino == inode
