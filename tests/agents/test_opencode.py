"""OpenCode: what its captures hold is what its API served."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from claude_metrics.agents.opencode import sources as opencode
from claude_metrics.agents.opencode.reader import changed_lines, succeeded
from claude_metrics.errors import ClaudeMetricsError
from tests.agents.opencode_database import add_message, writable
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
from tests.support.recorder import Recorder


def add_session(db: sqlite3.Connection, session: str, created: int, parent: str | None = None) -> None:
    project = db.execute("select id from project").fetchone()[0]
    db.execute(
        """insert into session (id, project_id, parent_id, slug, directory, title, version, time_created, time_updated)
        values (?, ?, ?, '', '/p', 'T', '1', ?, ?)""",
        (session, project, parent, created, created),
    )


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
