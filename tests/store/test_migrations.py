"""Migrations: from an empty file, from the first release's file and from every step the tables come out the same."""

import gzip
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from claude_metrics.config import Config
from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.maintenance import rebuild
from claude_metrics.store import connection as database
from claude_metrics.store import migrations, reprice
from claude_metrics.store.version import LATEST
from tests.support.captured import Capture

DATA = Path(__file__).parent / "data"
RECORDED = json.loads((DATA / "v0.1.0.json").read_text())
REPORTS = [name for name in RECORDED if name != "rebuild"]
CAPTURES = (
    *("fork-tui", "fork-compacted", "subagent", "kill-resume-compact", "no-transcript", "errors", "tui-exit"),
    *("codex-cli/fork", "codex-cli/subagent", "codex-cli/compact", "gemini-cli/interactive-two-prompts"),
    *("gemini-cli/subagent", "opencode/fork"),
)
RENAMED = {
    "usage_quarters": "usage_15min",
    "tool_quarters": "tool_calls_15min",
    "activity_quarters": "activity_15min",
}
# Since then calls that the user denied are no failures, percentiles are interpolated within their class, and the
# transcripts of Claude Code are read once more. A session of which nothing billed is known has no cost.
REDEFINED = {
    "sessions": ("failed_tool_calls", "total_cost_usd"),
    "tool_calls_15min": ("failed",),
    "sources": ("size", "cursor"),
}
INTERPOLATED = {"p50_ms", "p95_ms"}
Cli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def first_release(tmp_path: Path) -> Path:
    """The database that 0.1.0 wrote."""
    path = tmp_path / "v0.1.0.db"
    path.write_bytes(gzip.decompress((DATA / "v0.1.0.db.gz").read_bytes()))
    path.chmod(0o600)
    return path


def rows(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, tables under today's names; not what the migration itself notes down."""
    with closing(sqlite3.connect(path)) as connection:
        names = [row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")]
        found = {
            RENAMED.get(name, name): sorted(connection.execute(select(connection, name)), key=repr)
            for name in names
            if name != "_sqlite_migrations"
        }
    found["meta"] = [row for row in found["meta"] if row[0] != "views"]
    return found


def select(connection: sqlite3.Connection, table: str) -> str:
    """All columns but those that are defined anew."""
    names = [row[0] for row in connection.execute("select name from pragma_table_info(?)", (table,))]
    kept = ", ".join(f'"{name}"' for name in names if name not in REDEFINED.get(RENAMED.get(table, table), ()))
    return f'select {kept} from "{table}"'


def schema(path: Path) -> set[tuple[str, ...]]:
    """Tables with their columns, indexes and views, whatever the order they were made in and how their text is set."""
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("select type, name, tbl_name, sql from sqlite_master where sql not null").fetchall()
    return {(kind, name, table, sql.replace('"', "")) for kind, name, table, sql in found}


def at_step(path: Path, number: int) -> Path:
    """A new database that has the first `number` steps and no views."""
    names = [*migrations.steps(), None]
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrations.migrate(connection, stop_before=names[number])
    return path


def opened(path: Path) -> Path:
    database.connect(path).close()
    return path


def agrees(recorded: Any, now: Any) -> bool:
    """Everything recorded is still said; a report may say more than it did."""
    if isinstance(recorded, dict):
        kept = {name: value for name, value in recorded.items() if name not in INTERPOLATED}
        if "denied" in kept:
            kept["failed"] -= kept["denied"]
        return isinstance(now, dict) and all(key in now and agrees(value, now[key]) for key, value in kept.items())
    if isinstance(recorded, list):
        return len(recorded) == len(now) and all(map(agrees, recorded, now))
    return bool(recorded == (pytest.approx(now, abs=1e-9) if isinstance(now, float) else now))


# The steps


def test_the_steps_are_numbered_without_a_gap() -> None:
    assert [int(name[1:4]) for name in migrations.steps()] == list(range(1, LATEST + 1))


@pytest.mark.parametrize("number", range(LATEST + 1))
def test_from_every_step_the_tables_are_those_of_a_new_file(tmp_path: Path, number: int) -> None:
    fresh, stepped = opened(tmp_path / "fresh.db"), opened(at_step(tmp_path / "stepped.db", number))
    assert schema(stepped) == schema(fresh)


def test_the_first_release_had_the_tables_of_the_first_step(tmp_path: Path, first_release: Path) -> None:
    without_views = {row for row in schema(first_release) if row[0] != "view"}
    assert schema(at_step(tmp_path / "first.db", 1)) == without_views


def test_opening_twice_changes_nothing(first_release: Path) -> None:
    opened(first_release)
    before = first_release.read_bytes()
    opened(first_release)
    assert first_release.read_bytes() == before


def test_a_current_database_is_opened_without_the_migration_library(tmp_path: Path) -> None:
    path = opened(tmp_path / "m.db")
    code = (
        "import sys; from pathlib import Path; from claude_metrics.store import connection\n"
        f"connection.connect(Path({str(path)!r})).close(); print('sqlite_utils' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_step_that_fails_leaves_the_file_as_it_was(first_release: Path) -> None:
    with closing(sqlite3.connect(first_release)) as connection:
        connection.execute("drop index tool_quarters_session")  # the step cannot drop it now
    before, tables = rows(first_release), schema(first_release)
    with pytest.raises(ClaudeMetricsError, match="tool_quarters_session"):
        database.connect(first_release)
    assert (rows(first_release), schema(first_release)) == (before, tables)


@pytest.mark.parametrize("text", ["select * from v_usage", "select nonsense from nowhere"], ids=["working", "broken"])
def test_a_view_of_the_users_own_does_not_stop_a_migration(first_release: Path, text: str) -> None:
    with closing(sqlite3.connect(first_release)) as connection:
        connection.execute(f"create view my_own as {text}")
    opened(first_release)
    with closing(sqlite3.connect(first_release)) as connection:
        (stored,) = connection.execute("select sql from sqlite_master where name = 'my_own'").fetchone()
    assert stored.endswith(text)


def test_two_processes_that_open_an_old_file_at_once_both_succeed(first_release: Path) -> None:
    code = (
        "from pathlib import Path; from claude_metrics.store import connection\n"
        f"connection.connect(Path({str(first_release)!r})).close()"
    )
    both = [subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True) for _ in range(2)]
    assert [(each.communicate()[1], each.returncode) for each in both] == [("", 0), ("", 0)]


# The first release's file


def test_every_row_of_the_first_release_is_kept(first_release: Path) -> None:
    before = rows(first_release)
    now = {name: found for name, found in rows(opened(first_release)).items() if name in before or found}
    width = {name: len(found[0]) for name, found in before.items() if found}  # new columns come last
    kept = {name: found for name, found in now.items() if name in before or found}  # new tables are empty
    assert {name: sorted((row[: width.get(name)] for row in found), key=repr) for name, found in kept.items()} == before
    assert all(before[name] for name in ("sessions", "commits", "observations", "facets", "purged", "copies"))


def test_calls_that_the_user_denied_are_failures_no_more(first_release: Path) -> None:
    with closing(sqlite3.connect(opened(first_release))) as connection:
        results = dict(connection.execute("select result, count(*) from v_tool_calls group by 1"))
        (stored,) = connection.execute("select sum(failed_tool_calls) from v_sessions").fetchone()
        summed = connection.execute("select sum(failed), sum(denied), sum(unfinished) from v_tools").fetchone()
    assert results["denied"] > 0 and stored == results["failed"]
    assert summed == (results["failed"], results["denied"], results.get("unfinished", 0))


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_of_the_first_releases_file_gives_its_figures(run_cli: Cli, first_release: Path, name: str) -> None:
    """The report is the first to open the file, so it also is what brings it up to date."""
    done = run_cli("report", name, "--tz", "UTC", "--json", "--db-path", str(first_release))
    assert done.returncode == 0, done.stderr
    assert agrees(RECORDED[name], json.loads(done.stdout))


@pytest.fixture(params=["with transcripts", "without transcripts"])
def disk(request: pytest.FixtureRequest, capture: Callable[[str], Capture]) -> Iterator[None]:
    for name in CAPTURES if request.param == "with transcripts" else ():
        capture(name)
    return


# What readers learnt after the first release: a rebuild fills it in where the transcripts are still there. The next
# steps of a summary name the open question since then, and no longer the last prompt.
LEARNT = {"session_kind", "effort", "skill", "slash_command", "mcp_server", "mcp_tool", "shape", "next_steps"}
LEARNT_TABLES = {"agents", "compactions", "api_errors"}


@pytest.mark.usefixtures("disk")
def test_a_rebuild_of_the_first_releases_file_finds_every_row_the_same(
    first_release: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuild, "IGNORED", (*rebuild.IGNORED, *LEARNT))
    monkeypatch.setattr(rebuild, "KEYS", {name: key for name, key in rebuild.KEYS.items() if name not in LEARNT_TABLES})
    found = rebuild.rebuild(first_release, check=True)
    assert not found.differs, found.examples
    assert agrees(RECORDED["rebuild"]["tables"], asdict(found)["tables"])


@pytest.mark.usefixtures("disk")
def test_a_rebuild_of_the_first_releases_file_fills_in_what_was_learnt_since(first_release: Path) -> None:
    found = rebuild.rebuild(first_release, check=True)
    named = {name for example in found.examples for name in example.partition(": ")[2].split(", ")}
    assert named <= LEARNT
    assert not sum(each.missing for each in found.tables.values())
    assert {name for name, each in found.tables.items() if each.added} <= LEARNT_TABLES


def test_what_the_first_release_purged_stays_away(
    run_cli: Cli, capture: Callable[[str], Capture], first_release: Path
) -> None:
    session = capture("tui-exit").transcripts[0].stem
    done = run_cli("sync", "--json", "--db-path", str(first_release))
    assert done.returncode == 0, done.stderr
    with closing(sqlite3.connect(first_release)) as connection:
        assert not connection.execute("select 1 from sessions where session_id = ?", (session,)).fetchone()


def test_the_first_releases_file_is_merged_into_a_new_one(run_cli: Cli, tmp_path: Path, first_release: Path) -> None:
    target = tmp_path / "new.db"
    done = run_cli("db", "import", str(first_release), "--db-path", str(target))
    assert done.returncode == 0, done.stderr
    assert len(rows(target)["sessions"]) == len(rows(first_release)["sessions"]) > 0


def test_a_branch_called_head_becomes_no_branch_and_its_place_joins_the_one_without(tmp_path: Path) -> None:
    path = at_step(tmp_path / "m.db", 3)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for number, project, branch in ((1, "/a", "HEAD"), (2, "/a", ""), (3, "/b", "HEAD"), (4, "/b", "main")):
            connection.execute(
                "insert into places values (?, 'claude_code', ?, 'p', ?, 'm')", (number, project, branch)
            )
            connection.execute(
                "insert into sessions (session_id, agent_type, git_branch, place_id) values (?, 'claude_code', ?, ?)",
                (f"s{number}", branch or None, number),
            )
            connection.execute("insert into activity_15min values (0, ?, ?, 1, 1)", (f"s{number}", number))
    with closing(sqlite3.connect(opened(path))) as connection:
        places = connection.execute("select place_id, project_path, branch from places order by 1").fetchall()
        sessions = connection.execute("select git_branch, place_id from sessions order by session_id").fetchall()
        sums = connection.execute("select place_id from activity_15min order by session_id").fetchall()
    assert places == [(2, "/a", ""), (3, "/b", ""), (4, "/b", "main")]
    assert sessions == [(None, 2), (None, 2), (None, 3), ("main", 4)]
    assert [row[0] for row in sums] == [2, 2, 3, 4]


def test_prices_are_looked_up_anew_after_an_upgrade(first_release: Path) -> None:
    """Rates are kept by model and day: those of an older version know nothing of what this one learnt."""
    outdated = '[[9,9,9,9,9],[],0.01,1.0,"genai-prices"]'
    with closing(database.connect(first_release)) as connection:
        connection.execute("update rates set rates = ?", (outdated,))
        reprice.refresh(connection, Config())
        assert connection.execute("select count(*) from rates where rates = ?", (outdated,)).fetchone() == (0,)
