"""The sync that the session-start hook starts: detached, not too often, and never at the cost of the note."""

import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.hooks.session_starts import SessionStart
from tests.support.captured import Capture
from tests.support.waiting import wait_for

# The catch-up


def test_it_starts_a_sync_of_the_last_days_detached(session_start: SessionStart) -> None:
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    session_start.run(more={"CLAUDE_CODE_MESSAGING_TOKEN": "secret", "PYTHONPATH": "/x", "KEPT": "1"}, close_fds=False)
    os.close(reading)
    os.close(writing)
    [sync] = session_start.syncs()
    assert session_start.marker.stat().st_mode & 0o777 == 0o600
    since = time.strftime("%Y-%m-%d", time.localtime(time.time() - 2 * 86400))
    expected = ["-I", "-m", "claude_metrics", "sync", "--since", since, "--db-path", str(session_start.db)]
    assert sync["arguments"] == expected
    assert sync["streams"] == ["/dev/null"] * 3
    assert (sync["pid"], sync["cwd"], sync["fds"]) == (sync["session"], "/", 4)  # the fourth is what lists them
    environment = sync["environment"]
    assert isinstance(environment, dict)
    assert (environment.get("KEPT"), environment.keys() & {"PYTHONPATH", "CLAUDE_CODE_MESSAGING_TOKEN"}) == ("1", set())


def test_it_does_so_once_in_ten_minutes_however_many_sessions_begin(session_start: SessionStart) -> None:
    running = [
        subprocess.Popen(
            session_start.command(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd=session_start.repo
        )
        for _ in range(6)
    ]
    assert [one.wait(20) for one in running] == [0] * 6
    assert len(session_start.syncs()) == 1
    session_start.run()
    assert len(session_start.syncs()) == 1
    session_start.marker.write_text(str(int(time.time()) - 601))
    session_start.run()
    assert len(session_start.syncs(2)) == 2
    session_start.marker.write_text(str(int(time.time()) + 86400))  # a clock that was wrong
    session_start.run()
    assert len(session_start.syncs(3)) == 3


@pytest.mark.parametrize("content", [b"", b"\xff" * 99, b"12x"])
def test_a_damaged_marker_is_no_obstacle(session_start: SessionStart, content: bytes) -> None:
    session_start.marker.write_bytes(content)
    session_start.run()
    assert len(session_start.syncs()) == 1
    assert session_start.marker.read_bytes().isdigit()


def test_a_marker_that_is_a_link_or_a_pipe_is_left_alone(session_start: SessionStart, tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("text")
    session_start.marker.symlink_to(tmp_path / "victim")
    assert session_start.run()
    session_start.marker.unlink()
    os.mkfifo(session_start.marker)
    assert session_start.run()
    assert (tmp_path / "victim").read_text() == "text"


def test_when_the_data_folder_cannot_be_written_the_note_still_comes(session_start: SessionStart, home: Path) -> None:
    shutil.rmtree(home / "claude-metrics")
    (home / "claude-metrics").write_text("in the way")
    assert "on main, no upstream" in session_start.run()


def test_a_session_that_no_hook_recorded_is_caught_up(
    session_start: SessionStart, capture: Callable[[str], Capture], home: Path
) -> None:
    (session_start.marker.parent / "worker-python").unlink()
    recorded = capture("claude-code/print-basic")
    session_start.run()
    assert wait_for(lambda: sessions(session_start.db)) == list(recorded.oracle["sessions"])


def sessions(db: Path) -> list[str]:
    try:
        with closing(sqlite3.connect(f"file:{db}?mode=ro", uri=True)) as connection:
            return [row[0] for row in connection.execute("select session_id from v_sessions")]
    except sqlite3.Error:
        return []
