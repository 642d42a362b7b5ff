"""Each rule fires when the thing it is for has happened, and not for the neighbouring thing that is fine."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from claude_metrics import clock
from claude_metrics.config import Config
from claude_metrics.store import budgets, rollups
from claude_metrics.store import connection as database
from tests.grafana import rules, suite

pytestmark = pytest.mark.slow

NOW = 1_795_176_000  # 2026-11-20T12:00:00Z


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = database.connect(tmp_path / "metrics.db")
    add_session(connection, "s", NOW - 7200)
    yield connection
    connection.close()


def add_session(db: sqlite3.Connection, name: str, at: float, status: str = "active") -> None:
    db.execute(
        "insert into sessions (session_id, agent_type, project_name, start_time, end_time, status)"
        " values (?, 'claude_code', 'shop', ?, ?, ?)",
        (name, clock.from_seconds(at), clock.from_seconds(at + 60), status),
    )


def add_request(db: sqlite3.Connection, at: float, cost: float | None, read: int = 90) -> None:
    db.execute(
        "insert into token_usage (id, session_id, timestamp, model, input_tokens, output_tokens, cache_creation_tokens,"
        " cache_read_tokens, cache_creation_5m_tokens, cache_creation_1h_tokens, reasoning_tokens, web_search_requests,"
        " cost_usd) values ((select count(*) + 1 from token_usage), 's', ?, 'm', 10, 5, 0, ?, 0, 0, 0, 0, ?)",
        (clock.from_seconds(at), read, cost),
    )


def add_call(db: sqlite3.Connection, n: int, success: int | None, denied: int | None = None) -> None:
    db.execute(
        "insert into tool_calls (tool_call_id, session_id, timestamp, tool_name, success, denied) values (?, 's', ?, 'Bash', ?, ?)",
        (f"call-{n}", clock.from_seconds(NOW - 600), success, denied),
    )


def settled(db: sqlite3.Connection) -> Path:
    db.execute("create temp table touched as select session_id, '' as since from sessions")
    rollups.derive(db)
    db.execute("drop table temp.touched")
    return Path(db.execute("pragma database_list").fetchone()[2])


def fires(db: sqlite3.Connection, uid: str, now: int = NOW) -> bool:
    rule = next(rule for rule in suite.rules() if rule["uid"] == uid)
    return rules.fires(suite.datasource(settled(db)), rule, now)


def message(db: sqlite3.Connection, uid: str) -> str:
    rule = next(rule for rule in suite.rules() if rule["uid"] == uid)
    return rules.message(suite.datasource(settled(db)), rule, NOW)


def test_the_daily_budget(db: sqlite3.Connection) -> None:
    add_request(db, NOW - 3600, 21.0)
    assert not fires(db, "cm-budget-day"), "without a budget"
    budgets.save(db, Config(budget_daily_usd=20.0, timezone="UTC"))
    assert fires(db, "cm-budget-day")
    assert message(db, "cm-budget-day") == "Spent today: $21.00 of a daily budget of $20.00, most of it in shop."
    assert not fires(db, "cm-budget-day", NOW + 86_400), "yesterday's spend"


def test_the_day_is_the_recorders(db: sqlite3.Connection) -> None:
    add_request(db, NOW - 5 * 3600, 21.0)  # 07:00 in UTC, 23:00 of the day before in Los Angeles
    budgets.save(db, Config(budget_daily_usd=20.0, timezone="America/Los_Angeles"))
    assert not fires(db, "cm-budget-day")
    assert fires(db, "cm-budget-day", NOW - 4 * 3600 - 1800)


def test_the_monthly_budget_and_its_projection(db: sqlite3.Connection) -> None:
    add_request(db, NOW - 86_400, 80.0)
    budgets.save(db, Config(budget_monthly_usd=100.0, timezone="UTC"))
    assert fires(db, "cm-budget-projected") and not fires(db, "cm-budget-month")
    assert "the month ends at $123.08, above its budget of $100.00" in message(db, "cm-budget-projected")
    add_request(db, NOW - 90_000, 30.0)
    assert fires(db, "cm-budget-month")


def test_failing_tools(db: sqlite3.Connection) -> None:
    for n in range(14):
        add_call(db, n, 1)
    for n in range(14, 19):
        add_call(db, n, 0)
    assert not fires(db, "cm-tool-failures"), "too few to tell"
    add_call(db, 20, 0)
    assert fires(db, "cm-tool-failures")
    assert message(db, "cm-tool-failures").startswith("30% of the tool calls of the last hour failed (limit: 20%)")
    db.execute("update tool_calls set denied = 1 where success = 0")
    for n in range(30, 40):
        add_call(db, n, 1)
    assert not fires(db, "cm-tool-failures"), "denied is not failed"


def test_unread_lines(db: sqlite3.Connection) -> None:
    row = ("/t.jsonl", "claude", 1, 1, 1, "{}", 2, clock.from_seconds(NOW - 3600))
    db.execute(
        "insert into sources (path, agent, size, mtime_ns, inode, cursor, bad_lines, updated_at) values (?,?,?,?,?,?,?,?)",
        row,
    )
    assert fires(db, "cm-parse-errors")
    assert message(db, "cm-parse-errors").startswith("2 lines of transcripts")
    assert not fires(db, "cm-parse-errors", NOW + 2 * 86_400)


def test_a_model_without_a_price(db: sqlite3.Connection) -> None:
    add_request(db, NOW - 3600, 1.0)
    assert not fires(db, "cm-unpriced")
    add_request(db, NOW - 1800, None)
    assert fires(db, "cm-unpriced")


def test_a_cache_that_is_not_used(db: sqlite3.Connection) -> None:
    for n in range(25):
        add_request(db, NOW - 600 - n, 1.0, read=2)
    assert fires(db, "cm-cache")
    for n in range(25):
        add_request(db, NOW - 500 - n, 1.0, read=900)
    assert not fires(db, "cm-cache")


def test_an_agent_that_no_hook_records(db: sqlite3.Connection) -> None:
    def recording(session: str, event: str, at: float) -> None:
        text = clock.from_seconds(at)
        db.execute(
            "insert into recordings (session_id, event, received_at, finished_at) values (?, ?, ?, ?)",
            (session, event, text, text),
        )

    add_session(db, "missed", NOW - 20_000)
    recording("missed", "sync", NOW - 600)
    assert not fires(db, "cm-not-recording"), "a first backfill, before there was a hook"
    recording("earlier", "SessionEnd", NOW - 90_000)
    assert fires(db, "cm-not-recording")
    recording("missed", "SessionEnd", NOW - 500)
    assert not fires(db, "cm-not-recording"), "a hook came after all"


def test_every_rule_has_a_breach_above() -> None:
    """A rule that nobody has seen fire may never do so."""
    text = Path(__file__).read_text(encoding="utf-8")
    assert [rule["uid"] for rule in suite.rules() if f'assert fires(db, "{rule["uid"]}")' not in text] == []


@pytest.mark.parametrize("rule", suite.rules(), ids=lambda rule: rule["uid"])
def test_a_message_is_complete_even_without_rows(db: sqlite3.Connection, rule: suite.Json) -> None:
    assert message(db, rule["uid"]).endswith((".", "doctor"))


def test_an_unchanged_config_writes_nothing(db: sqlite3.Connection) -> None:
    budgets.save(db, Config(budget_daily_usd=20.0, timezone="UTC"))
    before = db.total_changes
    budgets.save(db, Config(budget_daily_usd=20.0, timezone="UTC"))
    assert db.total_changes == before
    budgets.save(db, Config(budget_daily_usd=30.0, timezone="UTC"))
    assert db.execute("select daily_usd from v_budgets").fetchone() == (30.0,)


def test_rolling_up_again_changes_no_row(db: sqlite3.Connection) -> None:
    for n in range(40):
        add_request(db, NOW - n * 700, 0.5)
        add_call(db, n, n % 2)
    tables = ("usage_15min", "tool_calls_15min", "activity_15min", "places", "labels")

    def rows() -> list[list[tuple[object, ...]]]:
        fires(db, "cm-cache")
        return [db.execute(f"select * from {table}").fetchall() for table in tables]

    first = rows()
    assert rows() == first and all(first)
    assert db.execute("select sum(cost_usd), sum(requests) from v_usage").fetchone() == (20.0, 40)
    db.execute("update sessions set git_branch = 'other'")
    rows()
    assert db.execute("select distinct branch from v_usage").fetchall() == [("other",)]
    db.execute("delete from sessions")
    assert all(db.execute(f"select count(*) from {table}").fetchone() == (0,) for table in tables[:3])
