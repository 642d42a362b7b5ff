"""Whatever a transcript holds, a terminal is sent no control sequence, and a page no markup, by any command."""

import json
import os
import pty
import re
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from claude_metrics import paths
from claude_metrics.recording import spool, worker
from claude_metrics.store.connection import connect
from tests.recording.test_hostile_transcripts import lay_out, record
from tests.support import hostile

pytestmark = pytest.mark.slow

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
COLOUR = re.compile(r"\x1b\[[0-9;]*m|\x1b\[\?25[hl]|\x1b\[[0-9]*[AK]|\r(?=\n|\x1b\[)")  # what rich itself writes
COLUMNS = {
    *("title", "summary", "project_path", "project_name", "git_branch", "first_prompt", "agent_version", "end_reason"),
    *("prompt", "response", "message", "author_name", "branch", "tool_name", "input_summary", "file_path", "detail"),
}
REPORTS = ["daily", "weekly", "monthly", "sessions", "projects", "branches", "models", "tools", "commits", "blocks"]
REPORTS += ["audit"]
COMMANDS = [
    *(("report", name) for name in REPORTS), *(("report", name, "--json") for name in ("sessions", "tools", "models")),
    ("session", "show", "ID"), ("session", "show", "ID", "--json"), ("session", "show", "ID", "--all"),
    ("session", "replay", "ID"), ("session", "export", "ID"), ("session", "export", "ID", "--format", "json"),
    ("context",), ("context", "--tool", "claude"), ("doctor",), ("doctor", "--json"), ("sync",), ("sync", "--dry-run"),
    ("db", "rebuild", "--check"), ("hook", "list"), ("hook", "status"), ("worker", "--json"),
]  # fmt: skip


@pytest.fixture
def session(home: Path) -> str:
    """A database in which every text is hostile; the id of a session with all of it."""
    for agent in ("claude", "codex", "gemini"):
        lay_out(agent, home)
    hostile.spoil_transcripts(home, hostile.VALUES["escapes"])
    for agent in ("claude", "codex", "gemini"):
        record(agent, paths.private_dir(paths.database_file().parent) / "metrics.db")
    spool.submit(hostile.put({"session_id": "s"}, ("cwd",), hostile.VALUES["escapes"]), "claude", paths.spool_dir())
    worker.run(paths.spool_dir(), paths.database_file())
    return spoil_columns()


def spoil_columns() -> str:
    """Also what no reader would let through: the screen must not rely on them."""
    with closing(connect(paths.database_file())) as connection:
        [found] = connection.execute("select session_id from turns group by 1 order by count(*) desc").fetchone()
        commit = "insert into commits (repository, sha, session_id, committed_at, attribution, reachable)"
        values = (hostile.ESCAPES, "0" * 40, found, "2026-11-20T04:06:00.000Z", "proven")
        connection.execute(f"{commit} values (?, ?, ?, ?, ?, 1)", values)
        tables = [row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")]
        for table in tables:
            for column in {row[1] for row in connection.execute(f'pragma table_info("{table}")')} & COLUMNS:
                connection.execute(f'update or ignore "{table}" set "{column}" = ?', (hostile.ESCAPES,))
        connection.execute("update or ignore token_usage set model = ? where rowid % 2", (hostile.ESCAPES,))
    return str(found)


def command(words: tuple[str, ...], session: str) -> list[str]:
    return [sys.executable, "-m", "claude_metrics", *(session if word == "ID" else word for word in words)]


def test_no_command_prints_a_control_character(session: str) -> None:
    for words in COMMANDS:
        done = subprocess.run(command(words, session), capture_output=True, timeout=120, check=False)
        printed = (done.stdout + done.stderr).decode()
        assert done.returncode in (0, 1), (words, printed)
        assert "unexpected" not in printed, (words, printed)
        assert not CONTROL.search(printed), (words, CONTROL.search(printed))


def test_on_a_terminal_only_our_own_colours_are_sequences_and_markup_is_text(session: str) -> None:
    for words in [("report", "sessions"), ("report", "tools"), ("session", "show", "ID"), ("sync",)]:
        printed = on_terminal(command(words, session))
        assert not CONTROL.search(COLOUR.sub("", printed).replace("\r\n", "\n")), words
    assert "[red]" in on_terminal(command(("session", "show", "ID"), session)), "not read as markup"


def on_terminal(words: list[str]) -> str:
    """What a process writes when its streams are a terminal."""
    ours, theirs = pty.openpty()
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": "200"}
    process = subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    pieces = []
    try:
        while piece := os.read(ours, 65536):
            pieces.append(piece)
    except OSError:  # the other end is closed
        pass
    finally:
        os.close(ours)
        process.kill()
    process.wait()
    return b"".join(pieces).decode()


def test_a_page_holds_no_markup_of_a_transcript(session: str, tmp_path: Path) -> None:
    page = tmp_path / "session.html"
    words = ("session", "export", "ID", "--format", "html", "--output", str(page))
    subprocess.run(command(words, session), capture_output=True, timeout=120, check=True)
    text = page.read_text()
    assert "<script>alert" not in text
    assert "&lt;script&gt;" in text


def test_json_loses_nothing_of_it(session: str) -> None:
    words = command(("session", "show", "ID", "--json"), session)
    found = json.loads(subprocess.run(words, capture_output=True, timeout=120, check=True).stdout)
    assert hostile.ESCAPES in texts(found)


def texts(value: object) -> set[str]:
    if isinstance(value, dict | list):
        inside = value.values() if isinstance(value, dict) else value
        return {text for item in inside for text in texts(item)}
    return {value} if isinstance(value, str) else set()
