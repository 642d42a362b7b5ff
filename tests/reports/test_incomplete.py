"""A total that misses something knowable says so, with the reason, wherever it is shown."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from claude_metrics import paths
from claude_metrics.store import connection as database
from tests.support.captured import Capture, names

Cli = Callable[..., Any]
SESSION = "00001002-0000-4000-8000-000000001002"


def stored(sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(paths.database_file())) as connection:
        return [tuple(row) for row in connection.execute(sql)]


def change(sql: str) -> None:
    with closing(database.connect(paths.database_file())) as connection:
        connection.execute(sql)


@pytest.fixture
def session(run_cli: Cli, capture: Callable[[str], Capture]) -> str:
    """A recorded session that misses nothing."""
    found = capture("tui-exit").transcripts[0].stem
    assert run_cli("sync").returncode == 0
    assert stored("select incomplete from v_sessions") == [(None,)]
    return found


MARKS = {
    "price unknown": "update sessions set unpriced_tokens = 5",
    "output not written down": "update sessions set understated_tokens = 5",
    "killed before the agent wrote its total": "update sessions set end_reason = 'killed'",
    "unreadable lines": "update sources set bad_lines = 1",
    "a file could not be read": "update recordings set error = 'EACCES'",
}


@pytest.mark.parametrize("reason", MARKS)
def test_a_session_that_misses_something_says_why_everywhere(run_cli: Cli, session: str, reason: str) -> None:
    change(MARKS[reason])
    assert stored("select incomplete from v_sessions") == [(reason,)]
    shown = run_cli("session", "show", session).stdout
    assert f"{reason}; the cost is at least that" in shown
    assert json.loads(run_cli("session", "show", session, "--json").stdout)["session"]["incomplete"] == reason
    for name in ("daily", "sessions", "projects", "models"):
        assert json.loads(run_cli("report", name, "--json").stdout)["incomplete"] == {reason: 1}
    [line] = json.loads(run_cli("report", "sessions", "--json").stdout)["sessions"]
    assert line["incomplete"] == reason


def test_all_reasons_of_a_session_are_named(session: str) -> None:
    for sql in MARKS.values():
        change(sql)
    assert stored("select incomplete from v_sessions") == [("; ".join(MARKS),)]


def test_below_a_report_stands_how_many_sessions_miss_something(run_cli: Cli, session: str) -> None:
    assert "at least" not in run_cli("report", "daily").stdout
    change(MARKS["unreadable lines"])
    done = run_cli("report", "daily")
    assert "at least what is shown: unreadable lines (1)" in done.stdout + done.stderr


def test_a_page_of_a_session_says_what_it_misses(run_cli: Cli, session: str, tmp_path: Path) -> None:
    change(MARKS["unreadable lines"])
    done = run_cli("session", "export", session, "--format", "html", "-o", str(tmp_path / "page.html"))
    assert done.returncode == 0, done.stderr
    assert "at least: unreadable lines" in (tmp_path / "page.html").read_text()


def test_a_later_reading_without_an_error_takes_the_mark_away(session: str) -> None:
    change(MARKS["a file could not be read"])
    change(f"insert into recordings (session_id, outcome) values ('{session}', 'recorded')")
    assert stored("select incomplete from v_sessions") == [(None,)]


def test_a_line_that_cannot_be_read_marks_its_session(
    run_cli: Cli, capture: Callable[[str], Capture], home: Path
) -> None:
    [path, *_] = capture("tui-exit").transcripts
    path.write_bytes(path.read_bytes() + b'{"type":"assistant","mess\n')
    assert run_cli("sync").returncode == 0
    assert stored("select incomplete from v_sessions") == [("unreadable lines",)]


def test_the_clients_own_sessions_that_end_well_miss_nothing(run_cli: Cli, capture: Callable[[str], Capture]) -> None:
    for name in names():
        if not name.rpartition("/")[2].startswith("v2.0"):
            capture(name)
    assert run_cli("sync").returncode == 0
    assert stored("select session_id, incomplete from v_sessions where incomplete is not null") == []
    assert stored("select count(*) > 30 from v_sessions") == [(1,)]


def test_an_old_clients_session_misses_output(run_cli: Cli, capture: Callable[[str], Capture]) -> None:
    capture("v2.0.64-interleaved")
    assert run_cli("sync").returncode == 0
    assert stored("select distinct incomplete from v_sessions") == [("output not written down",)]
