"""Reports against sums made here, row by row, from `token_usage` and the captures' oracles."""

import json
import os
import pty
import re
import sqlite3
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from rich.cells import cell_len

from claude_metrics.config import zones
from claude_metrics.reports import blocks as report_blocks
from claude_metrics.reports import query as engine
from claude_metrics.reports import session_ids
from claude_metrics.store.connection import connect_readonly
from tests.support import captured, stored
from tests.support.stored import HAIKU, OPUS, UNKNOWN, call, request

pytestmark = pytest.mark.slow

TOKENS = ("input_tokens", "output_tokens", "cache_creation_tokens", "cache_read_tokens")
USAGE_REPORTS = ("daily", "weekly", "monthly", "sessions", "projects", "branches", "models")
ZONES = ("UTC", "Asia/Kathmandu", "Australia/Lord_Howe", "America/New_York", "Pacific/Chatham", "America/St_Johns")

# Around midnight in several zones, and around the changes of summer time in New York and on Lord Howe.
TIMES = (
    "2026-03-08T04:59:59.999Z", "2026-03-08T05:00:00.000Z", "2026-03-08T06:59:59.999Z", "2026-03-09T03:59:59.999Z",
    "2026-03-09T04:00:00.000Z", "2026-04-04T13:30:00.000Z", "2026-04-05T13:29:59.999Z", "2026-04-05T13:30:00.000Z",
    "2026-10-03T13:29:59.999Z", "2026-10-03T13:30:00.000Z", "2026-11-01T03:59:59.999Z", "2026-11-02T04:59:59.999Z",
    "2026-11-02T05:00:00.000Z", "2026-11-19T18:14:59.999Z", "2026-11-19T18:15:00.000Z", "2026-11-20T10:14:59.999Z",
    "2026-11-20T10:15:00.000Z", "2026-12-31T23:59:59.999Z", "2027-01-01T00:00:00.000Z", "2026-06-30T02:29:59.999Z",
    "2026-06-30T02:30:00.000Z",
)  # fmt: skip


@pytest.fixture(scope="module")
def spread(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Requests of three sessions at `TIMES`, of two known models and an unknown one."""
    path = tmp_path_factory.mktemp("spread") / "metrics.db"
    rows = [
        request(
            f"session-{number % 3}", at, (OPUS, HAIKU, UNKNOWN)[number % 3 if number % 5 else 0], (number, 7, 11, 13)
        )
        for number, at in enumerate(TIMES, 1)
    ]
    places = {"session-1": {"project_path": "/code/other", "git_branch": "topic"}, "session-2": {"title": "Third"}}
    return stored.store(path, rows, facts=places)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All of Claude Code's captures in one database."""
    home = tmp_path_factory.mktemp("recorded")
    for name in captured.names():
        captured.Capture(captured.CAPTURES / name, home).lay_out()
    env = {"HOME": str(home), "CLAUDE_METRICS_HOME": str(home / "ours")}
    done = stored.run("sync", "--path", home / ".claude", "--db-path", home / "metrics.db", **env)
    assert done.returncode == 0, done.stderr
    return home / "metrics.db"


def requests(path: Path) -> list[sqlite3.Row]:
    return stored.rows(path, "select * from token_usage join sessions using (session_id)")


def local(timestamp: str, zone: str) -> datetime:
    return datetime.fromisoformat(timestamp).astimezone(ZoneInfo(zone))


def expected(rows: list[sqlite3.Row], key: Callable[[sqlite3.Row], Any]) -> dict[Any, dict[str, float]]:
    """The same sums, a row at a time."""
    found: dict[Any, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for row in rows:
        sums = found[key(row)]
        for name in TOKENS:
            sums[name] += row[name]
        sums["total_tokens"] += sum(row[name] for name in TOKENS)
        sums["requests"] += 1
        sums["cost_usd"] += row["cost_usd"] or 0
        sums["unpriced_tokens"] += 0 if row["cost_usd"] is not None else sum(row[name] for name in TOKENS)
    return found


def agrees(entry: dict[str, Any], sums: dict[str, float]) -> bool:
    return all((entry[name] or 0) == pytest.approx(value, abs=1e-9) for name, value in sums.items())


def matches(entries: list[dict[str, Any]], name: str, wanted: dict[Any, dict[str, float]]) -> None:
    assert [entry[name] for entry in entries] == sorted(wanted)
    for entry in entries:
        assert agrees(entry, wanted[entry[name]]), entry


# Days, weeks and months


@pytest.mark.parametrize("zone", ZONES)
def test_a_request_belongs_to_the_day_of_its_own_time_in_the_readers_zone(spread: Path, zone: str) -> None:
    wanted = expected(requests(spread), lambda row: local(row["timestamp"], zone).date().isoformat())
    matches(stored.report(spread, "daily", "--tz", zone)["daily"], "date", wanted)


def test_zones_differ_in_what_they_call_a_day(spread: Path) -> None:
    days = [[e["date"] for e in stored.report(spread, "daily", "--tz", zone)["daily"]] for zone in ZONES[:4]]
    assert len({tuple(each) for each in days}) == 4


def test_without_tz_the_systems_zone_counts_and_the_config_comes_before_it(spread: Path, home: Path) -> None:
    def days(**env: str) -> list[str]:
        done = stored.run("report", "daily", "--json", "--db-path", spread, **env)
        return [entry["date"] for entry in json.loads(done.stdout)["daily"]]

    chatham = [entry["date"] for entry in stored.report(spread, "daily", "--tz", "Pacific/Chatham")["daily"]]
    assert days(TZ="Pacific/Chatham") == chatham != days(TZ="UTC")
    config = home / "claude-metrics" / "config" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text('timezone = "Pacific/Chatham"\n')
    assert days(TZ="UTC") == chatham


@pytest.mark.parametrize(("first", "weekday"), [("monday", 0), ("sunday", 6)])
def test_a_week_is_named_by_its_first_day(spread: Path, first: str, weekday: int) -> None:
    def week(row: sqlite3.Row) -> str:
        day = local(row["timestamp"], "Asia/Kathmandu").date()
        return (day - timedelta(days=(day.weekday() - weekday) % 7)).isoformat()

    found = stored.report(spread, "weekly", "--start-of-week", first, "--tz", "Asia/Kathmandu")
    matches(found["weekly"], "week", expected(requests(spread), week))


def test_months_are_local_months(spread: Path) -> None:
    wanted = expected(requests(spread), lambda row: local(row["timestamp"], "America/St_Johns").strftime("%Y-%m"))
    matches(stored.report(spread, "monthly", "--tz", "America/St_Johns")["monthly"], "month", wanted)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    ("since", "until"), [("2026-03-08", "2026-03-08"), ("2026-04-05", "2026-11-19"), (None, "2026-11-01")]
)
def test_since_and_until_are_whole_local_days(spread: Path, zone: str, since: str | None, until: str) -> None:
    def inside(row: sqlite3.Row) -> bool:
        return (since or "") <= local(row["timestamp"], zone).date().isoformat() <= until

    kept = [row for row in requests(spread) if inside(row)]
    wanted = expected(kept, lambda row: local(row["timestamp"], zone).date().isoformat())
    where = engine.Filter(since, until, ZoneInfo(zone))
    with closing(connect_readonly(spread)) as connection:
        found = engine.by_time(connection, where, "date")
    assert {entry.about["date"]: entry.sums.total_tokens for entry in found} == {
        day: sums["total_tokens"] for day, sums in wanted.items()
    }


def test_compact_dates_do_as_in_ccusage(spread: Path) -> None:
    dashed = stored.report(spread, "daily", "--since", "2026-11-01", "--tz", "UTC")
    assert stored.report(spread, "daily", "--since", "20261101", "--tz", "UTC") == dashed


# The same rows under every heading


@pytest.mark.parametrize(
    "arguments", [(), ("--since", "2026-04-05"), ("--model", "opus"), ("--project", "OTHER")], ids=str
)
def test_all_usage_reports_have_the_same_totals(spread: Path, arguments: tuple[str, ...]) -> None:
    totals = [stored.report(spread, kind, *arguments, "--tz", "UTC")["totals"] for kind in USAGE_REPORTS]
    kept = [row for row in requests(spread) if _kept(row, arguments)]
    (wanted,) = expected(kept, lambda row: "all").values()
    assert kept
    for found in totals:
        assert agrees(found, wanted)


def _kept(row: sqlite3.Row, arguments: tuple[str, ...]) -> bool:
    if not arguments:
        return True
    option, value = arguments
    if option == "--since":
        return row["timestamp"] >= value
    return value in row["model"] if option == "--model" else row["project_name"] == value.lower()


@pytest.mark.parametrize(
    ("kind", "name", "column"),
    [
        ("sessions", "session_id", "session_id"),
        ("models", "model", "model"),
        ("projects", "project_path", "project_path"),
    ],
)
def test_what_it_was_spent_on(spread: Path, kind: str, name: str, column: str) -> None:
    wanted = expected(requests(spread), lambda row: row[column])
    found = stored.report(spread, kind)[kind]
    assert {entry[name] for entry in found} == set(wanted)
    for entry in found:
        assert agrees(entry, wanted[entry[name]])
        assert agrees(
            {k: sum(part[k] or 0 for part in entry["breakdown"]) for k in TOKENS}, {k: entry[k] for k in TOKENS}
        )


def test_projects_come_with_the_costliest_first(spread: Path) -> None:
    costs = [entry["cost_usd"] for entry in stored.report(spread, "projects")["projects"]]
    assert costs == sorted(costs, reverse=True) and len(costs) == 2


def test_sessions_count_only_what_they_used_inside_the_days_asked_for(spread: Path) -> None:
    found = stored.report(spread, "sessions", "--since", "2026-11-20", "--tz", "UTC")["sessions"]
    wanted = expected([r for r in requests(spread) if r["timestamp"] >= "2026-11-20"], lambda row: row["session_id"])
    assert {e["session_id"]: e["total_tokens"] for e in found} == {k: v["total_tokens"] for k, v in wanted.items()}


def test_the_sessions_of_all_captures_cost_what_the_client_says(recorded: Path) -> None:
    found = {e["session_id"]: e for e in stored.report(recorded, "sessions")["sessions"]}
    checked = 0
    for name in captured.names():
        oracle = json.loads((captured.CAPTURES / name / "oracle.json").read_text())
        for session, facts in oracle["sessions"].items():
            if session in found and facts["client_cost_usd"] and "transcript_cost_usd" in facts and "fork" not in name:
                own = facts["transcript_cost_usd"]["own_lines"]
                client = 0 if name.split("/")[1].startswith("v2.0") else facts["client_cost_usd"]
                right = facts.get("expected_cost_usd") or max(own, client)  # named where the client's total is wrong
                assert found[session]["cost_usd"] == pytest.approx(right, abs=1e-6), (name, session)
                checked += 1
    assert checked > 20


# What is not known


def test_an_unknown_price_is_null_and_named(spread: Path) -> None:
    found = stored.report(spread, "models")
    (unknown,) = [entry for entry in found["models"] if entry["model"] == UNKNOWN]
    assert unknown["cost_usd"] is None
    assert found["unpriced"] == [{"model": UNKNOWN, "tokens": unknown["total_tokens"]}]


@pytest.mark.parametrize("kind", USAGE_REPORTS)
def test_every_table_of_money_names_the_models_without_a_price(spread: Path, kind: str) -> None:
    text = stored.run("report", kind, "--db-path", spread).stdout
    (line,) = [line for line in text.splitlines() if line.startswith("? price unknown")]
    assert UNKNOWN in line and f'[prices."{UNKNOWN}"]' in line


def test_an_unknown_price_is_shown_as_a_question_mark_never_as_nothing(spread: Path) -> None:
    text = stored.run("report", "models", "--db-path", spread).stdout
    (line,) = [line for line in text.splitlines() if line.startswith(UNKNOWN)]
    assert line.split()[-1] == "?"
    (total,) = [line for line in text.splitlines() if line.startswith("Total")]
    assert total.rstrip().endswith("+ ?")


def test_tokens_that_old_clients_did_not_write_down_are_told(recorded: Path) -> None:
    stored_tokens = stored.rows(recorded, "select sum(understated_tokens) as n, count(*) as k from sessions "
                                          "where understated_tokens > 0")[0]  # fmt: skip
    found = stored.report(recorded, "daily")["understated"]
    assert found == {"sessions": stored_tokens["k"], "output_tokens": stored_tokens["n"]}
    assert (
        f"about {found['output_tokens']} output tokens" in stored.run("report", "daily", "--db-path", recorded).stdout
    )


def test_a_cost_without_usage_counts_in_every_report(tmp_path: Path) -> None:
    path = stored.store(
        tmp_path / "m.db", [request("a", "2026-11-20T10:00:00.000Z")], payload_usd={"told": 1.25},
        facts={"told": {"last_record_at": "2026-11-20T11:00:00.000Z"}},
    )  # fmt: skip
    (known,) = stored.rows(path, "select cost_usd from token_usage")
    for kind in USAGE_REPORTS:
        assert stored.report(path, kind)["totals"]["cost_usd"] == pytest.approx(known["cost_usd"] + 1.25)


# Slips of the pen


def test_an_unknown_project_names_those_that_are_near(spread: Path) -> None:
    done = stored.run("report", "daily", "--project", "othr", "--db-path", spread)
    assert (done.returncode, done.stdout) == (1, "")
    assert "no project `othr`" in done.stderr and "other" in done.stderr


def test_an_unknown_zone_says_how_zones_are_called(spread: Path) -> None:
    done = stored.run("report", "daily", "--tz", "Berlin", "--db-path", spread)
    assert done.returncode == 1 and "Europe/Berlin" in done.stderr and done.stderr.count("\n") == 1


def test_without_a_database_the_next_step_is_named(tmp_path: Path) -> None:
    done = stored.run("report", "daily", "--db-path", tmp_path / "none.db")
    assert done.returncode == 1 and "claude-metrics setup" in done.stderr
    assert not (tmp_path / "none.db").exists()


def test_a_range_with_nothing_in_it_is_no_failure(spread: Path) -> None:
    done = stored.run("report", "daily", "--since", "2030-01-01", "--db-path", spread)
    assert done.returncode == 0 and "No usage is stored" in done.stdout
    assert stored.report(spread, "daily", "--since", "2030-01-01")["daily"] == []


# How it looks


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Numbers of ten digits, and names longer than any screen."""
    path = tmp_path_factory.mktemp("large") / "metrics.db"
    big = (123_456_789, 98_765_432, 1_234_567_890, 9_876_543_210)
    rows = [request(f"{n:08x}-aaaa", f"2026-11-2{n}T10:00:00.000Z", m, big) for n, m in enumerate((OPUS, HAIKU))]
    facts = {row.session_id: {"title": "A title " * 40, "project_path": f"/code/{'long-name-' * 20}"} for row in rows}
    return stored.store(path, rows, [call(row.session_id, row.timestamp, "Tool" * 30) for row in rows], facts=facts)


@pytest.mark.parametrize("columns", [80, 160])
@pytest.mark.parametrize("kind", [*USAGE_REPORTS, "tools", "blocks"])
def test_tables_fit_and_no_number_is_cut(large: Path, kind: str, columns: int) -> None:
    arguments = ("report", kind, "--tz", "UTC", "--db-path", large)
    text = stored.run(*arguments, COLUMNS=str(columns)).stdout
    table = [line for line in text.splitlines() if not line.startswith(("Hidden columns", "Running"))]
    assert max(map(len, table)) <= columns
    assert not re.search(r"\d…|…\d", text.replace("long-name", ""))
    if kind != "tools":
        total = stored.report(large, kind, "--tz", "UTC")["totals"]
        assert f"${total['cost_usd']:,.2f}" in text
        assert columns == 80 or f"{total['total_tokens']:,}" in text


def test_what_is_left_out_for_want_of_room_is_named(large: Path) -> None:
    narrow = stored.run("report", "daily", "--db-path", large, COLUMNS="60").stdout
    assert re.search(r"Hidden columns .*Cache Create", narrow)


@pytest.mark.parametrize("kind", [*USAGE_REPORTS, "tools"])
def test_in_a_pipe_nothing_is_cut_and_nothing_coloured(large: Path, kind: str) -> None:
    text = stored.run("report", kind, "--db-path", large).stdout
    assert "…" not in text and "Hidden columns" not in text and "\x1b" not in text


def on_a_terminal(*arguments: str, **env: str) -> str:
    """What the command writes to a terminal of 80 columns."""
    leader, follower = pty.openpty()
    variables = os.environ | {"TERM": "xterm-256color", "COLUMNS": "80"} | env
    with os.fdopen(follower, "wb") as screen:
        command = [sys.executable, "-m", "claude_metrics", *arguments]
        subprocess.run(command, stdin=screen, stdout=screen, env=variables, check=True, timeout=60)
    return b"".join(_read(leader)).decode()


def _read(descriptor: int) -> Iterator[bytes]:
    try:
        while part := os.read(descriptor, 65536):
            yield part
    except OSError:  # the other end is closed
        os.close(descriptor)


def test_colours_are_for_terminals_and_no_color_turns_them_off(spread: Path) -> None:
    arguments = ("report", "models", "--db-path", str(spread))
    assert "\x1b[33m" in on_a_terminal(*arguments)
    assert not re.search(r"\x1b\[[0-9;]*3\d", on_a_terminal(*arguments, NO_COLOR="1"))


def test_what_a_transcript_says_cannot_write_to_the_terminal(tmp_path: Path) -> None:
    nasty = {"title": "red \x1b[31m bell \x07 \u202e", "project_path": "/code/[bold]x\x1b]0;t\x07"}
    path = stored.store(tmp_path / "m.db", [request("a", "2026-11-20T10:00:00.000Z")], facts={"a": nasty})
    for kind in ("sessions", "projects", "branches"):
        text = stored.run("report", kind, "--db-path", path).stdout
        assert not set(text) & {"\x1b", "\x07", "\u202e"}
        assert kind == "branches" or "[bold]x" in text


def test_a_stream_that_knows_no_unicode_gets_plain_lines(tmp_path: Path) -> None:
    path = stored.store(
        tmp_path / "m.db", [request("a", "2026-11-20T10:00:00.000Z")], facts={"a": {"title": "Größe 🎉"}}
    )
    done = stored.run("report", "sessions", "--db-path", path, PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert "Gr??e ?" in done.stdout and "-----" in done.stdout


def test_wide_characters_keep_the_columns_straight(tmp_path: Path) -> None:
    rows = [request(name, "2026-11-20T10:00:00.000Z") for name in "ab"]
    facts = {"a": {"title": "日本語のタイトル" * 9}, "b": {"title": "x" * 80}}
    text = stored.run(
        "report", "sessions", "--db-path", stored.store(tmp_path / "m.db", rows, facts=facts), COLUMNS="90"
    ).stdout
    lines = [line for line in text.splitlines() if "opus" in line]
    assert len(lines) == 2 and {cell_len(line) for line in lines} == {cell_len(lines[0])} and cell_len(lines[0]) <= 90


def test_a_breakdown_has_a_line_per_model(spread: Path) -> None:
    plain = stored.run("report", "monthly", "--db-path", spread, "--tz", "UTC").stdout.splitlines()
    broken = stored.run("report", "monthly", "-b", "--db-path", spread, "--tz", "UTC").stdout.splitlines()
    parts = sum(len(entry["breakdown"]) for entry in stored.report(spread, "monthly", "--tz", "UTC")["monthly"])
    assert len(broken) - len(plain) == parts


# Windows of five hours


def test_windows_begin_with_the_hour_of_the_first_request_after_the_last_one(tmp_path: Path) -> None:
    times = [
        "08:59:59.999",
        "09:10:00.000",
        "12:59:59.999",
        "13:00:00.000",
        "13:59:00.000",
        "22:31:00.000",
        "23:59:59.999",
    ]
    rows = [request("a", f"2026-11-20T{at}Z") for at in times] + [request("b", "2026-11-21T03:00:00.000Z", HAIKU)]
    path = stored.store(tmp_path / "m.db", rows)
    found = stored.report(path, "blocks")["blocks"]
    wanted: list[list[str]] = []
    begin = datetime.min.replace(tzinfo=UTC)
    for row in sorted(rows, key=lambda row: row.timestamp):
        at = datetime.fromisoformat(row.timestamp)
        if at >= begin + timedelta(hours=5):
            begin = at.replace(minute=0, second=0, microsecond=0)
            wanted.append([])
        wanted[-1].append(row.timestamp)
    assert [(entry["requests"], entry["last_activity"]) for entry in found] == [(len(w), w[-1]) for w in wanted]
    assert [entry["start"][11:16] for entry in found] == ["08:00", "13:00", "22:00", "03:00"]


def test_asking_for_a_day_does_not_move_the_windows(tmp_path: Path) -> None:
    rows = [request("a", f"2026-11-{day}T{hour}:30:00.000Z") for day in (20, 21) for hour in ("20", "23")]
    path = stored.store(tmp_path / "m.db", [*rows, request("a", "2026-11-21T00:30:00.000Z")])
    whole = stored.report(path, "blocks", "--tz", "UTC")["blocks"]
    asked = stored.report(path, "blocks", "--since", "2026-11-21", "--tz", "UTC")["blocks"]
    assert [row | {"pace": None} for row in asked] == [row | {"pace": None} for row in whole[1:]]  # a minute may pass


def test_a_running_window_tells_its_pace() -> None:
    entry = engine.Entry({"start": "2026-11-20T10:00:00.000Z", "end": "2026-11-20T15:00:00.000Z"})
    entry.add(OPUS, engine.Sums(1, 0, 0, 0, 0, 12_000, 4.0, 0))
    pace = report_blocks.pace(entry, datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp())
    assert (pace.usd_per_hour, pace.tokens_per_minute, pace.projected_usd, pace.remaining_minutes) == (
        2.0,
        100.0,
        10.0,
        180,
    )


# Tools and commits


def test_tools_are_counted_with_their_failures_and_times(recorded: Path) -> None:
    wanted: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for row in stored.rows(recorded, "select tool_name, success, denied, duration_ms from tool_calls"):
        failed = row["success"] == 0 and not row["denied"]
        values = (1, failed, row["success"] is None, row["duration_ms"] or 0)
        wanted[row["tool_name"]] = [a + b for a, b in zip(wanted[row["tool_name"]], values, strict=True)]
    found = stored.report(recorded, "tools")
    names = ("calls", "failed", "unfinished", "duration_ms")
    assert {line["tool_name"]: [line[name] for name in names] for line in found["tools"]} == wanted
    assert found["totals"]["calls"] == sum(sums[0] for sums in wanted.values())


def test_commits_that_are_gone_do_not_count(tmp_path: Path) -> None:
    path = stored.store(tmp_path / "m.db", [request("a", "2026-11-20T10:00:00.000Z")])
    commit = (
        "insert into commits (repository, sha, session_id, message, committed_at, lines_added, attribution, reachable)"
    )
    with closing(sqlite3.connect(path)) as connection, connection:
        for sha, how, reachable in (("a1", "proven", 1), ("b2", "proven", 0), ("c3", "inferred", 1)):
            values = ("/r", sha, "a", f"Commit {sha}", "2026-11-20T10:00:00.000Z", 5, how, reachable)
            connection.execute(f"{commit} values (?, ?, ?, ?, ?, ?, ?, ?)", values)
    found = stored.report(path, "commits")
    assert [line["sha"] for line in found["commits"]] == ["a1", "c3"]
    assert (found["totals"]["commits"], found["totals"]["inferred"], found["totals"]["lines_added"]) == (1, 1, 5)


# Work


def test_no_usage_report_reads_the_requests_themselves(spread: Path) -> None:
    """A million of them would take seconds; the sums by quarter hour are far fewer."""
    read: set[str] = set()

    def note(action: int, table: str | None, *_: object) -> int:
        read.add(table or "") if action == sqlite3.SQLITE_READ else None
        return sqlite3.SQLITE_OK

    with closing(connect_readonly(spread)) as connection:
        connection.set_authorizer(note)
        where = engine.Filter(zone=zones.zone("UTC"))
        engine.by_time(connection, where, "date")
        engine.by_session(connection, where)
        engine.by_column(connection, where, ("project", "branch"))
        report_blocks.blocks(connection, where, 0)
    assert "usage_15min" in read and not read & {"token_usage", "tool_calls"}


def test_ids_are_shortened_to_what_is_unique() -> None:
    ids = ["ses_0001abcdef", "ses_0001abcxyz", "ses_0002", "0f00-1111"]
    short = session_ids.shortened(ids)
    assert short == {ids[0]: "ses_0001abcd", ids[1]: "ses_0001abcx", ids[2]: "ses_0002", ids[3]: "0f00-111"}
    assert all(sum(other.startswith(text) for other in ids) == 1 for text in short.values())
