"""Bare `claude-metrics`: one screen, from the same rows as every report."""

import json
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from claude_metrics import cli
from claude_metrics.commands.report import report
from claude_metrics.config import Config
from claude_metrics.reports import first_screen
from claude_metrics.reports.query import Filter
from claude_metrics.store.connection import connect_readonly
from tests.support import stored
from tests.support.stored import HAIKU, OPUS, UNKNOWN, request

NOON = datetime.now(UTC).replace(hour=0, minute=30)


def ago(days: int) -> str:
    return (NOON - timedelta(days)).isoformat(timespec="milliseconds")[:23] + "Z"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Usage of today, yesterday, and 8, 20 and 45 days ago, in two projects and with two models."""
    rows = [
        request(f"s-{n}", ago(days), model, (n * 1000, 100, 0, 0))
        for n, (days, model) in enumerate(((0, OPUS), (1, HAIKU), (8, OPUS), (20, HAIKU), (45, OPUS)), 1)
    ]
    return stored.store(tmp_path / "m.db", rows, facts={"s-2": {"project_path": "/code/other", "title": "A title"}})


def shown(path: Path, *options: str, **env: str) -> str:
    done = stored.run(*options, "--db-path", path, **env)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_bare_command_prints_one_screen(path: Path) -> None:
    text = shown(path, COLUMNS="80", NO_COLOR="1")
    for word in ("Today", "This week", "This month", "yesterday", "30 days", "Project", "other", "opus-4-8",
                 "Last sessions", "A title", "Next: claude-metrics"):  # fmt: skip
        assert word in text
    assert len(text.splitlines()) <= 40
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "\x1b" not in text


def test_its_json_says_what_reports_of_the_same_days_say(path: Path) -> None:
    found = json.loads(shown(path, "--json"))
    assert [period["name"] for period in found["periods"]] == ["today", "week", "month"]
    for period in (*found["periods"], *(period["before"] for period in found["periods"])):
        days = ("--since", period["since"], "--until", period["until"])
        totals = stored.report(path, "daily", *days)["totals"]
        for name in ("requests", "total_tokens", "cost_usd"):
            assert (period[name] or 0) == pytest.approx(totals[name] or 0), (days, name)
    days = ("--since", found["days"][0]["date"], "--until", found["days"][-1]["date"])
    for kind in ("projects", "models"):
        assert found[kind] == stored.report(path, kind, *days)[kind] or kind == "projects"
        assert sum(e["cost_usd"] for e in found[kind]) == pytest.approx(
            stored.report(path, kind, *days)["totals"]["cost_usd"]
        )
    assert len(found["days"]) == 30
    assert [session["session_id"] for session in found["sessions"]] == ["s-1", "s-2", "s-3", "s-4", "s-5"]


@pytest.mark.parametrize(
    ("today", "periods"),
    [
        ("2026-03-31", [("2026-03-31", "2026-03-30", "2026-03-30"), ("2026-03-30", "2026-03-23", "2026-03-24"),
                        ("2026-03-01", "2026-02-01", "2026-02-28")]),
        ("2026-01-01", [("2026-01-01", "2025-12-31", "2025-12-31"), ("2025-12-29", "2025-12-22", "2025-12-25"),
                        ("2026-01-01", "2025-12-01", "2025-12-01")]),
    ],
)  # fmt: skip
def test_a_period_is_compared_with_as_many_days_of_the_one_before(
    path: Path, today: str, periods: list[tuple[str, str, str]]
) -> None:
    screen = first_screen.load(connect_readonly(path), Filter(zone=UTC), today, Config())
    assert [(p.since, p.before_since, p.before_until) for p in screen.periods] == periods


def test_a_budget_is_shown_where_one_is_set(path: Path, home: Path) -> None:
    assert "Budget" not in shown(path)
    assert stored.run("config", "set", "budget_daily_usd", "10", "--db-path", path).returncode == 0
    assert re.search(r"Budget.*\n.*\nToday.*\d+% of \$10\.00", shown(path))


def test_what_has_no_price_is_named_in_one_line(tmp_path: Path) -> None:
    path = stored.store(tmp_path / "m.db", [request("s", ago(0), UNKNOWN)])
    (line,) = [line for line in shown(path).splitlines() if line.startswith("!")]
    assert UNKNOWN in line and "doctor" in line


def test_the_name_of_a_report_alone_is_that_report(path: Path) -> None:
    assert stored.run("daily", "--db-path", path).stdout == stored.run("report", "daily", "--db-path", path).stdout
    assert f"{time.gmtime().tm_year}-" in stored.run("daily", "--db-path", path).stdout
    missed = stored.run("dayly", "--db-path", path)
    assert missed.returncode == 2 and "daily" in missed.stderr


def test_every_report_can_be_called_by_its_name_alone() -> None:
    assert set(cli.REPORTS) == set(report.commands) and not set(cli.REPORTS) & set(cli.COMMANDS)
