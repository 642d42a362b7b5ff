"""A file that is not our database is refused by every command that reads or writes one, and stays as it is."""

import hashlib
import os
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from claude_metrics import paths
from claude_metrics.store import backup, identity
from claude_metrics.store import connection as database
from tests.support.captured import Capture

Cli = Callable[..., subprocess.CompletedProcess[str]]
COMMANDS = (
    ("setup", "--yes"),
    ("sync",),
    ("sync", "--dry-run"),
    ("worker",),
    ("doctor",),
    ("doctor", "--fix"),
    ("doctor", "--fix", "--hooks"),
    ("hook", "install", "--agent", "claude"),
    ("report", "daily"),
    ("session", "show", "1"),
    ("session", "replay", "1"),
    ("session", "export", "1"),
    ("grafana", "provision", "out"),
    ("db", "path"),
    ("db", "backup", "copy.db"),
    ("db", "import", "ours.db"),
    ("db", "rebuild"),
    ("db", "rebuild", "--check"),
    ("db", "purge", "--session", "1", "--yes"),
    ("db", "vacuum"),
)


def text(path: Path) -> None:
    path.write_text("buy milk\n")


def foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("create table bookmarks (url text)")
        db.execute("insert into bookmarks values ('https://example.com')")
        db.commit()


def foreign_in_a_journal(path: Path) -> None:
    """Its tables stand in `-wal` alone, as of a program that was killed."""
    script = (
        "import os, sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.execute('pragma journal_mode = wal');"
        "db.execute('create table bookmarks (url text)'); db.commit(); os._exit(0)"
    )
    subprocess.run(["python3", "-c", script, str(path)], check=True)


def marked_by_another(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("pragma application_id = 252006673")  # a GeoPackage's
        db.execute("create table sessions (id)")


KINDS = (text, foreign, foreign_in_a_journal, marked_by_another)


def tree(folder: Path) -> dict[str, tuple[int, str]]:
    """Each file with its mode and content; SQLite's index of a journal changes when somebody reads."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.name.endswith("-shm")]
    return {str(path): (path.stat().st_mode, hashlib.sha256(path.read_bytes()).hexdigest()) for path in files}


@pytest.mark.slow
@pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)
def test_every_command_refuses_a_file_that_is_not_ours_and_changes_nothing(
    make: Callable[[Path], None], capture: Callable[[str], Capture], home: Path, tmp_path: Path, run_cli: Cli
) -> None:
    capture("print-basic")
    (home / ".claude").mkdir(exist_ok=True)
    folder = tmp_path / "theirs"
    folder.mkdir()
    make(folder / "notes.txt")
    os.chmod(folder / "notes.txt", 0o644)  # noqa: PTH101
    database.connect(folder / "ours.db").close()
    before = tree(home), tree(folder)
    for words in COMMANDS:
        done = run_cli(*words, "--db-path", str(folder / "notes.txt"), cwd=folder)
        assert done.returncode == 1, words
        [line] = done.stderr.splitlines()
        assert "not a database of claude-metrics" in line and "notes.txt" in line, words
        assert done.stdout == "", words
        assert (tree(home), tree(folder)) == before, words


def test_the_environment_names_a_foreign_file_in_vain(tmp_path: Path, home: Path, run_cli: Cli) -> None:
    (home / ".claude").mkdir()
    text(tmp_path / "notes.txt")
    before = tree(home), tree(tmp_path)
    for words in (("setup", "--yes"), ("doctor", "--fix"), ("sync",), ("config", "set", "timezone", "UTC")):
        done = run_cli(*words, env=os.environ | {"CLAUDE_METRICS_DB": str(tmp_path / "notes.txt")})
        assert "not a database of claude-metrics" in done.stderr, words
    assert (tmp_path / "notes.txt").read_text() == "buy milk\n"
    assert tree(home / ".claude") == {} and before[1].items() <= tree(tmp_path).items()


def test_ours_is_marked_and_one_of_before_the_mark_is_known_by_its_tables(tmp_path: Path) -> None:
    path = tmp_path / "metrics.db"
    database.connect(path).close()
    with closing(sqlite3.connect(path)) as db:
        assert identity.application_id(db) == identity.APPLICATION_ID
        db.execute("pragma application_id = 0")
    database.connect_current(path).close()
    with closing(database.connect(path)) as db:
        assert identity.application_id(db) == identity.APPLICATION_ID


def test_a_copy_keeps_the_mark(tmp_path: Path) -> None:
    database.connect(tmp_path / "metrics.db").close()
    backup.write(tmp_path / "metrics.db", tmp_path / "copy.db")
    with closing(sqlite3.connect(tmp_path / "copy.db")) as db:
        assert identity.application_id(db) == identity.APPLICATION_ID


@pytest.mark.parametrize("place", ["the default", "one with a daily copy"])
def test_a_damaged_file_in_a_place_of_ours_is_not_taken_for_a_foreign_one(place: str, tmp_path: Path) -> None:
    path = paths.database_file() if place == "the default" else tmp_path / "metrics.db"
    database.connect(path).close()
    if place != "the default":
        assert backup.daily(path)
    path.write_bytes(b"no longer a database")
    identity.refuse_foreign_file(path)


def test_an_empty_file_is_named_as_empty_and_the_next_sync_fills_it(
    capture: Callable[[str], Capture], tmp_path: Path, run_cli: Cli
) -> None:
    capture("print-basic")
    path = tmp_path / "empty.db"
    path.touch()
    for words in (("report", "daily"), ("session", "show", "1")):
        done = run_cli(*words, "--db-path", str(path))
        assert done.returncode == 1
        [line] = done.stderr.splitlines()
        assert line.startswith(f"claude-metrics: the database is empty; {path}; run `claude-metrics sync`")
    assert path.read_bytes() == b""
    assert run_cli("sync", "--db-path", str(path)).returncode == 0
    assert run_cli("report", "daily", "--db-path", str(path)).returncode == 0
