"""Reports of what is stored besides sums of usage: programs, activities, outcomes, and two things side by side."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from claude_metrics.config import days
from claude_metrics.reports.activities import programs_of
from tests.support import stored
from tests.support.stored import HAIKU, OPUS, call, request


def at(day: int, minute: int = 0) -> str:
    return f"2026-11-{day:02}T10:{minute:02}:00.000Z"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [request("a", at(1), OPUS), request("b", at(2), HAIKU), request("c", at(3), OPUS)]
    shell = {"category": "shell"}
    calls = [
        call("a", at(1, 1), "Bash", input_summary="cd src && make -j2 | tee log", **shell),
        call("a", at(1, 2), "Bash", input_summary="make test", success=0, **shell),
        call("b", at(2, 1), "Bash", input_summary="git status", **shell),
        call("b", at(2, 2), "Task", category="agent", subject="explorer"),
        call("b", at(2, 3), "mcp__x__y", category="mcp", subject="x"),
    ]
    facts: dict[str, dict[str, Any]] = {
        "a": {"git_branch": "feature/APP-12-cart"}, "b": {"git_branch": "APP-12"}, "c": {"project_path": "/code/other"},
    }  # fmt: skip
    path = stored.store(tmp_path_factory.mktemp("answers") / "m.db", rows, calls, facts=facts)
    columns = "repository, sha, session_id, message, committed_at, lines_added, attribution, reachable"
    with closing(sqlite3.connect(path)) as connection, connection:
        for sha, session, how, reachable in (("1", "a", "proven", 1), ("2", "b", "proven", 1), ("3", "b", "proven", 0),
                                             ("4", "b", "inferred", 1)):  # fmt: skip
            row = ("/r", sha, session, "m", at(2, 30), 5, how, reachable)
            connection.execute(f"insert into commits ({columns}) values ({', '.join('?' * len(row))})", row)
    return path


@pytest.mark.parametrize(
    ("command", "names"),
    [
        ("cd src && sudo make -j2 | tee log", ["make", "tee"]), ("A=1 /usr/bin/python3 x.py; git log", ["python3", "git"]),
        ("git status && git diff", ["git"]), ("", []), (None, []), ("cat <<EOF\nrm -rf /\nEOF", ["cat"]),
    ],
)  # fmt: skip
def test_the_programs_of_a_command_line(command: str | None, names: list[str]) -> None:
    assert programs_of(command) == names


def test_programs_are_counted_with_their_failures(path: Path) -> None:
    lines = {line["program"]: line for line in stored.report(path, "programs")["programs"]}
    assert {name: (line["calls"], line["failed"]) for name, line in lines.items()} == {
        "make": (2, 1), "tee": (1, 0), "git": (1, 0)}  # fmt: skip
    assert "make" in stored.run("report", "programs", "--db-path", path).stdout


def test_activities_name_subagents_and_servers_and_count_every_call(path: Path) -> None:
    found = stored.report(path, "activities")["activities"]
    assert {("agent", "explorer"), ("mcp", "x"), ("shell", None)} == {(r["activity"], r["subject"]) for r in found}
    totals = stored.report(path, "tools")["totals"]
    for name in ("calls", "failed", "denied", "unfinished", "duration_ms"):
        assert sum(row[name] for row in found) == totals[name], name


@pytest.mark.parametrize("by", ["project", "branch", "ticket"])
def test_outcomes_add_up_to_the_cost_and_the_commits_of_all(path: Path, by: str) -> None:
    found = stored.report(path, "outcomes", "--by", by)["outcomes"]
    whole = stored.report(path, "daily")["totals"]
    assert sum(row["cost_usd"] or 0 for row in found) == pytest.approx(whole["cost_usd"])
    assert sum(row["commits"] for row in found) == stored.report(path, "commits")["totals"]["commits"] == 2
    for row in found:
        assert row["usd_per_commit"] == (pytest.approx(row["cost_usd"] / row["commits"]) if row["commits"] else None)


def test_a_ticket_gathers_its_branches(path: Path) -> None:
    found = {row["ticket"]: row for row in stored.report(path, "outcomes", "--by", "ticket")["outcomes"]}
    assert set(found) == {"APP-12", None} and found["APP-12"]["commits"] == 2
    options = ("--by", "ticket", "--project", "app", "--agent", "claude", "--since", "2026-11-01")
    assert stored.report(path, "outcomes", *options)["outcomes"][0]["ticket"] == "APP-12"


def test_the_pattern_of_a_ticket_is_checked(run_cli: Any) -> None:
    assert run_cli("config", "set", "ticket_pattern", "(").returncode == 1


@pytest.mark.parametrize(
    ("one", "two", "options"),
    [
        ("opus", "haiku", (("--model", "opus"), ("--model", "haiku"))),
        ("app", "other", (("--project", "app"), ("--project", "other"))),
        ("2026-11-01..2026-11-02", "2026-11-03",
         (("--since", "2026-11-01", "--until", "2026-11-02"), ("--since", "2026-11-03", "--until", "2026-11-03"))),
        ("2026-10", "2026-11", (("--until", "2026-10-31"), ("--since", "2026-11-01"))),
    ],
)  # fmt: skip
def test_each_side_says_what_its_own_report_says(path: Path, one: str, two: str, options: Any) -> None:
    for side, given in zip(stored.report(path, "compare", one, two)["compare"], options, strict=True):
        totals = stored.report(path, "daily", *given)["totals"]
        for name in ("cost_usd", "requests", "total_tokens"):
            assert (side[name] or 0) == pytest.approx(totals[name] or 0), (side["name"], name)
    assert "Cost per session" in stored.run("report", "compare", one, two, "--db-path", path).stdout


def test_what_is_neither_model_nor_project_nor_span_is_named(path: Path) -> None:
    done = stored.run("report", "compare", "opuss", "haiku", "--db-path", path)
    assert done.returncode == 1 and OPUS in done.stderr


def test_a_month_ends_on_its_last_day() -> None:
    assert days.span("2026-02", None) == ("2026-02-01", "2026-02-28")
    assert days.span("2026-12", None) == ("2026-12-01", "2026-12-31")
    assert days.span("opus", None) is None
