"""OpenCode: what its captures hold is what its API served, and its database stays as it was, to the byte."""

import hashlib
import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claude_metrics.agents.opencode import sources as opencode
from claude_metrics.agents.opencode.reader import changed_lines, succeeded
from claude_metrics.errors import ClaudeMetricsError
from tests.agents.recorded import (
    OPENCODE,
    record,
    repository,
    stored_calls,
    stored_commits,
    stored_prompts,
    stored_tokens,
    truth_calls,
    truth_commits,
    truth_tokens,
    typed,
)
from tests.support.captured import CAPTURES
from tests.support.recorder import Recorder
from tests.support.trees import copy_tree

# All that is served and never written are the `utility` requests: titles, asked of the small model.
BUSY = settings(
    max_examples=5, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    return Recorder(tmp_path / "metrics.db")


def writable(data: Path) -> sqlite3.Connection:
    """The client's own connection: WAL, autocommit."""
    db = sqlite3.connect(data / "opencode.db", isolation_level=None)
    db.execute("pragma journal_mode = wal")
    return db


def add_session(db: sqlite3.Connection, session: str, created: int, parent: str | None = None) -> None:
    project = db.execute("select id from project").fetchone()[0]
    db.execute(
        """insert into session (id, project_id, parent_id, slug, directory, title, version, time_created, time_updated)
        values (?, ?, ?, '', '/p', 'T', '1', ?, ?)""",
        (session, project, parent, created, created),
    )


def add_message(db: sqlite3.Connection, session: str, message: str, created: int, **data: object) -> None:
    tokens = {"input": 10, "output": 2, "reasoning": 3, "cache": {"read": 4, "write": 5}}
    whole = {"role": "assistant", "modelID": "gpt-5", "tokens": tokens, "cost": 0.5, "path": {"cwd": "/p"}, **data}
    row = (message, session, created, created, json.dumps(whole))
    db.execute("insert into message (id, session_id, time_created, time_updated, data) values (?, ?, ?, ?, ?)", row)


# -- the truth ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", OPENCODE.names)
def test_a_capture_gives_its_truth(name: str, home: Path, recorder: Recorder) -> None:
    truth = OPENCODE.truth(name)
    repository(home / "project", truth)
    record(recorder, OPENCODE.sources(OPENCODE.lay_out(name, home)))
    assert stored_tokens(recorder) == truth_tokens(truth, {})
    assert stored_calls(recorder) == truth_calls(truth)
    assert stored_prompts(recorder) == typed(truth)
    assert stored_commits(recorder) == truth_commits(truth)


@pytest.mark.parametrize("name", OPENCODE.names)
def test_the_clients_own_cost_is_kept(name: str, home: Path, recorder: Recorder) -> None:
    data = OPENCODE.lay_out(name, home)
    record(recorder, OPENCODE.sources(data))
    with closing(sqlite3.connect(data / "opencode.db")) as db:
        # The client's sum for a fork has the copied messages in it a second time.
        [copied] = db.execute(
            """select coalesce(sum(json_extract(data, '$.cost')), 0) from message m
            join session s on s.id = m.session_id where m.time_created < s.time_created"""
        ).fetchone()
        [own] = db.execute("select sum(cost) - ? from session", (copied,)).fetchone()
    assert (copied > 0) == (name == "fork")
    [reported] = recorder.connection.execute("select sum(reported_cost_usd) from sessions").fetchone()
    assert reported == pytest.approx(own, abs=1e-12)
    assert recorder.connection.execute("select total_cost_usd from sessions").fetchone() == (None,)  # no list price


def test_a_session_has_its_facts(home: Path, recorder: Recorder) -> None:
    record(recorder, OPENCODE.sources(OPENCODE.lay_out("run-basic", home)))
    row = recorder.connection.execute(
        "select agent_type, agent_version, project_path, permission_mode, title, lines_added, start_time from sessions"
    ).fetchone()
    assert row == (
        "opencode", "1.18.33", str(home / "project"), "build", "Demo session title", 1, "2026-11-20T04:06:41.926Z",
    )  # fmt: skip


def test_a_child_session_is_part_of_its_root(home: Path, recorder: Recorder) -> None:
    [source] = OPENCODE.sources(OPENCODE.lay_out("subagent", home))
    record(recorder, [source])
    assert recorder.connection.execute("select session_id from sessions").fetchall() == [(source.session_id,)]
    rows = recorder.connection.execute("select agent_id from tool_calls where tool_name = 'bash'").fetchall()
    assert rows == [("ses_e08dc583bffe6mqfM7y4oqIWAy",)]


def test_a_fork_owns_only_what_is_its_own(home: Path, recorder: Recorder) -> None:
    """`--fork` copies messages, tokens and cost under new ids; their times stay the original's."""
    data = OPENCODE.lay_out("run-basic", home)
    [source] = OPENCODE.sources(data)
    with closing(writable(data)) as db:
        later = db.execute("select max(time_updated) from message").fetchone()[0] + 1000
        add_session(db, "ses_fork", later)
        columns = "'copy_' || id, 'ses_fork', time_created, time_updated, data"
        db.execute(f"insert into message select {columns} from message")
        add_message(db, "ses_fork", "msg_own", later + 5)
    record(recorder, OPENCODE.sources(data))
    rows = recorder.connection.execute(
        "select session_id, parent_session_id, input_tokens, output_tokens, reported_cost_usd from sessions order by 3"
    )
    assert rows.fetchall() == [
        ("ses_fork", source.session_id, 10, 5, 0.5),
        (source.session_id, None, 9524, 287, pytest.approx(0.0249792)),
    ]


def test_a_call_says_what_it_was_for(home: Path, recorder: Recorder) -> None:
    record(recorder, OPENCODE.sources(OPENCODE.lay_out("subagent", home)))
    record(recorder, OPENCODE.sources(OPENCODE.lay_out("run-basic", home)))
    rows = recorder.connection.execute("select tool_name, category, subject, change from tool_calls order by 1, 2")
    assert set(rows.fetchall()) == {
        ("bash", "shell", None, None), ("task", "agent", "general", None), ("write", "edit", None, "created"),
    }  # fmt: skip


# -- finding --------------------------------------------------------------------------------


def test_a_plugins_event_of_a_child_finds_its_root(home: Path) -> None:
    [source] = OPENCODE.sources(OPENCODE.lay_out("subagent", home))
    payload = {"session_id": "ses_e08dc583bffe6mqfM7y4oqIWAy", "hook_event_name": "session.idle"}
    assert opencode.sources_of(payload) == [source]
    assert opencode.session_of(payload) == source.session_id
    assert opencode.sources_of({"session_id": "ses_nobody"}) == []
    assert opencode.session_of({"session_id": "ses_nobody"}) == "ses_nobody"


def test_the_database_can_be_moved(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = OPENCODE.lay_out("run-basic", home / "elsewhere")
    assert list(opencode.find_sources()) == []
    monkeypatch.setenv("XDG_DATA_HOME", str(data.parent))
    assert len(list(opencode.find_sources())) == 1
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("OPENCODE_DB", str(data / "opencode.db"))
    assert len(list(opencode.find_sources())) == 1


def test_sync_counts_sessions_not_files(home: Path, run_cli) -> None:
    data = OPENCODE.lay_out("run-basic", home)
    with closing(writable(data)) as db:
        add_session(db, "ses_b", 1_795_147_700_000)
        add_message(db, "ses_b", "msg_b", 1_795_147_700_001)
    first, second = (json.loads(run_cli("sync", "--agent", "opencode", "--json").stdout) for _ in range(2))
    assert [first[key] for key in ("found", "new", "updated", "unchanged", "failed")] == [2, 2, 0, 0, 0]
    assert [second[key] for key in ("found", "new", "updated", "unchanged", "failed")] == [2, 0, 0, 2, 0]
    with closing(writable(data)) as db:
        add_message(db, "ses_b", "msg_c", 1_795_147_700_002)
    third = json.loads(run_cli("sync", "--agent", "opencode", "--json").stdout)
    assert [third[key] for key in ("found", "new", "updated", "unchanged", "failed")] == [2, 0, 1, 1, 0]


def test_a_database_that_cannot_be_read_is_told_of(home: Path) -> None:
    data = OPENCODE.lay_out("run-basic", home)
    (data / "opencode.db").write_bytes(b"nonsense" * 1000)
    [source] = OPENCODE.sources(data)
    with pytest.raises(ClaudeMetricsError, match=r"not a database.*opencode\.db"):
        opencode.read(source, None)


# -- the client's database is not ours -----------------------------------------------------------


def state(folder: Path) -> dict[str, tuple[str, int, int]]:
    """Bytes, times and modes of everything there."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.stat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        found[str(path)] = (content, status.st_mtime_ns, status.st_mode)
    return found


READ = """
import sys
from pathlib import Path
from claude_metrics.agents.opencode import AGENT
root = Path(sys.argv[1])
print(sum(len(AGENT.read(source, None).requests) for source in AGENT.find_sources(root)))
"""


def read_elsewhere(data: Path) -> int:
    """In another process, as it is: locks of one process do not meet each other."""
    done = subprocess.run([sys.executable, "-c", READ, str(data)], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.parametrize(
    "kind", ["nobody has it open", "the client has it open", "wal left behind", "wal and shm left"]
)
def test_reading_alters_no_byte_and_makes_no_file(kind: str, home: Path, tmp_path: Path) -> None:
    data = OPENCODE.lay_out("run-basic", home)
    db = writable(data)
    add_message(db, db.execute("select id from session").fetchone()[0], "msg_new", 1_795_147_900_000)
    if kind == "nobody has it open":
        db.close()
    elif kind != "the client has it open":
        left = tmp_path / "left"
        copy_tree(data, left)
        if kind == "wal left behind":
            (left / "opencode.db-shm").unlink()
        data = left
    before = state(data)
    assert read_elsewhere(data) == 4
    assert state(data) == before
    db.close()


WRITE = """
import json, sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None)
session = db.execute("select id from session").fetchone()[0]
print("ready", flush=True)
sys.stdin.readline()
for number in range(300):
    data = json.dumps({"role": "assistant", "modelID": "m", "tokens": {"input": 1, "output": 1}})
    db.execute("begin immediate")
    row = (f"w{number:04}", session, 1795147900000 + number, 1795147900000 + number, data)
    db.execute("insert into message values (?, ?, ?, ?, ?)", row)
    db.execute("commit")
    if number % 50 == 0:
        db.execute("pragma wal_checkpoint(passive)")
"""


def test_a_client_that_writes_is_never_locked_out(home: Path, recorder: Recorder) -> None:
    """It waits for nobody (timeout 0): any lock of ours would end it."""
    data = OPENCODE.lay_out("run-basic", home)
    writable(data).close()
    command = [sys.executable, "-c", WRITE, str(data / "opencode.db")]
    client = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert client.stdin is not None
    assert client.stdout is not None
    assert client.stderr is not None
    client.stdout.readline()
    client.stdin.write("go\n")
    client.stdin.flush()
    reads = 0
    while client.poll() is None or reads == 0:
        record(recorder, OPENCODE.sources(data))
        reads += 1
    assert (client.returncode, client.stderr.read()) == (0, "")
    for stream in (client.stdin, client.stdout, client.stderr):
        stream.close()
    record(recorder, OPENCODE.sources(data))
    assert recorder.connection.execute("select count(*) from token_usage").fetchone() == (303,)


# -- pieces, order, repetition, damage -----------------------------------------------------------


@pytest.fixture(scope="module")
def forked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with all captures' sessions in it."""
    target = tmp_path_factory.mktemp("all") / "opencode.db"
    for number, name in enumerate(OPENCODE.names):
        path = CAPTURES / "opencode" / name / "home" / OPENCODE.data / "opencode.db"
        if number == 0:
            shutil.copyfile(path, target)
            continue
        with closing(sqlite3.connect(target, isolation_level=None)) as db:
            db.execute("attach ? as other", (str(path),))
            for table in ("project", "session", "message", "part"):
                db.execute(f"insert or ignore into main.{table} select * from other.{table}")
    return target


def events(database: Path) -> Iterator[tuple[str, tuple[object, ...]]]:
    """Every row in the order in which the client last wrote it, projects and sessions first."""
    with closing(sqlite3.connect(database)) as db:
        for table in ("project", "session"):
            yield from ((table, row) for row in db.execute(f"select * from {table} order by time_created"))
        rows = [
            (row[updated], table, row)
            for table, updated in (("message", 3), ("part", 4))
            for row in db.execute(f"select * from {table}")
        ]
    yield from ((table, row) for _, table, row in sorted(rows, key=lambda row: (row[0], row[1])))


def empty_copy(database: Path, folder: Path) -> sqlite3.Connection:
    folder.mkdir()
    shutil.copyfile(database, folder / "opencode.db")
    db = sqlite3.connect(folder / "opencode.db", isolation_level=None)
    for table in ("part", "message", "session", "project"):
        db.execute(f"delete from {table}")
    return db


def whole(database: Path, place: Path) -> dict[str, list[object]]:
    recorder = Recorder(place / "whole.db")
    record(recorder, opencode.find_sources(database.parent))
    return recorder.dump()


@pytest.mark.slow
@BUSY
@given(st.data())
def test_rows_that_come_in_any_pieces_give_the_same(forked: Path, data: st.DataObject) -> None:
    with TemporaryDirectory() as place:
        recorder = Recorder(Path(place) / "pieces.db")
        rows = list(events(forked))
        stops = set(data.draw(st.lists(st.integers(0, len(rows)), max_size=8)))
        with closing(empty_copy(forked, Path(place) / "data")) as db:
            for number, (table, row) in enumerate(rows):
                db.execute(f"insert into {table} values ({', '.join('?' * len(row))})", row)
                if number in stops:
                    recorder.sync("opencode", Path(place) / "data")
        recorder.sync("opencode", Path(place) / "data")
        assert recorder.dump() == whole(forked, Path(place))


@BUSY
@given(st.data())
def test_sessions_read_in_any_order_and_twice_give_the_same(forked: Path, data: st.DataObject) -> None:
    with TemporaryDirectory() as place:
        recorder = Recorder(Path(place) / "order.db")
        sources = list(opencode.find_sources(forked.parent))
        for source in data.draw(st.permutations(sources + sources)):
            recorder.connection.execute("delete from sources")
            recorder.record([source])
        assert recorder.dump() == whole(forked, Path(place))


@BUSY
@given(st.data())
def test_no_number_falls_when_rows_or_the_database_are_deleted(forked: Path, data: st.DataObject) -> None:
    with TemporaryDirectory() as place:
        folder = Path(place) / "data"
        folder.mkdir()
        shutil.copyfile(forked, folder / "opencode.db")
        recorder = Recorder(Path(place) / "monotone.db")
        recorder.sync("opencode", folder)
        before = recorder.totals()
        damage(folder, data)
        recorder.sync("opencode", folder)
        after = recorder.totals()
        for session, figures in before.items():
            assert all(a >= b - 1e-12 for a, b in zip(after[session], figures, strict=True)), session


def damage(folder: Path, data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(["delete", "session", "messages", "parts", "undo"]))
    if kind == "delete":
        (folder / "opencode.db").unlink()
        return
    with closing(sqlite3.connect(folder / "opencode.db", isolation_level=None)) as db:
        third = data.draw(st.integers(0, 2))
        if kind == "undo":
            db.execute("update message set data = '{}', time_updated = time_updated + 1 where rowid % 3 = ?", (third,))
        else:
            db.execute(f"delete from {kind.rstrip('s')} where rowid % 3 = ?", (third,))


# -- older clients: a file per message -----------------------------------------------------------


def as_files(data: Path) -> None:
    """The database as the JSON tree that clients before 1.2 wrote."""
    storage = data / "storage"

    def write(value: dict, *place: str) -> None:
        path = storage.joinpath(*place).with_suffix(".json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(value))

    with closing(sqlite3.connect(data / "opencode.db")) as db:
        db.row_factory = sqlite3.Row
        for s in db.execute("select * from session").fetchall():
            info = {"id": s["id"], "parentID": s["parent_id"], "directory": s["directory"], "title": s["title"]}
            info |= {"version": s["version"], "time": {"created": s["time_created"], "updated": s["time_updated"]}}
            write(info, "session", s["project_id"], s["id"])
        for m in db.execute("select * from message").fetchall():
            write(
                {**json.loads(m["data"]), "id": m["id"], "sessionID": m["session_id"]},
                "message",
                m["session_id"],
                m["id"],
            )
        for p in db.execute("select * from part").fetchall():
            write({**json.loads(p["data"]), "id": p["id"]}, "part", p["message_id"], p["id"])


@pytest.mark.parametrize("both", [False, True], ids=["alone", "beside the database"])
@pytest.mark.parametrize("name", OPENCODE.names)
def test_the_older_store_gives_the_same_rows(
    name: str, both: bool, home: Path, recorder: Recorder, tmp_path: Path
) -> None:
    data = OPENCODE.lay_out(name, home)
    record(recorder, OPENCODE.sources(data))
    as_files(data)
    if not both:
        (data / "opencode.db").unlink()
    other = Recorder(tmp_path / "old.db")
    record(other, OPENCODE.sources(data))
    if not both:  # files do not tell where a fork came from
        recorder.connection.execute("update sessions set parent_session_id = null")
    assert other.dump() == recorder.dump()


# -- values one by one -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tool", "call", "expected"),
    [
        ("bash", {"status": "completed", "metadata": {"exit": 0}}, 1),
        ("bash", {"status": "completed", "metadata": {"exit": 2}}, 0),
        ("bash", {"status": "completed", "metadata": {"exit": None}}, 0),
        ("write", {"status": "completed", "metadata": {}}, 1),
        ("read", {"status": "error", "error": "no such file"}, 0),
        ("bash", {"status": "running"}, None),
    ],
)
def test_success_is_the_commands_own(tool: str, call: dict, expected: int | None) -> None:
    assert succeeded(tool, call) == expected


@pytest.mark.parametrize(
    ("tool", "given_", "meta", "expected"),
    [
        ("write", {"content": "a\nb\n"}, {"exists": False}, (2, 0)),
        ("write", {"content": "a\nb\n"}, {"exists": True}, (None, None)),
        ("edit", {}, {"filediff": {"additions": 3, "deletions": 1}}, (3, 1)),
        ("edit", {}, {"diff": "--- a\n+++ b\n@@ -1 +1,2 @@\n-x\n+y\n+z\n"}, (2, 1)),
        ("apply_patch", {}, {"files": [{"additions": 1, "deletions": 2}, {"additions": 4}]}, (5, 2)),
    ],
)
def test_lines_are_those_the_client_tells(tool: str, given_: dict, meta: dict, expected: tuple) -> None:
    assert changed_lines(tool, given_, meta) == expected


def test_refused_unfinished_and_synthetic(home: Path, recorder: Recorder) -> None:
    data = OPENCODE.lay_out("run-basic", home)
    with closing(writable(data)) as db:
        at = 1_795_147_900_000
        add_session(db, "ses_x", at)
        add_message(db, "ses_x", "msg_u", at + 1, role="user")
        add_message(db, "ses_x", "msg_a", at + 2, cost=0)
        add_message(db, "ses_x", "msg_b", at + 3, tokens={"input": 0, "output": 0}, cost=0)
        error = "The user rejected permission to use this specific tool call."
        parts = [
            ("msg_u", {"type": "text", "text": "Called the Read tool", "synthetic": True}),
            ("msg_u", {"type": "text", "text": "Look at this"}),
            ("msg_a", {"type": "tool", "tool": "bash", "state": {"status": "error", "error": error, "input": {}}}),
            ("msg_b", {"type": "tool", "tool": "bash", "state": {"status": "running", "input": {"command": "x"}}}),
            ("msg_b", {"type": "hologram"}),
        ]
        for number, (message, part) in enumerate(parts):
            row = (f"prt_{number}", message, "ses_x", at, at, json.dumps(part))
            db.execute("insert into part values (?, ?, ?, ?, ?, ?)", row)
    record(recorder, [s for s in OPENCODE.sources(data) if s.session_id == "ses_x"])
    assert stored_prompts(recorder) == ["Look at this"]
    calls = recorder.connection.execute("select success, denied, duration_ms from tool_calls order by 1").fetchall()
    assert calls == [(None, None, None), (0, 1, None)]
    assert recorder.connection.execute("select reported_cost_usd from token_usage").fetchall() == [(None,)]
    assert recorder.connection.execute("select unknown from sources").fetchone() == ('{"part hologram": 1}',)
