"""Recorded sessions whose repository is made again as it was: the commits counted are those the oracle names."""

import os
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from claude_metrics.recording import sync
from tests.support.captured import RECORDED_HOME, Capture
from tests.support.git_sandbox import program

SCRIPT = "echo r >> r.txt; git add -A; git commit -q -m 'Scripted release'; git tag v1"
ALIAS = "git -c alias.ci=commit ci -q --allow-empty -m 'By alias'"
SIDE = (
    "git checkout -q -b side HEAD~1 && echo s > s.txt && git add s.txt && git commit -q -m 'On the side'"
    " && git checkout -q main && git cherry-pick side >/dev/null && git revert --no-edit HEAD >/dev/null"
)


def play(directory: Path, command: str, date: str) -> None:
    """Run a command of the session at the second at which the recorded repository had its commit."""
    seconds = int(datetime.fromisoformat(date).timestamp())
    dated = {"GIT_COMMITTER_DATE": f"{seconds} +0000", "GIT_AUTHOR_DATE": f"{seconds} +0000", "GIT_EDITOR": "true"}
    subprocess.run(["bash", "-c", command], cwd=directory, env=os.environ | dated, check=True, timeout=60)


def project(home: Path) -> Path:
    app = home / "app"
    app.mkdir()
    play(app, "git init -q -b main; echo a > README.md; git add .; git commit -q -m Begin", "2026-11-25T06:00:00+00:00")
    return app


def at_home(capture: Capture) -> Path:
    """The transcripts with the recorded home's paths moved to the test's."""
    for path in capture.transcripts:
        path.write_text(path.read_text().replace(RECORDED_HOME, str(capture.home)))
    return capture.claude_dir


def recorded(capture: Capture, path: Path, sql: str) -> list[tuple[Any, ...]]:
    found, known = sync.look(path, ["claude"], at_home(capture))
    assert sync.run(path, found, known).failed == 0
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "metrics.db"


def test_every_commit_of_a_session_is_proven_by_whatever_route_it_was_made(
    capture: Callable[[str], Capture], home: Path, database: Path
) -> None:
    laid = capture("claude-code/commit-routes")
    date = {one["subject"]: one["date"] for one in laid.oracle["commits"]}
    app = project(home)
    program(app / "release.sh", SCRIPT)
    play(app, "sh release.sh", date["Scripted release"])
    play(app, "echo x >> mcp.txt && git add -A && git commit -q -m 'By the server'", date["By the server"])
    play(app, "echo b > b.txt; git add b.txt; git commit -q -m 'Late in background'", date["Late in background"])
    play(app, ALIAS, date["By alias"])
    play(app, SIDE, date["On the side"])
    play(app, "echo st > README.md && git stash -q && git stash pop -q", date["On the side"])
    sql = "select session_id, message, attribution, reachable from v_commits"
    found = recorded(laid, database, sql)
    assert sorted((row[0], row[1].splitlines()[0], *row[2:]) for row in found) == sorted(
        (one["session"], one["subject"], "proven", int(one["reachable"])) for one in laid.oracle["commits"]
    )
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("select commits from v_sessions").fetchall() == [(7,)]


TREES = "select project, project_path, worktree, branch, commits from v_sessions order by worktree"


@pytest.mark.parametrize("removed", [False, True], ids=["kept", "removed later"])
def test_a_session_in_a_worktree_belongs_to_the_main_checkouts_project(
    capture: Callable[[str], Capture], home: Path, database: Path, removed: bool
) -> None:
    laid = capture("claude-code/worktree-flag")
    date = {one["subject"]: one["date"] for one in laid.oracle["commits"]}
    app = project(home)
    begun = "2026-11-25T06:01:00+00:00"
    play(app, "git worktree add -q -b worktree-topic-9 .claude/worktrees/topic-9", begun)
    play(app, "git worktree add -q -b manual ../trees/manual", begun)
    commit = "echo Tree >> a.txt && git add -A && git commit -q -m '{}'"
    play(app / ".claude/worktrees/topic-9", commit.format("Tree commit"), date["Tree commit"])
    play(home / "trees/manual", commit.format("Manual tree commit"), date["Manual tree commit"])
    if removed:
        play(app, "git worktree remove --force .claude/worktrees/topic-9", "2026-11-25T07:00:00+00:00")
    assert recorded(laid, database, TREES) == [
        ("app", str(app), "manual", "manual", 1),
        ("app", str(app), "topic-9", "worktree-topic-9", 1),
    ]
    with closing(sqlite3.connect(database)) as connection:
        assert {row[0] for row in connection.execute("select repository from v_commits")} == {str(app)}


def test_the_client_names_the_worktree_and_the_checkout_where_there_is_no_repository(
    capture: Callable[[str], Capture], home: Path, database: Path
) -> None:
    found = recorded(capture("claude-code/worktree-flag"), database, TREES)
    assert found[1] == ("app", str(home / "app"), "topic-9", "worktree-topic-9", 0)
