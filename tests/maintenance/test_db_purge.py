"""Deleting sessions: no trace is left, no other session changes, and nothing brings them back."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from claude_metrics import paths
from claude_metrics.config import Config
from claude_metrics.maintenance import purge
from claude_metrics.recording import spool, worker
from claude_metrics.store import backup, upkeep
from claude_metrics.store import connection as database
from tests.maintenance.databases import Cli, merge, parents, record, totals
from tests.support.captured import Capture, as_stdin

pytestmark = pytest.mark.slow


def forget_sources(db_path: Path) -> None:
    """As if the rows had come from another machine: no cursors."""
    with closing(sqlite3.connect(db_path)) as db:
        db.execute("delete from sources")
        db.commit()


def traces(folder: Path, *words: str) -> list[str]:
    """Files below `folder` in which one of the words stands."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [f"{path.name}: {word}" for path in files for word in words if word.encode() in path.read_bytes()]


def ours(home: Path) -> Path:
    return home / "claude-metrics"


@pytest.mark.parametrize("name", ["tui-exit", "subagent", "print-basic"])
def test_a_purged_session_leaves_no_trace_and_does_not_come_back(
    capture: Callable[[str], Capture], home: Path, run_cli: Cli, name: str
) -> None:
    capture(name)
    db_path = record()
    backup.daily(db_path)
    session, prompt = next(iter(totals(db_path))), None
    with closing(sqlite3.connect(db_path)) as db:
        prompt = db.execute("select prompt from turns where session_id = ? limit 1", (session,)).fetchone()[0]
        calls = [row[0] for row in db.execute("select tool_call_id from tool_calls where session_id = ?", (session,))]
    assert traces(ours(home), session, prompt, *calls)
    done = run_cli("db", "purge", "--session", session[:8], "--yes")
    assert done.returncode == 0, done.stderr
    for attempt in ("purge", "sync", "sync", "rebuild"):
        if attempt == "rebuild":
            assert run_cli("db", "rebuild").returncode == 0
        elif attempt == "sync":
            assert run_cli("sync").returncode == 0
        assert session not in totals(db_path)
        assert traces(ours(home), session, prompt, *calls) == [], attempt


def test_the_hook_of_a_purged_session_records_nothing(capture: Callable[[str], Capture], home: Path) -> None:
    found = capture("print-basic")
    payload = next(p for p in found.payloads("SessionEnd") if Path(p["transcript_path"]).exists())
    db_path, session = record(), payload["session_id"]
    with closing(database.connect(db_path)) as db:
        purge.purge(db, [session], Config())
        upkeep.scrub(db)
    priced = {**payload, "cost": {"total_cost_usd": 3.0}}
    for given in (payload, priced):
        spool.submit(as_stdin(given), "claude", paths.spool_dir())
        assert worker.run(paths.spool_dir(), db_path).failed == 0
    assert session not in totals(db_path)
    assert traces(ours(home), session) == []


def test_waiting_and_failed_events_of_a_purged_session_go_too(
    capture: Callable[[str], Capture], run_cli: Cli, home: Path
) -> None:
    found = capture("print-basic")
    payload = next(p for p in found.payloads("SessionEnd") if Path(p["transcript_path"]).exists())
    record()
    for _ in range(2):
        spool.submit(as_stdin(payload), "claude", paths.spool_dir())
    spool.quarantine(spool.pending(paths.spool_dir())[0], "for the test")
    other = spool.submit(b'{"session_id": "somebody-else"}', "claude", paths.spool_dir())
    assert run_cli("db", "purge", "--session", payload["session_id"], "--yes").returncode == 0
    assert traces(ours(home), payload["session_id"]) == []
    assert other.exists()


@pytest.mark.parametrize("name", ["fork", "v2.1.247-fork"])
def test_purging_the_parent_leaves_the_fork_as_it_was(capture: Callable[[str], Capture], home: Path, name: str) -> None:
    """Its own rows and figures stay, and the parent's lines in its transcript stay away, however often it is read."""
    capture(name)
    db_path = record()
    fork, parent = next((name, parent) for name, parent in parents(db_path).items() if parent)
    before = totals(db_path)[fork]
    usage = rows_of(db_path, fork)
    with closing(database.connect(db_path)) as db:
        purge.purge(db, [parent], Config())
        upkeep.scrub(db)
    for _ in range(2):
        after = totals(db_path)
        assert parent not in after
        assert after[fork][2:] == before[2:]
        assert after[fork][:2] == pytest.approx(before[:2])
        assert rows_of(db_path, fork) == usage
        forget_sources(db_path)
        record()
    assert traces(ours(home), parent) == []


def rows_of(db_path: Path, session: str) -> list[tuple]:
    with closing(sqlite3.connect(db_path)) as db:
        columns = "kind, model, input_tokens, output_tokens, round(cost_usd, 9)"
        return db.execute(f"select {columns} from token_usage where session_id = ? order by id", (session,)).fetchall()


def test_purging_the_fork_leaves_the_parent_as_it_was(capture: Callable[[str], Capture]) -> None:
    capture("v2.1.247-fork")
    db_path = record()
    fork, parent = next((name, parent) for name, parent in parents(db_path).items() if parent)
    before = totals(db_path)[parent]
    with closing(database.connect(db_path)) as db:
        purge.purge(db, [fork], Config())
    forget_sources(db_path)
    record()
    assert totals(db_path) == {parent: before}


def test_an_import_does_not_bring_a_purged_session_back(
    capture: Callable[[str], Capture], tmp_path: Path, home: Path
) -> None:
    capture("tui-clear")
    db_path, other = record(), tmp_path / "other.db"
    shutil.copy(db_path, other)
    gone = min(totals(db_path))
    with closing(database.connect(db_path)) as db:
        purge.purge(db, [gone], Config())
        upkeep.scrub(db)
    merge(other)
    assert gone not in totals(db_path)
    assert traces(ours(home), gone) == []


def test_purge_by_project_takes_its_name_or_its_folder(capture: Callable[[str], Capture], run_cli: Cli) -> None:
    capture("print-basic")
    db_path = record()
    with closing(sqlite3.connect(db_path)) as db:
        db.execute(
            "insert into sessions (session_id, agent_type, project_path) values ('n', 'claude_code', '/home/dev/apple')"
        )
        db.commit()
        [(path,)] = db.execute("select distinct project_path from sessions where session_id <> 'n'").fetchall()
    assert run_cli("db", "purge", "--project", path, "--yes").returncode == 0
    assert set(totals(db_path)) == {"n"}


def test_purge_asks_and_says_what_it_would_take(capture: Callable[[str], Capture], run_cli: Cli) -> None:
    capture("print-basic")
    db_path = record()
    session = next(iter(totals(db_path)))
    no = run_cli("db", "purge", "--session", session, input="n\n")
    assert session in no.stdout and session in totals(db_path)
    assert run_cli("db", "purge", "--session", session, input="y\n").returncode == 0
    assert session not in totals(db_path)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), 2),
        (("--session", "nonesuch", "--yes"), 1),
        (("--project", "nonesuch", "--yes"), 1),
        (("--session", "", "--yes"), 2),
    ],
    ids=["nothing", "unknown session", "unknown project", "every session"],
)
def test_purge_deletes_nothing_on_a_mistake(
    capture: Callable[[str], Capture], run_cli: Cli, words: tuple, code: int
) -> None:
    capture("tui-clear")
    db_path = record()
    before = set(totals(db_path))
    assert len(before) > 1
    assert run_cli("db", "purge", *words).returncode == code
    assert set(totals(db_path)) == before
