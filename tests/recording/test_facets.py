"""Facets that the agent left beside its transcripts: stored with the session, whatever their shape."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.captured import Capture
from tests.support.stored import rows, run

pytestmark = pytest.mark.slow

SESSION = "d191e17e-d735-5d5d-a7c5-540774fcacb4"
SHAPE = {
    "session_id": SESSION,
    "underlying_goal": "Greet people",
    "outcome": "fully_achieved",
    "friction_counts": {"wrong_approach": 1},
    "friction_detail": "pytest was missing",
    "goal_categories": {"feature": 1},
}


@pytest.fixture
def recorded(capture: Callable[[str], Capture]) -> Capture:
    found = capture("print-basic")
    facets(found).mkdir(parents=True)
    return found


def facets(capture: Capture) -> Path:
    return capture.claude_dir / "usage-data" / "facets"


def sync(capture: Capture) -> Path:
    path = capture.home / "metrics.db"
    done = run("sync", "--agent", "claude", "--db-path", path)
    assert done.returncode == 0, done.stderr
    return path


def stored(path: Path) -> list[tuple[object, ...]]:
    return [tuple(row) for row in rows(path, "select session_id, goal, outcome, friction, raw from facets")]


def test_goal_outcome_and_friction_are_stored_with_the_file_as_it_is(recorded: Capture) -> None:
    raw = json.dumps(SHAPE)
    (facets(recorded) / f"{SESSION}.json").write_text(raw)
    assert stored(sync(recorded)) == [(SESSION, "Greet people", "fully_achieved", "pytest was missing", raw)]


def test_a_newer_file_replaces_what_was_stored_although_the_transcript_did_not_grow(recorded: Capture) -> None:
    sync(recorded)
    (facets(recorded) / f"{SESSION}.json").write_text(json.dumps(SHAPE))
    sync(recorded)
    (facets(recorded) / f"{SESSION}.json").write_text(json.dumps(SHAPE | {"outcome": "not_achieved"}))
    assert stored(sync(recorded))[0][2] == "not_achieved"


@pytest.mark.parametrize("raw", ["[1, 2]", "not json", '{"goal": {"en": "x"}, "new": true}', ""])
def test_an_unknown_shape_is_kept_raw(recorded: Capture, raw: str) -> None:
    (facets(recorded) / f"{SESSION}.json").write_text(raw)
    assert stored(sync(recorded))[0][4] == raw


def test_half_written_files_links_and_other_sessions_are_passed_over(recorded: Capture, tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text("{}")
    (facets(recorded) / f"{SESSION}.json").symlink_to(secret)
    (facets(recorded) / f"{SESSION}.json.tmp.123").write_text(json.dumps(SHAPE))
    (facets(recorded) / "another-session.json").write_text(json.dumps(SHAPE))
    assert stored(sync(recorded)) == []


def test_secrets_leave_and_with_content_none_nothing_is_stored(recorded: Capture) -> None:
    token = "ghp_" + "Zx81Kq7LmN" * 3 + "Wv45Tb"
    (facets(recorded) / f"{SESSION}.json").write_text(json.dumps(SHAPE | {"underlying_goal": f"use {token}"}))
    assert token not in repr(stored(sync(recorded)))
    config = Path(os.environ["CLAUDE_METRICS_HOME"]) / "config" / "config.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text('content = "none"\n')
    (recorded.home / "metrics.db").unlink()
    assert stored(sync(recorded)) == []


def test_the_worker_picks_up_the_facets_of_its_session_and_writes_current_md(recorded: Capture, tmp_path: Path) -> None:
    project = tmp_path / "app"
    project.mkdir()
    for path in recorded.transcripts:
        path.write_text(path.read_text().replace("/home/dev/app", str(project)))
    (facets(recorded) / f"{SESSION}.json").write_text(json.dumps(SHAPE))
    config = Path(os.environ["CLAUDE_METRICS_HOME"]) / "config" / "config.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text("current_md = true\n")
    payload = tmp_path / "payload.json"
    payload.write_text(json.dumps({**recorded.payloads("SessionEnd")[0], "cwd": str(project)}))
    database = tmp_path / "metrics.db"
    worker = [sys.executable, "-m", "claude_metrics.worker", "--background", str(payload), "--db-path", str(database)]
    done = subprocess.run(worker, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert stored(database)[0][1] == "Greet people"
    assert "add a greeting module" in (project / ".claude" / "CURRENT.md").read_text()
