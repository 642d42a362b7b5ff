"""What people ask of every report of usage: days in words, groups, order, other forms, another currency."""

import csv
import io
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from claude_metrics.config import days
from claude_metrics.reports.query import Sums
from tests.support import stored
from tests.support.stored import HAIKU, OPUS, request

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)  # a Wednesday
USAGE = ("daily", "weekly", "monthly", "sessions", "projects", "branches", "models", "agents")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [
        request(f"s-{n}", f"2026-11-{10 + n}T10:00:00.000Z", (OPUS, HAIKU)[n % 2], (n * 1000, 10, 100, 1000 * n))
        for n in range(1, 7)
    ]
    facts: dict[str, dict[str, Any]] = {
        "s-1": {"project_path": "/code/other", "agent_type": "codex_cli"},
        "s-2": {"project_path": "/code/other"},
        "s-3": {"title": "=HYPERLINK(1) | a"},
    }
    return stored.store(tmp_path_factory.mktemp("options") / "m.db", rows, facts=facts)


def shown(path: Path, *arguments: str) -> str:
    done = stored.run("report", *arguments, "--db-path", path)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-11-20", "2026-11-20"), ("20261120", "2026-11-20"), ("today", "2026-11-25"), ("yesterday", "2026-11-24"),
        ("7d", "2026-11-18"), ("2w", "2026-11-11"), ("2 weeks", "2026-11-11"), ("last monday", "2026-11-23"),
        ("monday", "2026-11-23"), ("1 nov", "2026-11-01"), ("nonsense", None), ("2026-02-30", None), ("11/05/2026", None),
    ],
)  # fmt: skip
def test_a_day_is_understood_in_words(text: str, day: str | None) -> None:
    assert days.day(text, UTC, NOW) == day


def test_today_is_the_readers() -> None:
    late = datetime(2026, 11, 25, 23, tzinfo=UTC)
    assert days.day("today", ZoneInfo("Asia/Kathmandu"), late) == "2026-11-26"


def test_the_library_for_words_is_loaded_for_words_alone() -> None:
    code = "import sys; from claude_metrics.config import days; days.day({!r}, None); sys.exit('dateparser' in sys.modules)"
    assert [subprocess.call([sys.executable, "-c", code.format(text)]) for text in ("2026-11-20", "7d")] == [0, 1]


def test_what_is_no_day_is_wrong_usage(path: Path) -> None:
    done = stored.run("report", "daily", "--since", "nonsense", "--db-path", path)
    assert done.returncode == 2 and "last monday" in done.stderr


@pytest.mark.parametrize("name", ["today", "yesterday", "week", "month"])
def test_a_span_is_a_report_of_its_days(tmp_path: Path, name: str) -> None:
    now = datetime.now(UTC).isoformat(timespec="milliseconds")[:23] + "Z"
    path = stored.store(tmp_path / "m.db", [request("s", now), request("old", "2026-01-02T10:00:00.000Z")])
    found = stored.report(path, name, "--tz", "UTC")
    assert found["totals"]["requests"] == (0 if name == "yesterday" else 1)


@pytest.mark.parametrize("kind", USAGE)
def test_two_levels_have_the_same_total(path: Path, kind: str) -> None:
    plain, split = (stored.report(path, kind, *more) for more in ((), ("--group-by", "agent,project")))
    for name in ("requests", "total_tokens", "cost_usd", "cache_savings_usd"):
        assert split["totals"][name] == pytest.approx(plain["totals"][name])
    assert {(line["agent"], line["project"]) for line in split[kind]} == {
        ("codex_cli", "other"), ("claude_code", "other"), ("claude_code", "app")}  # fmt: skip
    assert sum(line["cost_usd"] for line in split[kind]) == pytest.approx(plain["totals"]["cost_usd"])
    assert "claude_code" in shown(path, kind, "--group-by", "agent,project")


def test_lines_of_one_group_stay_together(path: Path) -> None:
    first = [line["agent"] for line in stored.report(path, "agents", "--group-by", "model")["agents"]]
    assert first == sorted(first, key=first.index) and len(first) > 2


def test_order_and_limit_choose_the_lines_and_the_total_is_of_all(path: Path) -> None:
    whole = stored.report(path, "daily")
    found = stored.report(path, "daily", "--order", "cost", "--limit", "2")
    assert found["totals"] == whole["totals"]
    costs = sorted((line["cost_usd"] for line in whole["daily"]), reverse=True)
    assert [line["cost_usd"] for line in found["daily"]] == costs[:2]
    assert stored.report(path, "daily", "--limit", "1")["daily"] == whole["daily"][-1:]
    assert "more lines are not shown" in shown(path, "daily", "--limit", "2")


@pytest.mark.parametrize("kind", USAGE)
def test_csv_and_markdown_hold_the_same_figures(path: Path, kind: str) -> None:
    lines = stored.report(path, kind)[kind]
    rows = list(csv.DictReader(io.StringIO(shown(path, kind, "--csv"))))
    assert [float(row["cost_usd"]) for row in rows] == pytest.approx([line["cost_usd"] for line in lines])
    table = shown(path, kind, "--markdown").splitlines()
    assert len(table) == len(lines) + 2
    assert {line.replace("\\|", "").count("|") for line in table} == {len(rows[0]) + 1}


def test_a_title_is_no_formula_in_a_spreadsheet(path: Path) -> None:
    assert "'=HYPERLINK" in shown(path, "sessions", "--csv")


def test_the_share_and_the_savings_of_the_cache_are_columns(path: Path) -> None:
    found = stored.report(path, "models")
    saved = stored.rows(path, "select sum(cache_savings_usd) from v_usage")[0][0]
    assert found["totals"]["cache_savings_usd"] == pytest.approx(saved) and saved > 0
    assert Sums(1, 100, 0, 100, 200).cache_hit_share == 0.5 and Sums().cache_hit_share is None
    text = shown(path, "models")
    assert "Saved" in text and "%" in text


def test_costs_are_shown_in_another_currency_at_the_readers_rate(path: Path) -> None:
    cost = stored.report(path, "agents")["totals"]["cost_usd"]
    text = shown(path, "agents", "--currency", "eur", "--rate", "2")
    assert f"EUR {cost * 2:.4f}" in text and "Cost (EUR)" in text and "$" not in text
    (row, *_) = csv.DictReader(io.StringIO(shown(path, "agents", "--csv", "--currency", "EUR", "--rate", "2")))
    assert float(row["cost_eur"]) == pytest.approx(2 * float(row["cost_usd"]))
    assert stored.run("report", "daily", "--currency", "EUR", "--db-path", path).returncode == 2


@pytest.mark.parametrize(("option", "near"), [(("--model", "opuss"), OPUS), (("--project", "othr"), "other")])
def test_a_mistyped_name_is_answered_with_the_nearest(path: Path, option: tuple[str, str], near: str) -> None:
    done = stored.run("report", "daily", *option, "--db-path", path)
    assert done.returncode == 1 and near in done.stderr


def test_a_width_holds_in_a_pipe(path: Path) -> None:
    text = shown(path, "sessions", "--width", "80")
    assert max(map(len, text.splitlines()[:-1])) <= 80 and text != shown(path, "sessions")
    assert json.loads(shown(path, "sessions", "--width", "80", "--json"))["sessions"]
