"""A session told again: in a pager, as Markdown, as JSON."""

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.pages import HOSTILE, SCRIPT, hostile_page
from tests.support.scripted import SESSION, working_day
from tests.support.stored import run

pytestmark = pytest.mark.slow

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def day(tmp_path: Path) -> Path:
    working_day().write(tmp_path / "data")
    path = tmp_path / "metrics.db"
    assert run("sync", "--path", tmp_path / "data", "--db-path", path).returncode == 0
    return path


def told(path: Path, *arguments: object) -> str:
    done = run("session", *arguments, "--db-path", path)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_replay_tells_prompt_calls_checks_answer_and_outcome_in_order(day: Path) -> None:
    text = told(day, "replay", SESSION[:8], "--tz", "UTC")
    marks = (
        "> Add a counter to the app",
        "✓ Read",
        "✗ Bash  uv run pytest -q",
        "✓ Edit",
        "✓ Agent Explore",
        "⊘ Bash  rm -rf build",
        "decision: Which store?, answered, SQLite",
        "verification: tests: pytest, failed, 1 failed, 2 passed",
        "< The counter counts.",
        "Decisions",
        "Plan: 2 of 3 done",
    )
    places = [text.index(mark) for mark in marks]
    assert places == sorted(places)
    assert "\x1b" not in text


def test_replay_goes_through_the_pager_in_colour_on_a_terminal(day: Path) -> None:
    shown = on_terminal(day, {"PAGER": "cat", "TERM": "xterm"})
    assert "Add a counter to the app" in shown and ESCAPE.search(shown)


def test_no_color_is_honoured(day: Path) -> None:
    shown = on_terminal(day, {"PAGER": "cat", "TERM": "xterm", "NO_COLOR": "1"})
    assert "Add a counter to the app" in shown and not ESCAPE.search(shown)


def on_terminal(path: Path, settings: dict[str, str]) -> str:
    """What `session replay` writes when its streams are a terminal."""
    above, below = pty.openpty()
    command = [sys.executable, "-m", "claude_metrics", "session", "replay", SESSION, "--db-path", str(path)]
    process = subprocess.Popen(command, stdin=below, stdout=below, stderr=below, env=os.environ | settings)
    os.close(below)
    shown = b""
    while True:
        try:
            some = os.read(above, 65536)
        except OSError:  # Linux says EIO when the other side is closed
            break
        if not some:
            break
        shown += some
    process.wait(60)
    os.close(above)
    return shown.decode("utf-8", "replace")


def test_markdown_has_the_turns_and_what_it_came_to(day: Path) -> None:
    text = told(day, "export", SESSION, "--tz", "UTC")
    assert text.startswith("# Add a counter to the app\n")
    assert "\n## Turn 1  " in text and "> Add a counter to the app" in text
    assert "- ` ✓ Agent Explore  look" in text
    assert "### Checks\n\n- tests: pytest passed (3 passed)\n" in text


def test_json_has_everything_the_other_forms_have(day: Path) -> None:
    story = json.loads(told(day, "export", SESSION, "--format", "json"))
    assert story["summary"]["files_created"] == ["counter.py"]
    assert len(story["turns"]) == 1 and len(story["turns"][0]["calls"]) == len(story["view"]["tool_calls"])
    assert {row["kind"] for row in story["observations"]} >= {"discovery", "decision", "verification", "plan_item"}
    turns = json.loads(told(day, "replay", SESSION, "--json"))
    assert turns == story["turns"]


def test_an_export_can_be_a_file_and_says_so(day: Path, tmp_path: Path) -> None:
    done = run("session", "export", SESSION, "-o", tmp_path / "day.md", "--db-path", day)
    assert done.returncode == 0 and done.stdout == "" and "day.md" in done.stderr
    assert (tmp_path / "day.md").read_text().startswith("# Add a counter")


def test_a_file_that_cannot_be_written_is_named(day: Path, tmp_path: Path) -> None:
    done = run("session", "export", SESSION, "-o", tmp_path / "no" / "day.md", "--db-path", day)
    assert done.returncode == 1 and "day.md" in done.stderr and "Traceback" not in done.stderr


def test_session_show_ends_with_what_it_came_to(day: Path) -> None:
    text = told(day, "show", SESSION)
    assert "Decisions\n  Which store? → SQLite" in text and "Plan: 2 of 3 done" in text


def test_a_hostile_session_stays_text_in_every_form(tmp_path: Path) -> None:
    hostile_page(tmp_path)
    path = tmp_path / "m.db"
    for arguments in (("replay", SESSION), ("export", SESSION), ("show", SESSION, "--all")):
        text = told(path, *arguments)
        assert "\x1b" not in text and "\u202e" not in text and "\x07" not in text
    markdown = told(path, "export", SESSION)
    outside_code = re.sub(r"(`+) .*? \1", "", markdown)
    assert not re.search(r"(?<!\\)<(?:script|img|svg|a )", outside_code)
    assert json.loads(told(path, "export", SESSION, "--format", "json"))
    assert SCRIPT in HOSTILE
