"""Merging the database of the predecessor of this product, in the shapes that it had."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from claude_metrics import paths
from tests.maintenance.databases import Cli, merge, record, totals

pytestmark = pytest.mark.slow

OLD = """
create table sessions (id integer primary key, session_id text, start_time timestamp, end_time timestamp,
    project_path text, git_branch text, total_cost_usd real, total_duration_ms integer, lines_added integer);
create table token_usage (id integer primary key, session_id text, timestamp timestamp, model text,
    input_tokens integer, output_tokens integer, cache_read_tokens integer, cache_creation_tokens integer);
create table git_commits (id integer primary key, session_id text, commit_hash text, message text, timestamp text);
create table unrelated (x blob);
insert into sessions values (1, 'aaaa-1', '2025-10-01 09:00:00', '2025-10-01 10:00:00', '/home/dev/app', 'main', 0.5,
    3600000, 7);
insert into sessions values (2, 'bbbb-2', '2025-10-02 09:00:00', null, '/home/dev/app', null, 1.25, null, null);
insert into token_usage values (1, 'aaaa-1', '2025-10-01 09:10:00', 'claude-sonnet-4-5', 1000, 100, 0, 0);
insert into token_usage values (2, 'aaaa-1', '2025-10-01 09:20:00', 'claude-sonnet-4-5', 2000, 200, 0, 0);
insert into git_commits values (1, 'aaaa-1', 'abcdef0123456789', 'Add it', '2025-10-01 09:30:00');
"""


def old_database(path: Path, script: str = OLD) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as db:
        db.executescript(script)
    return path


def test_the_predecessors_database_is_found_and_merged(home: Path, run_cli: Cli) -> None:
    old_database(home / ".claude" / "claude_metrics.db")
    done = run_cli("db", "import", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["new"] == 2
    found = totals(paths.database_file())
    priced = (3000 * 3 + 300 * 15) / 1e6
    assert found["aaaa-1"][0] == pytest.approx(priced)  # what it held is priced anew
    assert found["aaaa-1"][1:4] == (0.5, 3000, 300)
    assert found["aaaa-1"][4:] == ("2025-10-01T09:00:00.000Z", "2025-10-01T10:00:00.000Z")
    assert found["bbbb-2"][0] == 1.25  # no usage: the cost it gave


def test_importing_the_predecessor_twice_changes_nothing(tmp_path: Path) -> None:
    old = old_database(tmp_path / "old.db")
    merge(old)
    before = paths.database_file().read_bytes()
    assert merge(old).unchanged == 2
    assert paths.database_file().read_bytes() == before


def transcript(home: Path, session_id: str) -> None:
    """A transcript of the same session, with the one request that it really was."""
    folder = home / ".claude" / "projects" / "-home-dev-app"
    folder.mkdir(parents=True, exist_ok=True)
    usage = {"input_tokens": 3000, "output_tokens": 300}
    message = {
        "id": "msg_1",
        "role": "assistant",
        "model": "claude-sonnet-4-5",
        "content": [],
        "stop_reason": "end_turn",
    }
    common = {"sessionId": session_id, "cwd": "/home/dev/app", "timestamp": "2025-10-01T09:15:00.000Z"}
    line = {"type": "assistant", "uuid": "u1", "requestId": "req_1", "message": {**message, "usage": usage}, **common}
    (folder / f"{session_id}.jsonl").write_text(json.dumps(line) + "\n")


@pytest.mark.parametrize("first", ["predecessor", "transcript"])
def test_a_session_in_both_counts_once_by_its_transcript(home: Path, tmp_path: Path, first: str) -> None:
    old = old_database(tmp_path / "old.db")
    transcript(home, "aaaa-1")
    steps = {"predecessor": [lambda: merge(old), record], "transcript": [record, lambda: merge(old)]}
    for step in steps[first]:
        step()
    with closing(sqlite3.connect(paths.database_file())) as db:
        kept = db.execute("select message_id, input_tokens from token_usage where session_id = 'aaaa-1'").fetchall()
    assert kept == [("msg_1", 3000)]


@pytest.mark.parametrize(
    "script",
    [
        "create table sessions (session_id text, started_at real, cost real);"
        "insert into sessions values ('s', 1.7e9, 2.5)",
        "create table sessions (uuid text, created_at text, total_cost real);"
        "insert into sessions values ('s', 'x', 2.5)",
        "create table claude_sessions (id text, cost_usd real, input_tokens int, model text);"
        "insert into claude_sessions values ('s', 2.5, 10, 'no-such-model')",
        "create table sessions (session_id text, cost real);"
        "create table token_usage (session_id text, model blob, input_tokens text);"
        "insert into sessions values ('s', 2.5); insert into token_usage values ('s', x'ff', 'many')",
    ],
    ids=["unix time", "no time", "totals only", "wrong types"],
)
def test_other_shapes_of_it_are_understood(tmp_path: Path, script: str) -> None:
    merge(old_database(tmp_path / "old.db", script))
    assert totals(paths.database_file())["s"][0] == 2.5
