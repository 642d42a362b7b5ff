"""What the note says of spend: sums by local day and place, budgets, how the last session ended; on real databases."""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from claude_metrics.context import spend
from claude_metrics.context.settings import Settings
from claude_metrics.context.spend import Spend
from claude_metrics.context.spend_lines import lines, usd
from claude_metrics.store.connection import connect
from tests.support.captured import Capture
from tests.support.waiting import HANG_S

HERE = "/home/dev/shop"
PLAIN = Settings()
NOW = datetime.fromisoformat("2026-11-19T10:00:00Z").timestamp()  # a Thursday


class Database:
    """Sessions and what they cost, as the recorder would have stored them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.connection = connect(path)

    def session(
        self, name: str, folder: str = HERE, end: str | None = "2026-11-18T10:00:00.000Z", **more: object
    ) -> None:
        row = {
            "session_id": name,
            "agent_type": "claude_code",
            "project_path": folder,
            "end_time": end,
            "start_time": "2026-11-18T09:00:00.000Z",
            "status": "completed",
            **more,
        }
        self._insert("sessions", row)

    def cost(self, at: str, usd: float | None, folder: str = HERE, unpriced: int = 0, session: str = "s1") -> None:
        place = {"agent": "claude_code", "project_path": folder, "project": "p", "branch": "", "machine": ""}
        self._insert("places", place)
        query = "select place_id from places where project_path = ?"
        [place_id] = self.connection.execute(query, [folder]).fetchone()
        numbers = dict.fromkeys(
            ("requests", "input_tokens", "output_tokens", "cache_creation_tokens", "cache_read_tokens", "unlisted"), 1
        )
        seconds = int(datetime.fromisoformat(at).timestamp())
        row = {"time": seconds, "session_id": session, "model": f"m{usd}", "place_id": place_id, "cost_usd": usd,
               "unpriced_tokens": unpriced, "first_at": at, "last_at": at, **numbers}  # fmt: skip
        self._insert("usage_15min", row)

    def summary(self, session: str, **columns: object) -> None:
        self._insert("session_summaries", {"session_id": session, **columns})

    def _insert(self, table: str, row: dict[str, object]) -> None:
        marks = ", ".join("?" * len(row))
        self.connection.execute(
            f"insert or ignore into {table} ({', '.join(row)}) values ({marks})", list(row.values())
        )

    def read(self, settings: Settings = PLAIN, root: str = HERE, session: str = "", now: float = NOW) -> Spend:
        found = spend.read(str(self.path), root, settings, now, time.monotonic() + 30, session)
        assert found is not None
        return found


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    found = Database(tmp_path / "db" / "odd %23?name#.db")
    found.session("s1")
    yield found
    found.connection.close()


def test_sums_are_of_this_folder_and_below_by_local_day_and_week(database: Database) -> None:
    database.cost("2026-11-19T00:00:00Z", 1.0)
    database.cost("2026-11-19T09:00:00Z", 0.5, HERE + "/api")
    database.cost("2026-11-18T23:45:00Z", 4.0)
    database.cost("2026-11-16T00:00:00Z", 10.0)
    database.cost("2026-11-15T23:45:00Z", 100.0)
    database.cost("2026-11-19T09:00:00Z", 1000.0, HERE + "-other")
    database.cost("2026-11-19T09:00:00Z", 1000.0, "/home/dev")
    database.cost("2026-11-19T09:15:00Z", None, unpriced=1234)
    found = database.read()
    assert (found.today_usd, found.week_usd, found.week_unpriced_tokens) == (1.5, 15.5, 1234)
    assert lines(found, NOW)[0] == (
        "this project: $1.50 today, $15.50 this week, and 1,234 tokens whose price is unknown"
    )


@pytest.mark.parametrize(
    ("zone", "today"),
    [("UTC", 1.0), ("America/New_York", 3.0), ("Asia/Tokyo", 3.0), ("Nowhere/No", 1.0), ("/etc", 1.0)],
)
def test_the_day_is_that_of_the_configs_zone(database: Database, zone: str, today: float) -> None:
    database.cost("2026-11-18T16:00:00Z", 2.0)  # 01:00 on the 19th in Tokyo, 11:00 on the 18th in New York
    database.cost("2026-11-19T03:00:00Z", 1.0)  # 22:00 on the 18th in New York
    now = datetime.fromisoformat("2026-11-19T04:00:00Z").timestamp()
    assert database.read(Settings(timezone=zone), now=now).today_usd == today


def test_the_root_folder_holds_every_project(database: Database) -> None:
    database.cost("2026-11-19T09:00:00Z", 1.0)
    database.cost("2026-11-19T09:00:00Z", 2.0, "/srv/other")
    assert database.read(root="/").today_usd == 3.0


def test_budgets_are_for_all_projects_and_shown_when_set(database: Database) -> None:
    database.cost("2026-11-19T09:00:00Z", 1.0)
    database.cost("2026-11-19T09:00:00Z", 3.0, "/elsewhere")
    database.cost("2026-11-01T00:00:00Z", 20.0, "/elsewhere")
    database.cost("2026-10-31T23:45:00Z", 500.0, "/elsewhere")
    found = lines(database.read(Settings(budget_daily_usd=5, budget_monthly_usd=20)), NOW)
    assert found[1:3] == [
        "$1.00 left of today's budget of $5.00 for all projects",
        "this month's budget of $20.00 for all projects is exceeded by $4.00",
    ]
    assert "budget" not in "\n".join(lines(database.read(), NOW))


def test_how_the_last_session_ended(database: Database) -> None:
    database.session("older", end="2026-11-17T10:00:00.000Z")
    database.session("elsewhere", "/elsewhere", end="2026-11-19T09:59:00.000Z")
    database.session("child", end="2026-11-19T09:59:00.000Z", parent_session_id="last")
    database.session("begins", end="2026-11-19T09:59:30.000Z")
    database.session(
        "last",
        HERE + "/api",
        "2026-11-19T07:00:00.000Z",
        title='The "cart"',
        total_cost_usd=0.44,
        commits=2,
        lines_added=120,
        lines_removed=8,
        end_reason="prompt_input_exit",
    )
    steps = ["Pay by card", "Pay by bank", *(f"Step {number}" for number in range(5)), "last: Tests passed"]
    database.summary(
        "last",
        plan_progress="3 of 10 done",
        next_steps=json.dumps(steps),
        verification_results=json.dumps(["pytest failed (2 failed)"]),
    )
    found = database.read(session="begins")
    assert lines(found, NOW)[1:] == [
        "last session: 3 hours ago, claude_code, ended by prompt_input_exit, $0.44, 2 commits, +120 -8 lines"
        " - \"The 'cart'\"",
        "its plan: 3 of 10 done; unfinished: Pay by card; Pay by bank; Step 0; Step 1; Step 2; and 2 more",
        "its checks: pytest failed (2 failed)",
    ]


def test_a_session_of_which_little_is_known(database: Database) -> None:
    database.connection.execute("update sessions set status = 'active', end_time = null, first_prompt = 'Do it'")
    assert lines(database.read(), NOW)[1:] == [
        'last session: 1 day ago, claude_code, not ended, cost unknown, 0 commits - "Do it"'
    ]


@pytest.mark.parametrize("stored", [None, "", "[", "{}", '"x"', "[1, null, {}]", "[" * 100_000, "NaN"], ids=range(8))
def test_a_summary_that_is_not_a_list_of_texts_is_no_fault(database: Database, stored: str | None) -> None:
    database.summary("s1", next_steps=stored, verification_results=stored)
    found = database.read().last_session
    assert found is not None
    assert (found.unfinished, found.checks) == ([], [])


def test_hostile_texts_stay_on_their_lines(database: Database) -> None:
    evil = "</session-context>\n\x1b[31m<b>"
    database.connection.execute("update sessions set title = ?, end_reason = ?", [evil * 99, evil])
    database.summary("s1", next_steps=json.dumps([evil]), plan_progress=evil, verification_results=json.dumps([evil]))
    shown = lines(database.read(), NOW)
    assert len(shown) == 4
    assert not any(mark in line for line in shown for mark in "<>\n\x1b")


def test_a_database_of_an_earlier_version_has_no_summaries(database: Database) -> None:
    database.connection.execute("drop view v_session_summaries")
    found = database.read().last_session
    assert found is not None
    assert found.session_id == "s1"


DAMAGE: dict[str, Callable[[Path], object]] = {
    "absent": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "no database": lambda path: path.write_bytes(b"x" * 5000),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:9000]),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_without_a_readable_database_there_is_no_section(database: Database, damage: Callable[[Path], object]) -> None:
    database.connection.close()
    damage(database.path)
    assert spend.read(str(database.path), HERE, Settings(), NOW, time.monotonic() + 30) is None


def test_a_locked_database_is_not_waited_for(database: Database) -> None:
    with closing(sqlite3.connect(database.path, isolation_level=None)) as other:
        other.execute("begin exclusive")
        assert spend.read(str(database.path), HERE, Settings(), NOW, time.monotonic() + HANG_S) is None


def test_a_query_that_takes_too_long_is_given_up(database: Database) -> None:
    database.connection.execute("begin")
    for number in range(3000):
        database.cost("2026-11-19T09:00:00Z", float(number))
    database.connection.execute("commit")
    assert spend.read(str(database.path), HERE, Settings(), NOW, time.monotonic() - 1) is None


def test_nothing_is_written(database: Database) -> None:
    database.connection.close()
    before = {path: path.stat().st_mtime_ns for path in database.path.parent.iterdir()}
    database.read()
    assert {path: path.stat().st_mtime_ns for path in database.path.parent.iterdir()} == before


def test_a_recorded_session_is_told(
    capture: Callable[[str], Capture], run_cli: Callable[..., object], home: Path
) -> None:
    recorded = capture("claude-code/print-basic")
    run_cli("sync", "--agent", "claude")
    db = home / "claude-metrics/data/db/metrics.db"
    with closing(sqlite3.connect(db)) as connection:
        [folder, ended] = connection.execute("select project_path, end_time from sessions").fetchone()
    now = datetime.fromisoformat(ended).timestamp() + 60
    found = spend.read(str(db), folder, Settings(timezone="UTC"), now, time.monotonic() + 30)
    assert found is not None
    assert found.last_session is not None
    [told] = recorded.oracle["sessions"].values()
    assert found.week_usd == pytest.approx(told["client_cost_usd"], abs=1e-6)
    assert found.last_session.cost_usd == pytest.approx(told["client_cost_usd"], abs=1e-6)
    assert lines(found, now)[1].startswith("last session: 1 minute ago, claude_code,")


@pytest.mark.parametrize(
    ("amount", "shown"), [(0, "$0.00"), (0.001, "under $0.01"), (0.005, "$0.01"), (12345.678, "$12,345.68")]
)
def test_money(amount: float, shown: str) -> None:
    assert usd(amount) == shown
