"""The views: each one works, is described, and adds up to the tables behind it."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from claude_metrics.store import connection as database
from tests.support import stored
from tests.support.stored import HAIKU, OPUS, UNKNOWN, call, request

TEXT = Path(database.__file__).with_name("views.sql").read_text()
NAMES = re.findall(r"^create view (\w+)", TEXT, re.MULTILINE)
SUMS = ("input_tokens", "output_tokens", "cache_creation_tokens", "cache_read_tokens", "cost_usd", "requests")

# What dashboards, scripts and other people's queries select: columns may be added, none may go.
PROMISED = {
    "v_sessions": """session_id agent project branch start_time end_time status title total_cost_usd reported_cost_usd
        input_tokens output_tokens cache_read_tokens cache_creation_tokens total_tokens tool_calls failed_tool_calls
        commits lines_added lines_removed unpriced_tokens understated_tokens agent_version parent_session_id
        project_path""",
    "v_requests": """id session_id timestamp time agent project branch model kind agent_id turn_index total_tokens
        cost_usd""",
    "v_usage": """time session_id agent project branch model requests total_tokens cost_usd unpriced_tokens first_at
        last_at""",
    "v_days": "day agent project model sessions requests total_tokens cost_usd unpriced_tokens",
    "v_models": "agent model sessions requests total_tokens cost_usd unpriced_tokens",
    "v_session_models": "session_id agent project model requests total_tokens web_search_requests cost_usd",
    "v_projects": "project project_path sessions cost_usd total_tokens tool_calls commits lines_added lines_removed",
    "v_branches": "project project_path branch sessions cost_usd total_tokens commits",
    "v_turns": "session_id turn_index started_at ended_at time prompt response requests tool_calls cost_usd",
    "v_tool_calls": """tool_call_id session_id turn_index time tool_name input_summary success denied duration_ms
        file_path""",
    "v_tools": "time session_id agent project tool_name calls failed denied unfinished duration_ms output_bytes",
    "v_commits": "repository sha session_id project branch committed_at time message attribution reachable",
    "v_recordings": "session_id event received_at started_at finished_at bytes_read outcome error",
    "v_unpriced": "agent model unpriced_tokens sessions requests",
}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three sessions in two projects, an unknown model, tool calls, and a cost without usage."""
    models = (OPUS, HAIKU, UNKNOWN)
    rows = [
        request(f"s{n % 3}", f"2026-11-{20 + n % 4}T{n % 24:02}:{n * 7 % 60:02}:00.000Z", models[n % 3], key=str(n))
        for n in range(90)
    ]
    calls = [
        call(f"s{n % 3}", f"2026-11-20T{n % 24:02}:00:{n:02}.000Z", f"Tool{n % 4}", success=n % 5 and 1)
        for n in range(40)
    ]
    facts = {"s1": {"project_path": "/code/two"}, "told": {"last_record_at": "2026-11-22T10:00:00.000Z"}}
    folder = tmp_path_factory.mktemp("views")
    return stored.store(folder / "m.db", rows, calls, facts=facts, payload_usd={"told": 2.5})


def one(path: Path, sql: str) -> dict[str, float]:
    (row,) = stored.rows(path, sql)
    return dict(row)


def test_every_view_has_the_prefix_and_a_line_that_describes_it() -> None:
    assert NAMES and all(name.startswith("v_") for name in NAMES)
    described = re.findall(r"^-- (v_\w+): .+\ncreate view \1 as", TEXT, re.MULTILINE)
    assert described == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_view_can_be_read_by_a_reader_that_may_not_write(path: Path, name: str) -> None:
    with closing(database.connect_readonly(path)) as connection:
        connection.execute(f"select * from {name}").fetchall()


@pytest.mark.parametrize("name", PROMISED)
def test_no_promised_column_is_missing(path: Path, name: str) -> None:
    (row, *_) = stored.rows(path, f"select count(*) as n from {name}")
    columns = {each["name"] for each in stored.rows(path, f"select name from pragma_table_info('{name}')")}
    assert not set(PROMISED[name].split()) - columns
    assert row["n"] >= 0


@pytest.mark.parametrize("name", ["v_usage", "v_days", "v_models"])
def test_sums_add_up_to_the_requests_and_the_costs_without_any(path: Path, name: str) -> None:
    sums = ", ".join(f"sum({column}) as {column}" for column in SUMS)
    wanted = one(path, f"select {sums.replace('sum(requests)', 'count(*)')} from token_usage")
    wanted["cost_usd"] += 2.5
    assert one(path, f"select {sums} from {name}") == pytest.approx(wanted)


def test_session_models_add_up_to_the_requests(path: Path) -> None:
    wanted = one(path, "select count(*) as requests, sum(cost_usd) as usd from token_usage")
    assert one(path, "select sum(requests) as requests, sum(cost_usd) as usd from v_session_models") == pytest.approx(
        wanted
    )


@pytest.mark.parametrize("name", ["v_projects", "v_branches"])
def test_places_add_up_to_the_sessions(path: Path, name: str) -> None:
    wanted = one(path, "select count(*) as n, sum(total_cost_usd) as usd, sum(unpriced_tokens) as t from sessions")
    found = one(path, f"select sum(sessions) as n, sum(cost_usd) as usd, sum(unpriced_tokens) as t from {name}")
    assert found == pytest.approx(wanted)


def test_tools_add_up_to_the_calls(path: Path) -> None:
    failed = "sum(success = 0 and denied is not 1) as failed"
    wanted = one(path, f"select count(*) as n, {failed}, sum(duration_ms) as ms from tool_calls")
    assert one(path, "select sum(calls) as n, sum(failed) as failed, sum(duration_ms) as ms from v_tools") == wanted


def test_an_unknown_price_stays_null_in_every_sum(path: Path) -> None:
    for name in ("v_usage", "v_days", "v_models", "v_session_models", "v_requests"):
        rows = stored.rows(path, f"select cost_usd from {name} where model = '{UNKNOWN}'")
        assert rows and all(row["cost_usd"] is None for row in rows)
    (row,) = stored.rows(path, "select * from v_unpriced")
    tokens = one(path, f"select count(*) as n, sum(total_tokens) as t from v_requests where model = '{UNKNOWN}'")
    assert (row["model"], row["requests"], row["unpriced_tokens"]) == (UNKNOWN, tokens["n"], tokens["t"])


def test_a_quarter_hour_holds_its_own_requests(path: Path) -> None:
    for row in stored.rows(path, "select time, first_at, last_at from v_usage where requests > 0"):
        begin, end = (
            one(path, f"select cast(strftime('%s', '{row[at]}') as integer) as t")["t"]
            for at in ("first_at", "last_at")
        )
        assert row["time"] % 900 == 0 and row["time"] <= begin <= end < row["time"] + 900


def test_recording_again_leaves_the_sums_as_they_are(tmp_path: Path) -> None:
    rows = [request("a", "2026-11-20T10:00:00.000Z"), request("a", "2026-11-20T10:20:00.000Z")]
    path = stored.store(tmp_path / "m.db", rows)
    before = [tuple(row) for row in stored.rows(path, "select * from v_usage")]
    assert [tuple(row) for row in stored.rows(stored.store(path, rows), "select * from v_usage")] == before
    more = [
        tuple(row)
        for row in stored.rows(stored.store(path, [request("a", "2026-11-20T11:00:00.000Z")]), "select * from v_usage")
    ]
    assert len(before) == 2 and len(more) == 3 and more[:2] == before


def test_deleting_a_session_takes_its_sums_away(tmp_path: Path) -> None:
    path = stored.store(tmp_path / "m.db", [request(name, "2026-11-20T10:00:00.000Z") for name in "ab"])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("pragma foreign_keys = on")
        connection.execute("delete from sessions where session_id = 'a'")
    assert {row["session_id"] for row in stored.rows(path, "select session_id from v_usage")} == {"b"}


@pytest.mark.parametrize("folder", ["claude_metrics", "grafana/src"])
def test_nobody_takes_the_denied_calls_off_the_failed_ones_a_second_time(folder: str) -> None:
    root = Path(database.__file__).parents[2]
    again = re.compile(r"failed\)? - (?:total\(|sum\()?(?:\w\.)?denied")
    files = [path for path in (root / folder).rglob("*.py") if path.name != "migrations.py"]
    assert files and [path.name for path in files if again.search(path.read_text(encoding="utf-8"))] == []
