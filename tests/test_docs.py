"""The pages say what is so: generated parts are current, queries run, commands and keys exist, links lead somewhere."""

import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from claude_metrics import cli, config
from claude_metrics.installer.service import VARIABLES
from scripts import commands, configuration, demo, schema
from tests.support import captured, stored
from tests.support.captured import Capture
from tests.support.tools import PACKAGES, needs

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
PAGES = sorted((ROOT / "docs").glob("*.md"))
LINKING = [*(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "benchmarks/README.md")), *PAGES]
QUERIES = re.findall(r'^sqlite3 -box "\$\(claude-metrics db path\)" "\n(.+?)"\n```', README, re.MULTILINE | re.DOTALL)
CAPTURES = ("print-basic", "subagent", "tui-exit")


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text()


def of_files(paths: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", paths, ids=lambda path: path.relative_to(ROOT).as_posix())


# The README


def test_the_readme_has_at_most_12_kilobytes() -> None:
    assert len(README.encode()) <= 12_000


def test_the_readme_names_every_agent_before_its_first_section() -> None:
    introduction = README.partition("\n## ")[0]
    assert all(name in introduction for name in ("Claude Code", "Gemini CLI", "Codex CLI", "OpenCode"))
    assert "<picture>" in introduction


@of_files(PAGES)
def test_the_readme_links_every_page(path: Path) -> None:
    assert f"](docs/{path.name})" in README


@of_files(PAGES)
def test_a_page_begins_with_one_sentence_that_says_what_it_is_for(path: Path) -> None:
    title, first, *_ = path.read_text().split("\n\n")
    assert title.startswith("# ") and "\n" not in title
    assert first.startswith("This page ") and re.findall(r"[.!?](?=\s|$)", first) == ["."]


def test_the_packages_of_ci_are_those_of_the_readme_and_of_the_tests() -> None:
    listed = re.search(r"declare -A PACKAGES=\(([^)]+)\)", (ROOT / ".ci" / "run").read_text())
    assert listed
    packages = {pair.partition("]=")[2] for pair in listed[1].split()} | {"python3-venv"}
    named = {word for line in re.findall(r"apt install ([\w\- ]+)", README) for word in line.split()}
    assert named == packages == {"git", "make", "python3-venv", *PACKAGES.values()}


# Links


def anchors(text: str) -> set[str]:
    """The anchors that GitHub makes of the headings."""
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def broken_links(path: Path) -> list[str]:
    targets = re.findall(r'\]\(([^)\s]+)\)|(?:src|srcset)="([^"]+)"', path.read_text())
    return [target for pair in targets if not leads_somewhere(path, target := "".join(pair))]


def leads_somewhere(path: Path, target: str) -> bool:
    if target.startswith(("https://", "http://")):
        return True
    name, _, anchor = target.partition("#")
    file = path.parent / name if name else path
    return file.exists() and (not anchor or anchor in anchors(file.read_text()))


@of_files(LINKING)
def test_every_link_leads_to_a_file_and_a_heading(path: Path) -> None:
    assert broken_links(path) == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text('# One thing\n[a](#one-thing) [b](#other) [c](none.md) <img src="none.png">')
    assert broken_links(path) == ["#other", "none.md", "none.png"]


# Generated parts


def cog(file: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cogapp", "-P", "--check", file]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize(
    ("name", "current", "changed"),
    [
        ("schema.md", "| `v_sessions` |", "| `v_session` |"),
        ("schema.md", "| `copies` |", "|"),
        ("commands.md", "Usage: claude-metrics sync", "Usage: sync"),
        ("configuration.md", "| `timezone` |", "| `time_zone` |"),
    ],
)
def test_a_generated_part_that_was_changed_is_noticed(tmp_path: Path, name: str, current: str, changed: str) -> None:
    assert current in page(name)
    copy = tmp_path / name
    copy.write_text(page(name).replace(current, changed))
    assert cog(copy).returncode != 0


def test_lint_checks_and_docs_writes_every_page() -> None:
    makefile = (ROOT / "Makefile").read_text()
    assert "\nPAGES := README.md $(wildcard docs/*.md)\n" in makefile
    for target, option in (("lint", "--check"), ("docs", "-r")):
        recipe = makefile.partition(f"\n{target}:")[2].partition("\n\n")[0]
        assert re.search(rf"cog -P {option} .*\$\(PAGES\)", recipe), target


# Commands


def test_every_command_is_on_its_page() -> None:
    names = [name for name, _ in commands.commands()]
    assert len(names) > 20
    text = page("commands.md")
    assert not [name for name in names if f"| [`{name}`](" not in text or f"### `{name}`" not in text]


def test_every_command_has_an_example() -> None:
    assert not [name for name, command in commands.commands() if "Example: " not in (command.help or "")]


@of_files(LINKING)
def test_every_command_of_a_page_exists(path: Path) -> None:
    """Lines that begin with our name, in fences, are commands that parse."""
    known = {name for name, _ in commands.commands()} | set(cli.COMMANDS)
    for line in re.findall(r"^claude-metrics ((?!\d).+)$", fences(path.read_text()), re.MULTILINE):
        words = [word for word in line.partition(" #")[0].split() if not word.startswith("-")]
        assert words[0] in cli.COMMANDS and (" ".join(words[:2]) in known or words[0] in known), line


def fences(text: str) -> str:
    return "\n".join(re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL))


# Settings, views and tables


def test_every_setting_and_every_variable_is_explained() -> None:
    text = page("configuration.md")
    assert not [key for key in config.KEYS if f"| `{key}` |" not in text]
    ours = [name for name in VARIABLES if not name.startswith("XDG_")]
    assert not [name for name in ours if f"| `{name}` |" not in text]


def test_a_setting_without_an_explanation_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(configuration.KEYS, "timezone")
    with pytest.raises(KeyError, match="timezone"):
        configuration.keys()


def test_every_view_and_table_is_listed() -> None:
    connection = schema.empty_database()
    names = [*schema.names(connection, "view"), *schema.names(connection, "table")]
    assert len(names) > 30
    text = page("schema.md")
    assert not [name for name in names if f"| `{name}` |" not in text]


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


@needs("sqlite3")
@pytest.mark.parametrize("query", QUERIES, ids=["days", "commits", "tools"])
def test_the_queries_run_in_the_shell_as_they_stand(query: str, database: Path) -> None:
    done = subprocess.run(["sqlite3", "-box", database, query], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr


# The output of the demo


def test_the_pages_show_the_output_of_the_demo() -> None:
    assert demo.output() in page("demo.md")
    assert demo.output().partition("\n$ claude-metrics session")[0] in README


@pytest.mark.parametrize(
    "folder", ["/tmp/claude-metrics-demo-abcd1234", "/a/much/longer/folder/claude-metrics-demo-abcd1234"]
)
def test_the_temporary_folder_does_not_change_the_page(folder: str) -> None:
    line = f"x  {folder}/home/greet.py    ok  64ms"
    text = demo.constant(line)
    assert text.startswith(f"x  {demo.SCRATCH}/home/greet.py ") and text.endswith("ok  64ms")
    assert len(text) == len(line)
