"""What a session did, as observed: every rule once, however the transcript reaches us, and no text with `none`."""

import json
import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claude_metrics.activity import observe
from claude_metrics.agents import RECORDED
from claude_metrics.config import Config
from claude_metrics.git.attribution import Commit, CommitReport
from claude_metrics.recording import ingest
from claude_metrics.store.connection import connect
from tests.support.recorder import Recorder
from tests.support.scripted import FOLDER, SESSION, Transcript, working_day

Seen = dict[str, list[tuple[Any, ...]]]


def record(data: Path, content: str = "redacted", commits: list[Commit] | None = None) -> sqlite3.Connection:
    connection = connect(data / "metrics.db")
    connection.row_factory = sqlite3.Row
    batches = [ingest.read(source, None, content) for source in RECORDED["claude"].find_sources(data)]
    ingest.store(connection, batches, Config(content=content), "sync", commits=CommitReport(commits or [], {}, []))
    return connection


def seen(connection: sqlite3.Connection, columns: str = "title, outcome, detail") -> Seen:
    found: Seen = {}
    for row in connection.execute(f"select kind, {columns} from v_observations order by timestamp, tool_call_id"):
        found.setdefault(row[0], []).append(tuple(row)[1:])
    return found


@pytest.fixture
def day(tmp_path: Path) -> sqlite3.Connection:
    working_day().write(tmp_path)
    return record(tmp_path)


def test_what_was_read_and_searched_is_a_discovery(day: sqlite3.Connection) -> None:
    titles = [row[0] for row in seen(day)["discovery"]]
    assert titles == ["Read app.py", "Searched counter", "git log --oneline | head -3"]


def test_an_answered_question_and_a_plan_approved_or_turned_down_are_decisions(day: sqlite3.Connection) -> None:
    assert seen(day)["decision"] == [
        ("Which store?", "answered", "SQLite"),
        ("Count things", "approved", "# Count things\n1. write it"),
        ("Plan", "rejected", None),
    ]


def test_a_files_edits_are_one_file_change_with_what_became_of_it(day: sqlite3.Connection) -> None:
    assert seen(day)["file_change"] == [("Created counter.py", "created", "+4 -1")]


def test_checks_are_verifications_with_their_counts(day: sqlite3.Connection) -> None:
    assert seen(day)["verification"] == [
        ("tests: pytest", "failed", "1 failed, 2 passed"),
        ("tests: pytest", "passed", "3 passed"),
        ("lint, types: ruff, mypy", "passed", None),
    ]


def test_a_failure_is_recovered_when_the_same_passed_later_and_a_denial_is_none(day: sqlite3.Connection) -> None:
    assert seen(day)["failed_attempt"] == [("uv run pytest -q", "recovered", "passed later: uv run pytest -q")]


def test_a_failed_attempt_of_a_file_tool_names_tool_and_file_and_what_passed_there_later(tmp_path: Path) -> None:
    trying = Transcript()
    trying.prompt("go")
    for path, failed in (("a.py", True), ("b.py", True), ("a.py", False)):
        trying.tool("Edit", {"file_path": f"{FOLDER}/{path}"}, "", failed=failed)
    trying.write(tmp_path)
    assert seen(record(tmp_path), "title, outcome")["failed_attempt"] == [
        ("Edit a.py", "recovered"),
        ("Edit b.py", "failed"),
    ]


def test_to_do_lists_and_tasks_are_plan_items_with_their_progress(day: sqlite3.Connection) -> None:
    assert seen(day, "title, outcome, detail, item")["plan_item"] == [
        ("0 of 2 done", "list", "[>] Write counter\n[ ] Test it", None),
        ("1 of 2 done", "list", "[x] Write counter\n[>] Test it", None),
        ("Document it", "pending", None, "1"),
        (None, "completed", None, "1"),
    ]


def test_tool_calls_say_what_they_are_for_and_about_whom(day: sqlite3.Connection) -> None:
    rows = day.execute("select tool_name, category, subagent, skill, mcp_server from v_tool_calls order by timestamp")
    told = {row[0]: tuple(row)[1:] for row in rows}
    assert told["Agent"] == ("agent", "Explore", None, None)
    assert told["Skill"] == ("skill", None, "commit", None)
    assert told["mcp__github__create_issue"] == ("mcp", None, None, "github")
    assert told["Edit"][0] == "edit" and told["Read"][0] == "read" and told["Bash"][0] == "shell"


def test_the_summary_is_made_of_them(day: sqlite3.Connection) -> None:
    row = dict(day.execute("select * from session_summaries").fetchone())
    lists = {name: json.loads(value) for name, value in row.items() if value and value.startswith("[")}
    assert row["request"] == "Add a counter to the app"
    assert lists["decisions"] == ["Which store? → SQLite", "Count things (approved)", "Plan (rejected)"]
    assert lists["completed"] == ["Write counter", "Document it"]
    assert lists["failed_attempts"] == ["uv run pytest -q (recovered)"]
    assert lists["next_steps"] == ["Test it"]
    assert lists["files_created"] == ["counter.py"] and lists["files_modified"] == []
    assert lists["verification_results"] == ["tests: pytest passed (3 passed)", "lint, types: ruff, mypy passed"]
    assert row["plan_progress"] == "2 of 3 done"


def test_the_summary_grows_with_the_session(tmp_path: Path) -> None:
    growing = working_day()
    growing.write(tmp_path)
    recorder = Recorder(tmp_path / "metrics.db")
    recorder.sync("claude", tmp_path)
    growing.prompt("And one more")
    growing.tool("TodoWrite", {"todos": []}, "ok", {"newTodos": [{"content": "Test it", "status": "completed"}]})
    growing.write(tmp_path)
    recorder.sync("claude", tmp_path)
    row = recorder.connection.execute("select plan_progress, next_steps from session_summaries").fetchone()
    assert row[0] == "2 of 2 done" and "Test it" not in json.loads(row[1])


# -- commits ------------------------------------------------------------------------


def commit(sha: str, message: str, reachable: bool = True, attribution: str = "proven") -> Commit:
    fields = dict.fromkeys(Commit.__dataclass_fields__)
    fields |= {
        "repository": FOLDER, "sha": sha, "session_id": SESSION, "message": message, "evidence": 3,
        "committed_at": "2026-11-20T04:00:10.000Z", "attribution": attribution, "reachable": reachable,
    }  # fmt: skip
    return Commit(**fields)


@pytest.mark.parametrize(
    ("subject", "kind"),
    [
        ("feat: count", "feature"),
        ("fix(api)!: the sum", "bugfix"),
        ("refactor: split", "refactor"),
        ("perf: faster", "refactor"),
        ("docs: say how", "decision"),
        ("chore(deps): bump", "decision"),
        ("Add a counter", "feature"),
        ("Fix the sum", "bugfix"),
        ("Rename things", "refactor"),
        ("Revert the counter", "decision"),
        ("note: with a colon", "feature"),
        ("", "feature"),
    ],
)
def test_a_commit_is_what_its_type_or_its_first_verb_says(subject: str, kind: str) -> None:
    assert observe.kind_of_commit(subject) == kind


def test_only_commits_that_are_the_sessions_own_and_still_there_count(tmp_path: Path) -> None:
    working_day().write(tmp_path)
    made = [
        commit("a" * 40, "feat: count\n\nbody"),
        commit("b" * 40, "fix: gone", reachable=False),
        commit("c" * 40, "feat: somebody's", attribution="inferred"),
    ]
    connection = record(tmp_path, commits=made)
    assert seen(connection)["feature"] == [("feat: count", "committed", None)]
    assert "bugfix" not in seen(connection)


def test_a_commit_that_was_amended_away_is_observed_no_longer(tmp_path: Path) -> None:
    working_day().write(tmp_path)
    connection = record(tmp_path, commits=[commit("a" * 40, "feat: count")])
    again = CommitReport([commit("a" * 40, "feat: count", reachable=False), commit("d" * 40, "feat: two")], {}, [])
    ingest.store(connection, [], Config(), "sync", commits=again)
    assert seen(connection)["feature"] == [("feat: two", "committed", None)]


# -- forks, pieces, privacy ------------------------------------------------------------


def test_what_a_fork_copied_stays_its_parents(tmp_path: Path) -> None:
    parent = working_day()
    parent.write(tmp_path)
    fork = Transcript("f0f0f0f0-0000-4000-8000-000000000002", begin=parent.seconds)
    fork.lines = [
        {**line, "sessionId": fork.session, **({"requestSessionId": SESSION} if line["type"] == "assistant" else {})}
        for line in parent.lines
    ]
    fork.prompt("Go another way")
    fork.tool("Read", {"file_path": f"{FOLDER}/other.py"}, "1\tpass")
    fork.write(tmp_path)
    connection = record(tmp_path)
    owners = dict(connection.execute("select session_id, count(*) from observations group by 1").fetchall())
    assert owners[fork.session] == 1
    assert owners[SESSION] == sum(len(rows) for rows in seen(connection).values()) - 1


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(0, 20_000), max_size=6), st.booleans())
@pytest.mark.slow
def test_twice_or_in_pieces_gives_the_same_observations_and_summary(cuts: list[int], twice: bool) -> None:
    whole = working_day().text().encode()
    with TemporaryDirectory() as folder:
        path = working_day().write(Path(folder))
        expected = tables(Path(folder), "whole")
        recorder = Recorder(Path(folder, "pieces.db"))
        path.write_bytes(b"")
        for cut in [*sorted(min(cut, len(whole)) for cut in cuts), len(whole)]:
            with path.open("r+b") as file:
                file.write(whole[:cut])
            recorder.sync("claude", Path(folder))
        if twice:
            recorder.connection.execute("delete from sources")
            recorder.sync("claude", Path(folder))
        assert content(recorder.connection) == expected


def tables(data: Path, name: str) -> list[Any]:
    recorder = Recorder(data / f"{name}.db")
    recorder.sync("claude", data)
    return content(recorder.connection)


def content(connection: sqlite3.Connection) -> list[Any]:
    summaries = "select session_id, request, investigated, decisions, completed, failed_attempts, next_steps,"
    summaries += " files_created, files_modified, verification_results, plan_progress from session_summaries"
    return [
        [tuple(row) for row in connection.execute(sql)]
        for sql in ("select * from observations order by observation_id", summaries)
    ]


def test_with_content_none_no_word_of_the_conversation_is_kept(tmp_path: Path) -> None:
    working_day().write(tmp_path)
    connection = record(tmp_path, content="none")
    dump = "\n".join(statement for statement in connection.iterdump() if statement.startswith("INSERT"))
    for words in (
        "Add a counter",
        "SQLite",
        "Which store",
        "Count things",
        "Write counter",
        "Document it",
        "look around",
    ):
        assert words not in dump, words
    kinds = seen(connection, "title, outcome")
    assert kinds["verification"][1] == ("tests: pytest", "passed")
    assert kinds["file_change"] == [("Created counter.py", "created")]
    assert kinds["plan_item"][1] == ("1 of 2 done", "list")
    assert kinds["decision"] == [(None, "answered"), (None, "approved"), (None, "rejected")]


def test_secrets_leave_what_is_observed(tmp_path: Path) -> None:
    token = "ghp_" + "x" * 30
    secret = Transcript()
    secret.prompt("go")
    secret.tool("AskUserQuestion", {}, "", {"answers": {f"Use {token}?": f"yes, {token}"}})
    secret.bash(f"curl -H 'Authorization: Bearer {token}' x", "failed", failed=True)
    secret.write(tmp_path)
    connection = record(tmp_path)
    assert token not in "\n".join(connection.iterdump())
    assert len(seen(connection)["decision"]) == 1


@pytest.mark.parametrize("content", ["redacted", "none"])
def test_what_a_cursor_remembers_of_running_commands_obeys_the_policy(tmp_path: Path, content: str) -> None:
    token = "ghp_" + "y" * 30
    running = Transcript()
    running.prompt("go")
    running.bash(f"git commit -m 'Hush {token}'")
    running.lines.pop()
    running.write(tmp_path)
    dump = "\n".join(record(tmp_path, content).iterdump())
    assert token not in dump
    assert ("Hush" in dump) == (content == "redacted")


def test_a_summary_from_another_database_outlives_a_session_that_shows_nothing_here(tmp_path: Path) -> None:
    silent = Transcript()
    silent.prompt("hello")
    silent.answer("hi")
    silent.write(tmp_path)
    connection = record(tmp_path)
    connection.execute("update session_summaries set completed = '[\"a thing\"]'")
    silent.prompt("and again")
    silent.write(tmp_path)
    Recorder(tmp_path / "metrics.db").sync("claude", tmp_path)
    row = connection.execute("select request, completed from session_summaries").fetchone()
    assert tuple(row) == ("hello", '["a thing"]')
