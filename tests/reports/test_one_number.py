"""A number has one definition: every command, page, view and dashboard shows the same, for each filter."""

import json
import re
import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from claude_metrics.context import spend
from claude_metrics.context.settings import Settings
from tests.grafana import suite
from tests.grafana.emulator import Range
from tests.support import captured, stored

pytestmark = pytest.mark.slow

AGENTS = {"claude-code": "claude", "codex-cli": "codex", "gemini-cli": "gemini", "opencode": "opencode"}
USAGE = ("requests", "total_tokens", "cost_usd")
BY = ("daily", "weekly", "monthly", "sessions", "projects", "branches", "models", "agents")
DAY = "2026-11-20"
# The same filter, as options of a report and as a condition on a view.
FILTERS = {
    "everything": ((), "true"),
    "one day": (("--since", DAY, "--until", DAY), f"date(time, 'unixepoch') = '{DAY}'"),
    "later": (("--since", "2026-11-21"), "date(time, 'unixepoch') >= '2026-11-21'"),
    "claude": (("--agent", "claude"), "agent = 'claude_code'"),
    "others": (("--agent", "codex", "--agent", "gemini"), "agent in ('codex_cli', 'gemini_cli')"),
    "project": (("--project", "app"), "project = 'app'"),
}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All captures of all agents, with a commit of each kind and durations in several classes besides."""
    home = tmp_path_factory.mktemp("numbers")
    env = {"HOME": str(home), "CLAUDE_METRICS_HOME": str(home / "ours"), "TZ": "UTC"}
    for agent in AGENTS:
        for name in captured.names(agent):
            captured.Capture(captured.CAPTURES / name, home).lay_out()
    done = stored.run("sync", "--db-path", home / "metrics.db", **env)
    assert done.returncode == 0, done.stderr
    calls = [
        stored.call("extra", f"{DAY}T10:{n:02}:00.000Z", f"Tool{n % 3}", duration_ms=7 ** (n % 8), success=n % 4 and 1,
                    denied=int(n % 8 == 0) or None)
        for n in range(48)
    ]  # fmt: skip
    calls.append(stored.call("extra", f"{DAY}T11:00:00.000Z", "Open", success=None, duration_ms=None))
    stored.store(home / "metrics.db", [stored.request("extra", f"{DAY}T10:00:00.000Z")], calls)
    _commit(home / "metrics.db")
    return home / "metrics.db"


def _commit(path: Path) -> None:
    columns = "repository, sha, session_id, message, committed_at, lines_added, lines_deleted, attribution, reachable"
    with closing(sqlite3.connect(path)) as connection, connection:
        kinds = (("proven", 1), ("proven", 0), ("inferred", 1), ("inferred", 0))
        for sha, (how, reachable) in zip("abcd", kinds, strict=True):
            row = ("/r", sha, "extra", f"Commit {sha}", f"{DAY}T10:30:00.000Z", 5, 2, how, reachable)
            connection.execute(f"insert into commits ({columns}) values ({', '.join('?' * len(row))})", row)
        connection.execute("update sessions set commits = 1 where session_id = 'extra'")  # as recording it would have


class Page(HTMLParser):
    """The figures of a page by name, what stands below each, and the cells of its tables by caption."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.figures: dict[str, str] = {}
        self.notes: dict[str, str] = {}
        self.tables: dict[str, list[list[tuple[str, float | None]]]] = defaultdict(list)
        self._into: Any = None
        self._name = self._table = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._into = None
        if tag == "dd" and (given.get("id") or "").startswith("figure-"):
            self._name = str(given["id"]).removeprefix("figure-")
            self._into = self.figures, self._name
        elif tag == "dd" and self._name:
            self._into, self._name = (self.notes, self._name), ""
        elif tag == "caption":
            self._into = "caption"
        elif tag == "tr" and self._table:
            self.tables[self._table].append([])
        elif tag == "td":
            value = given.get("data-value")
            self.tables[self._table][-1].append(("", float(value) if value else None))
            self._into = "cell"

    def handle_endtag(self, tag: str) -> None:
        self._into = None

    def handle_data(self, data: str) -> None:
        if self._into == "caption":
            self._table = data
        elif self._into == "cell":
            row = self.tables[self._table][-1]
            row[-1] = (data, row[-1][1])
        elif self._into:
            self._into[0][self._into[1]] = data


def number(text: str | None) -> float:
    """`$1,234.50`, `12 failed` or nothing."""
    return float(re.sub(r"[^\d.]", "", text or "") or 0)


def page(path: Path, *options: str) -> Page:
    file = path.with_name("page.html")
    done = stored.run("report", "--html", file, *options, "--tz", "UTC", "--db-path", path)
    assert done.returncode == 0, done.stderr
    return Page(file.read_text())


def session(path: Path, session_id: str) -> dict[str, Any]:
    done = stored.run("session", "show", session_id, "--json", "--db-path", path)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def one(path: Path, sql: str) -> dict[str, Any]:
    (row,) = stored.rows(path, sql)
    return {name: row[name] or 0 for name in row.keys()}  # noqa: SIM118 - a sqlite3.Row iterates over its values


def dashboard(path: Path, board: str, panel: int) -> Any:
    """A panel's rows over all time, with everything chosen."""
    when = Range(0, int(datetime.fromisoformat("2027-01-01T00:00:00Z").timestamp()) * 1000)
    return suite.run(suite.datasource(path), suite.target(board, panel), when)


@pytest.mark.parametrize("name", FILTERS)
def test_usage_is_the_same_in_every_report_page_and_view(path: Path, name: str) -> None:
    options, condition = FILTERS[name]
    sums = ", ".join(f"sum({column}) as {column}" for column in USAGE)
    wanted = one(path, f"select {sums}, count(distinct session_id) as sessions from v_usage where {condition}")
    assert one(path, f"select {sums.replace('sum(requests)', 'count(*)')} from v_requests where {condition}") == (
        pytest.approx({column: wanted[column] for column in USAGE})
    )
    for kind in BY:
        found = stored.report(path, kind, *options, "--tz", "UTC")
        assert {column: found["totals"][column] or 0 for column in USAGE} == pytest.approx(
            {column: wanted[column] for column in USAGE}
        ), kind
        assert sum(line["cost_usd"] or 0 for line in found[kind]) == pytest.approx(wanted["cost_usd"]), kind
    assert len(stored.report(path, "sessions", *options, "--tz", "UTC")["sessions"]) == wanted["sessions"]
    shown = page(path, *options).figures
    assert [number(shown[key]) for key in ("requests", "tokens", "sessions")] == [
        wanted["requests"], wanted["total_tokens"], wanted["sessions"]]  # fmt: skip
    assert number(shown["cost"]) == pytest.approx(wanted["cost_usd"], abs=0.006)


@pytest.mark.parametrize("split", ["agent", "agent,project", "model,branch"])
def test_groups_of_lines_add_up_to_the_same(path: Path, split: str) -> None:
    wanted = one(path, "select sum(cost_usd) as cost, sum(total_tokens) as tokens from v_usage")
    for kind in (kind for kind in BY if kind != "sessions"):
        lines = stored.report(path, kind, "--group-by", split, "--tz", "UTC")[kind]
        assert sum(line["cost_usd"] or 0 for line in lines) == pytest.approx(wanted["cost"]), kind
        assert sum(line["total_tokens"] for line in lines) == wanted["tokens"], kind


def test_the_first_screen_says_what_the_views_say(path: Path) -> None:
    done = stored.run("--json", "--tz", "UTC", "--db-path", path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    sums = ", ".join(f"sum({column}) as {column}" for column in USAGE)
    spans = [*found["periods"], *(period["before"] for period in found["periods"])]
    whole = {"since": found["days"][0]["date"], "until": found["days"][-1]["date"]}
    spans += [
        {**whole, **{column: sum(e[column] or 0 for e in found[kind]) for column in USAGE}}
        for kind in ("days", "projects", "models")
    ]
    for span in spans:
        days = f"date(time, 'unixepoch') between '{span['since']}' and '{span['until']}'"
        wanted = one(path, f"select {sums} from v_usage where {days}")
        assert {column: span[column] or 0 for column in USAGE} == pytest.approx(wanted), span["since"]
    for row in found["sessions"]:
        wanted = one(path, f"select total_cost_usd as cost_usd, total_tokens from v_sessions"
                     f" where session_id = '{row['session_id']}'")  # fmt: skip
        assert {name: row[name] or 0 for name in wanted} == wanted


@pytest.mark.parametrize("name", FILTERS)
def test_tool_calls_and_their_failures_are_the_same_everywhere(path: Path, name: str) -> None:
    options, condition = FILTERS[name]
    columns = "sum(calls) as calls, sum(failed) as failed, sum(denied) as denied, sum(unfinished) as unfinished"
    wanted = one(path, f"select {columns} from v_tools where {condition}")
    calls = """count(*) as calls, sum(result = 'failed') as failed, sum(result = 'denied') as denied,
        sum(result = 'unfinished') as unfinished"""
    assert one(path, f"select {calls} from v_tool_calls where {condition}") == wanted
    found = stored.report(path, "tools", *options, "--tz", "UTC")["totals"]
    assert {key: found.get(key, 0) for key in wanted} == wanted
    shown = page(path, *options)
    assert [number(shown.figures["tool-calls"]), number(shown.notes.get("tool-calls"))] == [
        wanted["calls"], wanted["failed"]]  # fmt: skip


@pytest.mark.parametrize("name", FILTERS)
def test_commits_that_count_are_the_same_everywhere(path: Path, name: str) -> None:
    options, condition = FILTERS[name]
    columns = "count(*) as commits, sum(lines_added) as lines_added, sum(lines_deleted) as lines_deleted"
    wanted = one(path, f"select {columns} from v_commits where counted and {condition}")
    found = stored.report(path, "commits", *options, "--tz", "UTC")["totals"]
    assert {key: found[key] for key in wanted} == wanted
    assert number(page(path, *options).figures["commits"]) == wanted["commits"]


def test_sums_of_sessions_are_those_of_all_they_did(path: Path) -> None:
    by_session = one(
        path,
        """select count(*) as sessions, sum(total_cost_usd) as cost, sum(total_tokens) as tokens,
        sum(commits) as commits,
        sum(tool_calls) as calls, sum(failed_tool_calls) as failed from v_sessions""",
    )
    by_project = one(
        path,
        """select sum(sessions) as sessions, sum(cost_usd) as cost, sum(total_tokens) as tokens,
        sum(commits) as commits,
        sum(tool_calls) as calls from v_projects""",
    )
    assert by_project == pytest.approx({key: by_session[key] for key in by_project})
    usage = one(path, "select sum(cost_usd) as cost, sum(total_tokens) as tokens from v_usage")
    assert usage == pytest.approx({key: by_session[key] for key in usage})
    tools = one(path, "select sum(calls) as calls, sum(failed) as failed from v_tools")
    assert tools == {key: by_session[key] for key in tools} and tools["failed"] > 0
    assert one(path, "select count(*) as commits from v_commits where counted")["commits"] == by_session["commits"] > 0


def test_one_session_says_the_same_of_itself_everywhere(path: Path, tmp_path: Path) -> None:
    chosen = stored.rows(path, "select session_id from v_sessions order by failed_tool_calls desc, session_id limit 4")
    lines = {line["session_id"]: line for line in stored.report(path, "sessions")["sessions"]}
    for (session_id,) in map(tuple, chosen):
        shown = session(path, session_id)
        row, line = shown["session"], lines[session_id]
        assert (line["cost_usd"], line["total_tokens"], line["commits"]) == (
            pytest.approx(row["total_cost_usd"]), row["total_tokens"], row["commits"])  # fmt: skip
        assert sum(model["cost_usd"] or 0 for model in shown["models"]) == pytest.approx(row["total_cost_usd"])
        assert sum(tool["calls"] for tool in shown["tools"]) == row["tool_calls"] == len(shown["tool_calls"])
        assert sum(tool["failed"] for tool in shown["tools"]) == row["failed_tool_calls"]
        assert sum(commit["counted"] for commit in shown["commits"]) == row["commits"]
        file = tmp_path / "session.html"
        done = stored.run("session", "export", session_id, "--format", "html", "-o", file, "--db-path", path)
        assert done.returncode == 0, done.stderr
        html = Page(file.read_text())
        assert [number(html.figures[key]) for key in ("tokens", "tool-calls", "commits")] == [
            row["total_tokens"], row["tool_calls"], row["commits"]]  # fmt: skip
        assert number(html.notes.get("tool-calls")) == row["failed_tool_calls"]
        assert number(html.figures["cost"]) == pytest.approx(row["total_cost_usd"], abs=0.00006)


def test_a_tools_percentiles_are_the_same_in_report_page_and_dashboard(path: Path) -> None:
    found = stored.report(path, "tools")["sizes"]
    reported = {size["tool_name"]: (size["p50_ms"], size["p95_ms"]) for size in found if size["p50_ms"] is not None}
    shown = {row[0]: row[1:] for row in dashboard(path, "cm-tools", 6).rows}
    assert len(shown) >= 5 and set(shown) <= set(reported)
    for name, percentiles in shown.items():
        assert percentiles == pytest.approx(reported[name]), name
    table = {row[0][0]: (row[4][1], row[5][1]) for row in page(path).tables["Tools"] if row}
    for name, (half, most) in reported.items():
        assert table[name] == pytest.approx((half, most)), name
        lasted = "select duration_ms from v_tool_calls where tool_name = ? and duration_ms is not null order by 1"
        took = [row[0] for row in stored.rows(path, lasted, name)]
        for value, part in ((half, 0.5), (most, 0.95)):
            reached = took[max(0, int(-(-len(took) * part // 1)) - 1)]
            bounds = "select lower_ms, upper_ms from v_duration_classes where ? > lower_ms or class = 0 order by 1 desc"
            lower, upper = stored.rows(path, bounds, reached)[0]
            assert lower <= value <= upper, name


def test_dashboards_count_what_reports_count(path: Path) -> None:
    tools, commits = (stored.report(path, kind)["totals"] for kind in ("tools", "commits"))
    successful = tools["calls"] - tools["failed"] - tools["denied"] - tools["unfinished"]
    assert [*dashboard(path, "cm-tools", 1).rows[0]] == [
        successful, tools["failed"], tools["denied"], tools["unfinished"]]  # fmt: skip
    assert [*dashboard(path, "cm-git", 2).rows[0]] == [
        commits["commits"], commits["lines_added"], commits["lines_deleted"]]  # fmt: skip


def test_the_note_says_what_the_report_of_the_day_says(path: Path) -> None:
    rows = stored.rows(path, "select distinct project_path from v_sessions where project_path <> ''")[:5]
    assert rows
    now = datetime.fromisoformat(f"{DAY}T23:00:00Z").timestamp()
    settings = Settings(timezone="UTC", budget_daily_usd=100.0)
    wanted = stored.report(path, "daily", "--since", DAY, "--until", DAY, "--tz", "UTC")["totals"]["cost_usd"]
    for row in rows:
        found = spend.read(str(path), row["project_path"], settings, now, time.monotonic() + 30)
        assert found is not None and found.daily_left_usd == pytest.approx(100.0 - wanted)
        options = ("--project", row["project_path"], "--since", DAY, "--until", DAY, "--tz", "UTC")
        assert found.today_usd == pytest.approx(stored.report(path, "daily", *options)["totals"]["cost_usd"] or 0)


def test_sessions_on_disk_are_the_same_for_sync_setup_doctor_and_coverage(
    capture: Callable[[str], captured.Capture], home: Path, tmp_path: Path
) -> None:
    """With a session of several files, one without a request, one that was purged, and the first sync itself."""
    for name in (
        "claude-code/subagent",
        "claude-code/errors",
        "claude-code/fork",
        "codex-cli/subagent",
        "opencode/fork",
    ):
        capture(name)
    path = tmp_path / "m.db"
    counts = [json.loads(stored.run("sync", "--json", "--db-path", path).stdout)["found"] for _ in range(2)]
    counts.append(_covered(path))
    counts.append(_examined(path))
    assert len(set(counts)) == 1 and counts[0] > 5, counts
    gone = stored.report(path, "sessions", "--agent", "claude")["sessions"][-1]["session_id"]
    assert stored.run("db", "purge", "--session", gone[:13], "--yes", "--db-path", path).returncode == 0
    synced = json.loads(stored.run("sync", "--json", "--db-path", path).stdout)["found"]
    assert [synced, _covered(path), _examined(path)] == [counts[0] - 1] * 3


def _covered(path: Path) -> int:
    return sum(line["on_disk"] for line in stored.report(path, "audit")["coverage"])


def _examined(path: Path) -> int:
    checks = json.loads(stored.run("doctor", "--json", "--db-path", path).stdout)
    (text,) = [check["text"] for check in checks if check["name"] == "coverage"]
    return int(re.findall(r"\d+(?= sessions on disk)|(?<=of )\d+", text)[0])
