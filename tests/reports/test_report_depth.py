"""Prompts by kind, length and retries; tools by what they put into the context and what follows them."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from claude_metrics.reports import prompts as report_prompts
from claude_metrics.reports import tools as report_tools
from claude_metrics.reports.query import Filter
from claude_metrics.store.connection import connect_readonly
from tests.support import stored
from tests.support.scripted import Transcript

pytestmark = pytest.mark.slow

OTHER = "6c217ed0-0000-4000-8000-000000000002"


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """Two sessions with every kind of prompt that the tests count."""
    one = Transcript()
    for text in ("Add a parser", "still broken, fix it", "yes", "add a  PARSER", "Why is it slow?"):
        one.prompt(text)
        one.bash("ls", "a" * 98)
        one.bash("cat x", "b" * 398, failed=True)
        one.tool("Read", {"file_path": "/home/dev/app/x"}, "c" * 998)
        one.answer("done")
    one.write(tmp_path / "data")
    two = Transcript(OTHER, begin=600)
    two.prompt("add a parser")
    two.answer("done")
    two.write(tmp_path / "data")
    path = tmp_path / "metrics.db"
    assert stored.run("sync", "--path", tmp_path / "data", "--db-path", path).returncode == 0
    return path


@pytest.mark.parametrize(
    ("prompt", "kind"),
    [
        ("/compact", "command"),
        ("ok, go on", "go on"),
        ("please fix the login", "fix"),
        ("I get a Traceback here", "fix"),
        ("run the tests", "test"),
        ("write some tests for it", "test"),
        ("Rename the class", "refactor"),
        ("review my changes", "review"),
        ("what does this do", "question"),
        ("the config, where is it kept?", "question"),
        ("Implement the parser", "build"),
        ("use tabs", "change"),
        ("hm", "other"),
        ("", "not stored"),
        (None, "not stored"),
    ],
)
def test_the_kind_of_a_prompt_is_in_its_beginning(prompt: str | None, kind: str) -> None:
    assert report_prompts.kind_of(prompt) == kind


def test_prompts_are_counted_by_kind_with_their_cost_and_retries(recorded: Path) -> None:
    found = stored.report(recorded, "prompts")
    kinds = {line["name"]: (line["prompts"], line["retries"], line["tool_calls"]) for line in found["kinds"]}
    assert kinds == {"build": (3, 1, 6), "fix": (1, 1, 3), "go on": (1, 0, 3), "question": (1, 0, 3)}
    assert found["totals"]["prompts"] == 6 and found["totals"]["retries"] == 2
    whole = stored.rows(recorded, "select sum(total_cost_usd) from sessions")[0][0]
    assert found["totals"]["cost_usd"] == pytest.approx(whole)
    assert sum(line["cost_usd"] for line in found["kinds"]) == pytest.approx(whole)
    assert [line["name"] for line in found["lengths"]] == ["up to 50"]


def test_the_same_words_in_another_session_are_no_retry(recorded: Path) -> None:
    found = stored.report(recorded, "prompts", "--since", "2026-11-20")
    assert found["totals"]["retries"] == 2
    assert stored.report(recorded, "prompts", "--since", "2026-11-21")["totals"]["prompts"] == 0


def test_the_time_to_the_first_commit_is_the_sessions_own(recorded: Path) -> None:
    with closing(sqlite3.connect(recorded)) as connection:
        session, began = connection.execute(
            "select session_id, start_time from sessions order by start_time"
        ).fetchone()
        for sha, at, how in (("a", "04:00:12", "proven"), ("b", "04:00:20", "proven"), ("c", "04:00:02", "inferred")):
            connection.execute(
                "insert into commits (repository, sha, session_id, committed_at, attribution, reachable)"
                " values ('r', ?, ?, ?, ?, 1)",
                (sha, session, f"2026-11-20T{at}.000Z", how),
            )
        connection.commit()
    assert began == "2026-11-20T04:00:01.000Z"
    commits = stored.report(recorded, "prompts")["commits"]
    assert commits == {"sessions": 1, "median_ms": 11_000, "median_prompts": 2}


def test_prompts_that_were_not_stored_are_one_kind(tmp_path: Path) -> None:
    path = stored.store(tmp_path / "m.db", [stored.request("s", "2026-11-20T10:00:00.000Z")])
    with closing(sqlite3.connect(path)) as connection:
        columns = "prompt_id, session_id, turn_index, started_at"
        connection.execute(f"insert into turns ({columns}) values (1, 's', 1, '2026-11-20T10:00:00.000Z')")
        connection.commit()
    [line] = stored.report(path, "prompts")["kinds"]
    assert (line["name"], line["prompts"], line["cost_usd"]) == ("not stored", 1, None)


def test_tools_say_what_fills_the_context(recorded: Path) -> None:
    found = stored.report(recorded, "tools")
    sizes = {line["tool_name"]: line for line in found["sizes"]}
    assert [line["tool_name"] for line in found["sizes"]] == ["Read", "Bash"]
    assert sizes["Read"]["returned_bytes"] == 5 * 1000 and sizes["Bash"]["returned_bytes"] == 5 * 500
    assert sizes["Bash"]["largest_bytes"] == 400 and sizes["Bash"]["mean_returned_bytes"] == 250
    assert sum(line["share"] for line in found["sizes"]) == pytest.approx(1, abs=0.001)
    assert 300 < sizes["Bash"]["p50_ms"] <= sizes["Bash"]["p95_ms"] <= 1000


def test_tools_say_what_follows_what_within_a_turn(recorded: Path) -> None:
    found = stored.report(recorded, "tools")["sequences"]
    assert found == [
        {"first": "Bash", "next": "Bash", "times": 5, "after_failure": 0},
        {"first": "Bash", "next": "Read", "times": 5, "after_failure": 5},
    ]


def test_the_tables_are_printed(recorded: Path) -> None:
    tools = stored.run("report", "tools", "--db-path", recorded)
    assert "What fills the context" in tools.stdout and "Bash → Read, 5 after a failure" in tools.stdout
    prompts = stored.run("report", "prompts", "--db-path", recorded)
    assert "By kind" in prompts.stdout and "go on" in prompts.stdout


def test_options_before_the_report_are_refused_with_the_remedy(recorded: Path) -> None:
    done = stored.run("report", "--since", "2026-11-01", "daily", "--db-path", recorded)
    assert done.returncode == 2 and "report daily --" in done.stderr


def test_report_alone_shows_its_help_and_html_honours_the_filters(recorded: Path, tmp_path: Path) -> None:
    assert "--html FILE" in stored.run("report").stdout
    page = tmp_path / "r.html"
    done = stored.run("report", "--html", page, "--since", "2026-11-21", "--db-path", recorded)
    assert done.returncode == 0 and "nothing recorded" in page.read_text()


def test_an_empty_filter_reads_every_session(recorded: Path) -> None:
    with closing(connect_readonly(recorded)) as connection:
        assert sum(line["times"] for line in report_tools.sequences(connection, Filter())) == 10
