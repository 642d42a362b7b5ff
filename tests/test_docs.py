"""The README says what is so: its generated parts are checked, its queries run, its commands and keys exist."""

import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from claude_metrics import cli, config
from scripts import readme
from tests.support import captured, stored
from tests.support.captured import Capture

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text()
QUERIES = re.findall(r'^sqlite3 -box "\$\(claude-metrics db path\)" "\n(.+?)"\n```', TEXT, re.MULTILINE | re.DOTALL)
CAPTURES = ("print-basic", "subagent", "tui-exit")


def cog(file: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cogapp", "-P", "-I", "scripts", "--check", file]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize(
    ("was", "is_now"),
    [("| `v_sessions` |", "| `v_session` |"), ("Usage: claude-metrics sync", "Usage: sync"), ("| `copies` |", "|")],
)
def test_a_generated_part_that_has_drifted_is_noticed(tmp_path: Path, was: str, is_now: str) -> None:
    assert was in TEXT
    drifted = tmp_path / "README.md"
    drifted.write_text(TEXT.replace(was, is_now))
    assert cog(drifted).returncode != 0


def test_lint_checks_the_readme() -> None:
    lint = (ROOT / "Makefile").read_text().partition("\nlint:")[2].partition("\n\n")[0]
    assert "cog -P -I scripts --check" in lint and "README.md" in lint


def test_every_command_is_in_the_readme() -> None:
    names = [name for name, _ in readme.commands()]
    assert len(names) > 20
    assert not [name for name in names if f"| `{name}` |" not in TEXT or f"### `{name}`" not in TEXT]


def test_every_command_has_an_example() -> None:
    assert not [name for name, command in readme.commands() if "Example: " not in (command.help or "")]


def test_every_command_of_the_readme_exists() -> None:
    """Lines that begin with our name, in fences, are commands that parse."""
    lines = re.findall(r"^claude-metrics (.+)$", TEXT, re.MULTILINE)
    known = {name for name, _ in readme.commands()} | set(cli.COMMANDS)
    for line in lines:
        words = [word for word in line.split() if not word.startswith("-")]
        assert words[0] in cli.COMMANDS and (" ".join(words[:2]) in known or words[0] in known), line


def test_every_key_of_the_config_is_explained() -> None:
    section = TEXT.partition("## Configuration")[2].partition("\n## ")[0]
    assert not [key for key in config.KEYS if f"`{key}`" not in section and f"`[{key}" not in section]


def test_every_view_and_table_is_listed() -> None:
    connection = readme._opened()
    names = [*readme._names(connection, "view"), *readme._names(connection, "table")]
    assert len(names) > 30
    assert not [name for name in names if f"| `{name}` |" not in TEXT]


# Queries


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("docs")
    for name in CAPTURES:
        Capture(captured.CAPTURES / "claude-code" / name, home).lay_out()
    env = {"HOME": str(home), "CLAUDE_METRICS_HOME": str(home / "ours")}
    assert stored.run("sync", "--path", home / ".claude", "--db-path", home / "m.db", **env).returncode == 0
    return home / "m.db"


def test_there_are_three_queries() -> None:
    assert len(QUERIES) == 3


@pytest.mark.parametrize("query", QUERIES, ids=["days", "commits", "tools"])
def test_the_queries_of_the_readme_run(query: str, database: Path) -> None:
    with sqlite3.connect(database) as connection:
        connection.execute(
            """insert or replace into commits
                (repository, sha, session_id, message, committed_at, attribution, reachable)
            select '/r', 'abcdef1234567', session_id, 'A message', start_time, 'proven', 1 from sessions limit 1"""
        )
    rows = stored.rows(database, query)
    assert rows
    if "v_days" in query:
        total = stored.rows(database, "select sum(total_cost_usd) as usd from sessions")[0]["usd"]
        assert sum(row["usd"] for row in rows) == pytest.approx(total, abs=0.005)
    elif "v_tool_calls" in query:
        assert (
            sum(row["calls"] for row in rows) == stored.rows(database, "select count(*) as n from tool_calls")[0]["n"]
        )
    else:
        assert [(row["sha"], row["message"]) for row in rows] == [("abcdef123", "A message")]


@pytest.mark.skipif(not shutil.which("sqlite3"), reason="the sqlite3 shell is not installed")
@pytest.mark.parametrize("query", QUERIES, ids=["days", "commits", "tools"])
def test_the_queries_run_in_the_shell_as_they_stand(query: str, database: Path) -> None:
    done = subprocess.run(["sqlite3", "-box", database, query], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr


# What the README prints of the demo


def test_the_demos_output_in_the_readme_is_the_demos() -> None:
    assert readme.demo_output() in TEXT


@pytest.mark.parametrize(
    "folder", ["/tmp/claude-metrics-demo-abcd1234", "/a/much/longer/folder/claude-metrics-demo-abcd1234"]
)
def test_another_temporary_folder_makes_no_other_readme(folder: str) -> None:
    line = f"x  {folder}/home/greet.py    ok  64ms"
    found = re.sub(r"(\S*claude-metrics-demo-\w+)(\S*)(  +)?", readme._evened, line)
    assert (
        found.startswith(f"x  {readme.SCRATCH}/home/greet.py ")
        and len(found) == len(line)
        and found.endswith("ok  64ms")
    )
