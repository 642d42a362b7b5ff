"""Merging the database of another machine: the same rows in any order, nothing twice, nothing taken back."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from claude_metrics import paths
from claude_metrics.config import Config
from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.maintenance import merge as importing
from claude_metrics.store import connection as database
from claude_metrics.store.version import LATEST
from tests.maintenance.databases import Cli, merge, parents, record, rows, scramble, totals
from tests.support.captured import Capture

pytestmark = pytest.mark.slow


@pytest.fixture(params=["fork", "v2.1.247-fork"])
def two_machines(
    capture: Callable[[str], Capture], request: pytest.FixtureRequest, tmp_path: Path
) -> tuple[Path, Path]:
    """Databases of the fork's folder: one machine knows both sessions, the other one only the fork."""
    found = capture(request.param)
    whole = record(tmp_path / "whole.db")
    fork = next(name for name, row in parents(whole).items() if row)
    for path in found.transcripts:
        if path.stem != fork:
            path.unlink()
    return whole, record(tmp_path / "fork-only.db")


@pytest.mark.parametrize(
    "name", ["fork", "v2.1.247-fork", "tui-compact", "subagent", "resume", "parallel-kill", "errors"]
)
def test_an_import_into_an_empty_database_gives_what_the_transcripts_gave(
    capture: Callable[[str], Capture], tmp_path: Path, name: str
) -> None:
    capture(name)
    other = record(tmp_path / "other.db")
    done = merge(other)
    assert (done.new, done.updated) == (done.sessions, 0)
    assert rows(paths.database_file()) == rows(other)


def test_an_import_one_session_at_a_time_gives_the_same(
    capture: Callable[[str], Capture], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Owners are found across transactions too."""
    for name in ("fork", "v2.1.247-fork"):
        capture(name)
    other = record(tmp_path / "other.db")
    monkeypatch.setattr(importing, "GROUP", 1)
    merge(other)
    assert rows(paths.database_file()) == rows(other)


def test_importing_twice_or_itself_changes_no_byte(capture: Callable[[str], Capture], tmp_path: Path) -> None:
    for name in ("fork", "tui-compact", "subagent"):
        capture(name)
    db_path = record()
    copy = tmp_path / "copy.db"
    shutil.copy(db_path, copy)
    before = db_path.read_bytes()
    for other in (copy, copy, db_path):
        done = merge(other)
        assert (done.new, done.updated, done.unchanged) == (0, 0, len(totals(db_path)))
    assert db_path.read_bytes() == before


def test_requests_known_to_two_machines_count_once(two_machines: tuple[Path, Path]) -> None:
    """The second machine has the fork only, and thus believes the copied requests to be the fork's."""
    whole, fork_only = two_machines
    merge(fork_only)
    merge(whole)
    assert owners(paths.database_file()) == owners(whole)


def owners(db_path: Path) -> list[tuple]:
    """Each listed request with its session."""
    with closing(sqlite3.connect(db_path)) as db:
        return db.execute("select id, session_id from token_usage where kind = 'message' order by id").fetchall()


def test_the_order_of_imports_does_not_matter(two_machines: tuple[Path, Path], tmp_path: Path) -> None:
    whole, fork_only = two_machines
    one, two = tmp_path / "one.db", tmp_path / "two.db"
    for target, others in ((one, (whole, fork_only)), (two, (fork_only, whole))):
        for other in others:
            merge(other, target)
    assert rows(one, "token_usage", "copies", "cost_states") == rows(two, "token_usage", "copies", "cost_states")


def test_an_older_copy_takes_nothing_back(capture: Callable[[str], Capture], home: Path, tmp_path: Path) -> None:
    """A transcript that has grown since, with a later branch and title, stays as it is."""
    found = capture("tui-compact")
    transcript = next(path for path in found.transcripts if "subagents" not in str(path))
    lines = transcript.read_bytes().splitlines(keepends=True)
    transcript.write_bytes(b"".join(lines[: len(lines) // 2]))
    older = record(tmp_path / "older.db")
    transcript.write_bytes(b"".join(lines))
    db_path = record()
    before = rows(db_path)
    merge(older)
    assert rows(db_path) == before


def test_cursors_are_not_imported(capture: Callable[[str], Capture], tmp_path: Path) -> None:
    """The other machine's paths mean nothing here; the same path may be another file."""
    capture("print-basic")
    merge(record(tmp_path / "other.db"))
    assert rows(paths.database_file(), "sources") == {"sources": []}


def test_the_other_machines_name_stays_with_its_sessions(capture: Callable[[str], Capture], tmp_path: Path) -> None:
    capture("print-basic")
    other = record(tmp_path / "other.db")
    merge(other)
    query = "select distinct machine_id from sessions"
    with closing(sqlite3.connect(other)) as theirs, closing(sqlite3.connect(paths.database_file())) as ours:
        assert theirs.execute(query).fetchall() == ours.execute(query).fetchall()
        own = ours.execute("select value from meta where key = 'machine_id'").fetchall()
        assert own != ours.execute(query).fetchall()


def test_content_none_keeps_imported_texts_out(capture: Callable[[str], Capture], tmp_path: Path) -> None:
    capture("tui-exit")
    other = record(tmp_path / "other.db")
    with closing(sqlite3.connect(other)) as db:
        texts = [
            row[0] for row in db.execute("select prompt from turns union all select response from turns") if row[0]
        ]
    assert len(texts) > 1
    merge(other, settings=Config(content="none"))
    raw = paths.database_file().read_bytes()
    assert [text for text in texts if text.encode() in raw] == []


def test_own_prices_hold_for_imported_requests(capture: Callable[[str], Capture], tmp_path: Path) -> None:
    capture("print-basic")
    other = record(tmp_path / "other.db")
    model = rows(other, "model_usages")["model_usages"][0][1]
    merge(other, settings=Config(prices={model: {"input": 0, "output": 0}}))
    with closing(sqlite3.connect(paths.database_file())) as db:
        assert db.execute("select sum(cost_usd) from token_usage where model = ?", (model,)).fetchone() == (0.0,)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no sessions"),
        (b"SQLite format 3\0 but then nothing of it" * 40, "damaged"),
        (b"just text\n" * 99, "damaged"),
    ],
    ids=["empty", "header only", "text"],
)
def test_what_is_no_database_is_refused_in_one_line(run_cli: Cli, tmp_path: Path, content: bytes, said: str) -> None:
    other = tmp_path / "other.db"
    other.write_bytes(content)
    done = run_cli("db", "import", str(other))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert said in done.stderr
    assert other.read_bytes() == content


def test_a_newer_database_is_refused(capture: Callable[[str], Capture], run_cli: Cli, tmp_path: Path) -> None:
    capture("print-basic")
    other = record(tmp_path / "other.db")
    with closing(sqlite3.connect(other)) as db:
        db.execute(f"pragma user_version = {LATEST + 1}")
    done = run_cli("db", "import", str(other))
    assert done.returncode == 1 and "newer" in done.stderr


def test_a_database_that_is_damaged_inside_gives_nothing_half(
    capture: Callable[[str], Capture], tmp_path: Path
) -> None:
    capture("resume")
    other = record(tmp_path / "other.db")
    scramble(other)
    with pytest.raises((ClaudeMetricsError, sqlite3.DatabaseError)):
        merge(other)
    assert rows(paths.database_file(), "token_usage") == {"token_usage": []}


def test_of_a_damaged_file_a_session_that_makes_no_sense_is_left_out(
    capture: Callable[[str], Capture], tmp_path: Path
) -> None:
    for name in ("resume", "tui-clear"):
        capture(name)
    other = record(tmp_path / "other.db")
    right = totals(other)
    odd = min(right)
    with closing(sqlite3.connect(other)) as db:
        db.execute("update sessions set start_time = x'ff00', first_record_at = x'ff' where session_id = ?", (odd,))
        db.execute("update token_usage set model = x'00ff', timestamp = 5 where session_id = ?", (odd,))
        db.commit()
    with closing(database.connect(paths.database_file())) as db:
        done = importing.merge(db, other, Config(), salvage=True)
    kept = totals(paths.database_file())
    assert done.lost == [odd]
    assert kept == {name: row for name, row in right.items() if name != odd}
