"""`claude-metrics db`: copies, merging, rebuilding and deleting, on real databases of recorded sessions."""

import json
import shutil
import sqlite3
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from claude_metrics import config, paths
from claude_metrics.agents import RECORDED
from claude_metrics.config import Config
from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.lock import only_one
from claude_metrics.maintenance import merge as importing
from claude_metrics.maintenance import purge, rebuild
from claude_metrics.recording import spool, sync, worker
from claude_metrics.store import backup, upkeep
from claude_metrics.store import connection as database
from claude_metrics.store.version import LATEST
from tests.support.captured import Capture, as_stdin

pytestmark = pytest.mark.slow

Cli = Callable[..., subprocess.CompletedProcess[str]]
FACTS = (
    "sessions",
    "token_usage",
    "model_usages",
    "tool_calls",
    "turns",
    "copies",
    "cost_states",
    "commits",
    "observations",
)
DERIVED = ("usage_15min", "session_summaries")


def record(db_path: Path | None = None) -> Path:
    """Everything on disk, into a database."""
    db_path = db_path or paths.database_file()
    found, known = sync.look(db_path, RECORDED)
    assert sync.run(db_path, found, known).failed == 0
    return db_path


def rows(db_path: Path, *tables: str, without: tuple[str, ...] = ("updated_at", "place_id")) -> dict[str, list[tuple]]:
    """Every row of `tables`, in an order of their own."""
    with closing(sqlite3.connect(db_path)) as db:
        found = {}
        for table in tables or (*FACTS, *DERIVED):
            names = [row[1] for row in db.execute(f"pragma table_info({table})") if row[1] not in without]
            found[table] = sorted(db.execute(f"select {', '.join(names)} from {table}"), key=repr)
        return found


def exactly(db_path: Path) -> dict[str, list[tuple]]:
    return rows(db_path, *FACTS, *DERIVED, "recordings", "sources", "meta", without=())


def totals(db_path: Path) -> dict[str, tuple]:
    with closing(sqlite3.connect(db_path)) as db:
        columns = "total_cost_usd, reported_cost_usd, input_tokens, output_tokens, start_time, end_time"
        return {row[0]: row[1:] for row in db.execute(f"select session_id, {columns} from sessions")}


def merge(other: Path, target: Path | None = None, settings: Config | None = None) -> importing.Imported:
    with closing(database.connect(target or paths.database_file())) as db:
        return importing.merge(db, other, settings or Config())


def forget_sources(db_path: Path) -> None:
    """As if the rows had come from another machine: no cursors."""
    with closing(sqlite3.connect(db_path)) as db:
        db.execute("delete from sources")
        db.commit()


@pytest.fixture(params=["fork", "v2.1.247-fork"])
def two_machines(
    capture: Callable[[str], Capture], request: pytest.FixtureRequest, tmp_path: Path
) -> tuple[Path, Path]:
    """Databases of the fork's folder: one machine knows both sessions, the other one only the fork."""
    found = capture(request.param)
    whole = record(tmp_path / "whole.db")
    fork = next(name for name, row in parents(whole).items() if row)
    for path in found.transcripts:
        if path.stem != fork:
            path.unlink()
    return whole, record(tmp_path / "fork-only.db")


def parents(db_path: Path) -> dict[str, str | None]:
    with closing(sqlite3.connect(db_path)) as db:
        return dict(db.execute("select session_id, parent_session_id from sessions"))


# -- path, backup, vacuum ---------------------------------------------------------


def test_path_is_printed_also_where_there_is_no_database(run_cli: Cli) -> None:
    assert run_cli("db", "path").stdout.strip() == str(paths.database_file())
    assert json.loads(run_cli("db", "path", "--json").stdout)["exists"] is False


def test_a_backup_holds_the_same_rows_and_is_private(
    capture: Callable[[str], Capture], run_cli: Cli, tmp_path: Path
) -> None:
    capture("tui-compact")
    db_path, copy = record(), tmp_path / "copy.db"
    done = run_cli("db", "backup", str(copy))
    assert done.returncode == 0, done.stderr
    assert exactly(copy) == exactly(db_path)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert list(tmp_path.glob(".copy.db*")) == []


def test_a_backup_replaces_a_file_only_when_forced(
    capture: Callable[[str], Capture], run_cli: Cli, tmp_path: Path
) -> None:
    capture("print-basic")
    record()
    copy = tmp_path / "copy.db"
    copy.write_text("precious")
    refused = run_cli("db", "backup", str(copy))
    assert (refused.returncode, copy.read_text()) == (1, "precious")
    assert refused.stderr.count("\n") == 1 and "--force" in refused.stderr
    assert run_cli("db", "backup", str(copy), "--force").returncode == 0
    assert rows(copy, "sessions") == rows(paths.database_file(), "sessions")


def test_a_backup_never_overwrites_the_database_itself(capture: Callable[[str], Capture]) -> None:
    capture("print-basic")
    db_path = record()
    before = db_path.read_bytes()
    with pytest.raises(ClaudeMetricsError, match="the database itself"):
        backup.write(db_path, db_path, force=True)
    assert db_path.read_bytes() == before


def test_a_damaged_database_gives_no_backup_and_the_old_one_stays(
    capture: Callable[[str], Capture], tmp_path: Path
) -> None:
    capture("resume")
    db_path, copy = record(), tmp_path / "copy.db"
    backup.write(db_path, copy)
    good = copy.read_bytes()
    scramble(db_path)
    with pytest.raises(ClaudeMetricsError):
        backup.write(db_path, copy, force=True)
    assert copy.read_bytes() == good


def scramble(db_path: Path) -> None:
    """Random-looking bytes over every page but the first."""
    raw = bytearray(db_path.read_bytes())
    for start in range(8192, len(raw), 4096):
        raw[start : start + 200] = bytes((start // 4096 + place * 37) % 256 for place in range(200))
    db_path.write_bytes(raw)


def test_vacuum_keeps_every_row(capture: Callable[[str], Capture], run_cli: Cli) -> None:
    capture("interleaved")
    db_path = record()
    before = exactly(db_path)
    assert run_cli("db", "vacuum").returncode == 0
    assert exactly(db_path) == before


def test_commands_that_need_a_database_say_so_in_one_line(run_cli: Cli) -> None:
    for command in (["vacuum"], ["purge", "--session", "x", "--yes"], ["backup", "copy.db"], ["rebuild", "--check"]):
        done = run_cli("db", *command)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1), command
        assert "no database yet" in done.stderr


# -- the daily copy ---------------------------------------------------------------


def test_the_daily_copy_is_made_once_a_day(capture: Callable[[str], Capture]) -> None:
    capture("print-basic")
    db_path = record()
    assert backup.daily(db_path) is True
    assert backup.daily(db_path) is False
    made = backup.daily_file(db_path).stat().st_mtime
    assert backup.daily(db_path, now=made + backup.DAY_S + 1) is True
    assert stat.S_IMODE(backup.daily_file(db_path).stat().st_mode) == 0o600


def test_a_database_that_lost_its_sessions_does_not_displace_the_copy_that_has_them(
    capture: Callable[[str], Capture],
) -> None:
    capture("resume")
    db_path = record()
    backup.daily(db_path)
    sessions = set(totals(db_path))
    db_path.unlink()
    database.connect(db_path).close()
    assert backup.daily(db_path, now=backup.daily_file(db_path).stat().st_mtime + backup.DAY_S + 1)
    assert set(totals(backup.previous_file(db_path))) == sessions


def test_a_large_database_is_not_copied_daily(
    capture: Callable[[str], Capture], monkeypatch: pytest.MonkeyPatch
) -> None:
    capture("print-basic")
    db_path = record()
    monkeypatch.setattr(backup, "LARGEST", db_path.stat().st_size - 1)
    assert backup.daily(db_path) is False
    assert not backup.daily_file(db_path).exists()


def test_every_sync_and_worker_keeps_the_copy(capture: Callable[[str], Capture], run_cli: Cli) -> None:
    capture("print-basic")
    assert run_cli("sync").returncode == 0
    assert set(totals(backup.daily_file(paths.database_file()))) == set(totals(paths.database_file()))


# -- import -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["fork", "v2.1.247-fork", "tui-compact", "subagent", "resume", "parallel-kill", "errors"]
)
def test_an_import_into_an_empty_database_gives_what_the_transcripts_gave(
    capture: Callable[[str], Capture], tmp_path: Path, name: str
) -> None:
    capture(name)
    other = record(tmp_path / "other.db")
    done = merge(other)
    assert (done.new, done.updated) == (done.sessions, 0)
    assert rows(paths.database_file()) == rows(other)


def test_an_import_one_session_at_a_time_gives_the_same(
    capture: Callable[[str], Capture], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Owners are found across transactions too."""
    for name in ("fork", "v2.1.247-fork"):
        capture(name)
    other = record(tmp_path / "other.db")
    monkeypatch.setattr(importing, "GROUP", 1)
    merge(other)
    assert rows(paths.database_file()) == rows(other)


def test_importing_twice_or_itself_changes_no_byte(capture: Callable[[str], Capture], tmp_path: Path) -> None:
    for name in ("fork", "tui-compact", "subagent"):
        capture(name)
    db_path = record()
    copy = tmp_path / "copy.db"
    shutil.copy(db_path, copy)
    before = db_path.read_bytes()
    for other in (copy, copy, db_path):
        done = merge(other)
        assert (done.new, done.updated, done.unchanged) == (0, 0, len(totals(db_path)))
    assert db_path.read_bytes() == before


def test_requests_known_to_two_machines_count_once(two_machines: tuple[Path, Path]) -> None:
    """The second machine has the fork only, and thus believes the copied requests to be the fork's."""
    whole, fork_only = two_machines
    merge(fork_only)
    merge(whole)
    assert owners(paths.database_file()) == owners(whole)


def owners(db_path: Path) -> list[tuple]:
    """Each listed request with its session."""
    with closing(sqlite3.connect(db_path)) as db:
        return db.execute("select id, session_id from token_usage where kind = 'message' order by id").fetchall()


def test_the_order_of_imports_does_not_matter(two_machines: tuple[Path, Path], tmp_path: Path) -> None:
    whole, fork_only = two_machines
    one, two = tmp_path / "one.db", tmp_path / "two.db"
    for target, others in ((one, (whole, fork_only)), (two, (fork_only, whole))):
        for other in others:
            merge(other, target)
    assert rows(one, "token_usage", "copies", "cost_states") == rows(two, "token_usage", "copies", "cost_states")


def test_an_older_copy_takes_nothing_back(capture: Callable[[str], Capture], home: Path, tmp_path: Path) -> None:
    """A transcript that has grown since, with a later branch and title, stays as it is."""
    found = capture("tui-compact")
    transcript = next(path for path in found.transcripts if "subagents" not in str(path))
    lines = transcript.read_bytes().splitlines(keepends=True)
    transcript.write_bytes(b"".join(lines[: len(lines) // 2]))
    older = record(tmp_path / "older.db")
    transcript.write_bytes(b"".join(lines))
    db_path = record()
    before = rows(db_path)
    merge(older)
    assert rows(db_path) == before


def test_cursors_are_not_imported(capture: Callable[[str], Capture], tmp_path: Path) -> None:
    """The other machine's paths mean nothing here; the same path may be another file."""
    capture("print-basic")
    merge(record(tmp_path / "other.db"))
    assert rows(paths.database_file(), "sources") == {"sources": []}


def test_the_other_machines_name_stays_with_its_sessions(capture: Callable[[str], Capture], tmp_path: Path) -> None:
    capture("print-basic")
    other = record(tmp_path / "other.db")
    merge(other)
    query = "select distinct machine_id from sessions"
    with closing(sqlite3.connect(other)) as theirs, closing(sqlite3.connect(paths.database_file())) as ours:
        assert theirs.execute(query).fetchall() == ours.execute(query).fetchall()
        own = ours.execute("select value from meta where key = 'machine_id'").fetchall()
        assert own != ours.execute(query).fetchall()


def test_content_none_keeps_imported_texts_out(capture: Callable[[str], Capture], tmp_path: Path) -> None:
    capture("tui-exit")
    other = record(tmp_path / "other.db")
    with closing(sqlite3.connect(other)) as db:
        texts = [
            row[0] for row in db.execute("select prompt from turns union all select response from turns") if row[0]
        ]
    assert len(texts) > 1
    merge(other, settings=Config(content="none"))
    raw = paths.database_file().read_bytes()
    assert [text for text in texts if text.encode() in raw] == []


def test_own_prices_hold_for_imported_requests(capture: Callable[[str], Capture], tmp_path: Path) -> None:
    capture("print-basic")
    other = record(tmp_path / "other.db")
    model = rows(other, "model_usages")["model_usages"][0][1]
    merge(other, settings=Config(prices={model: {"input": 0, "output": 0}}))
    with closing(sqlite3.connect(paths.database_file())) as db:
        assert db.execute("select sum(cost_usd) from token_usage where model = ?", (model,)).fetchone() == (0.0,)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no sessions"),
        (b"SQLite format 3\0 but then nothing of it" * 40, "damaged"),
        (b"just text\n" * 99, "damaged"),
    ],
    ids=["empty", "header only", "text"],
)
def test_what_is_no_database_is_refused_in_one_line(run_cli: Cli, tmp_path: Path, content: bytes, said: str) -> None:
    other = tmp_path / "other.db"
    other.write_bytes(content)
    done = run_cli("db", "import", str(other))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert said in done.stderr
    assert other.read_bytes() == content


def test_a_newer_database_is_refused(capture: Callable[[str], Capture], run_cli: Cli, tmp_path: Path) -> None:
    capture("print-basic")
    other = record(tmp_path / "other.db")
    with closing(sqlite3.connect(other)) as db:
        db.execute(f"pragma user_version = {LATEST + 1}")
    done = run_cli("db", "import", str(other))
    assert done.returncode == 1 and "newer" in done.stderr


def test_a_database_that_is_damaged_inside_gives_nothing_half(
    capture: Callable[[str], Capture], tmp_path: Path
) -> None:
    capture("resume")
    other = record(tmp_path / "other.db")
    scramble(other)
    with pytest.raises((ClaudeMetricsError, sqlite3.DatabaseError)):
        merge(other)
    assert rows(paths.database_file(), "token_usage") == {"token_usage": []}


# -- the predecessor ----------------------------------------------------------------

OLD = """
create table sessions (id integer primary key, session_id text, start_time timestamp, end_time timestamp,
    project_path text, git_branch text, total_cost_usd real, total_duration_ms integer, lines_added integer);
create table token_usage (id integer primary key, session_id text, timestamp timestamp, model text,
    input_tokens integer, output_tokens integer, cache_read_tokens integer, cache_creation_tokens integer);
create table git_commits (id integer primary key, session_id text, commit_hash text, message text, timestamp text);
create table unrelated (x blob);
insert into sessions values (1, 'aaaa-1', '2025-10-01 09:00:00', '2025-10-01 10:00:00', '/home/dev/app', 'main', 0.5,
    3600000, 7);
insert into sessions values (2, 'bbbb-2', '2025-10-02 09:00:00', null, '/home/dev/app', null, 1.25, null, null);
insert into token_usage values (1, 'aaaa-1', '2025-10-01 09:10:00', 'claude-sonnet-4-5', 1000, 100, 0, 0);
insert into token_usage values (2, 'aaaa-1', '2025-10-01 09:20:00', 'claude-sonnet-4-5', 2000, 200, 0, 0);
insert into git_commits values (1, 'aaaa-1', 'abcdef0123456789', 'Add it', '2025-10-01 09:30:00');
"""


def old_database(path: Path, script: str = OLD) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as db:
        db.executescript(script)
    return path


def test_the_predecessors_database_is_found_and_merged(home: Path, run_cli: Cli) -> None:
    old_database(home / ".claude" / "claude_metrics.db")
    done = run_cli("db", "import", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["new"] == 2
    found = totals(paths.database_file())
    priced = (3000 * 3 + 300 * 15) / 1e6
    assert found["aaaa-1"][0] == pytest.approx(priced)  # what it held is priced anew
    assert found["aaaa-1"][1:4] == (0.5, 3000, 300)
    assert found["aaaa-1"][4:] == ("2025-10-01T09:00:00.000Z", "2025-10-01T10:00:00.000Z")
    assert found["bbbb-2"][0] == 1.25  # no usage: the cost it gave


def test_importing_the_predecessor_twice_changes_nothing(tmp_path: Path) -> None:
    old = old_database(tmp_path / "old.db")
    merge(old)
    before = paths.database_file().read_bytes()
    assert merge(old).unchanged == 2
    assert paths.database_file().read_bytes() == before


def transcript(home: Path, session_id: str) -> None:
    """A transcript of the same session, with the one request that it really was."""
    folder = home / ".claude" / "projects" / "-home-dev-app"
    folder.mkdir(parents=True, exist_ok=True)
    usage = {"input_tokens": 3000, "output_tokens": 300}
    message = {
        "id": "msg_1",
        "role": "assistant",
        "model": "claude-sonnet-4-5",
        "content": [],
        "stop_reason": "end_turn",
    }
    common = {"sessionId": session_id, "cwd": "/home/dev/app", "timestamp": "2025-10-01T09:15:00.000Z"}
    line = {"type": "assistant", "uuid": "u1", "requestId": "req_1", "message": {**message, "usage": usage}, **common}
    (folder / f"{session_id}.jsonl").write_text(json.dumps(line) + "\n")


@pytest.mark.parametrize("first", ["predecessor", "transcript"])
def test_a_session_in_both_counts_once_by_its_transcript(home: Path, tmp_path: Path, first: str) -> None:
    old = old_database(tmp_path / "old.db")
    transcript(home, "aaaa-1")
    steps = {"predecessor": [lambda: merge(old), record], "transcript": [record, lambda: merge(old)]}
    for step in steps[first]:
        step()
    with closing(sqlite3.connect(paths.database_file())) as db:
        kept = db.execute("select message_id, input_tokens from token_usage where session_id = 'aaaa-1'").fetchall()
    assert kept == [("msg_1", 3000)]


@pytest.mark.parametrize(
    "script",
    [
        "create table sessions (session_id text, started_at real, cost real);"
        "insert into sessions values ('s', 1.7e9, 2.5)",
        "create table sessions (uuid text, created_at text, total_cost real);"
        "insert into sessions values ('s', 'x', 2.5)",
        "create table claude_sessions (id text, cost_usd real, input_tokens int, model text);"
        "insert into claude_sessions values ('s', 2.5, 10, 'no-such-model')",
        "create table sessions (session_id text, cost real);"
        "create table token_usage (session_id text, model blob, input_tokens text);"
        "insert into sessions values ('s', 2.5); insert into token_usage values ('s', x'ff', 'many')",
    ],
    ids=["unix time", "no time", "totals only", "wrong types"],
)
def test_other_shapes_of_it_are_understood(tmp_path: Path, script: str) -> None:
    merge(old_database(tmp_path / "old.db", script))
    assert totals(paths.database_file())["s"][0] == 2.5


# -- rebuild ------------------------------------------------------------------------


def test_a_rebuild_of_a_sound_database_would_change_nothing(capture: Callable[[str], Capture], run_cli: Cli) -> None:
    for name in ("fork", "tui-compact", "subagent", "v2.0.64-subagent", "resume"):
        capture(name)
    db_path = record()
    before = db_path.read_bytes()
    done = run_cli("db", "rebuild", "--check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert db_path.read_bytes() == before


def test_rebuild_mends_derived_figures_and_check_tells_them(capture: Callable[[str], Capture], run_cli: Cli) -> None:
    capture("tui-compact")
    db_path = record()
    right = rows(db_path)
    with closing(sqlite3.connect(db_path)) as db:
        db.execute("update sessions set total_cost_usd = 99, input_tokens = 1")
        db.execute("delete from token_usage where rowid in (select min(rowid) from token_usage)")
        db.commit()
    check = run_cli("db", "rebuild", "--check")
    assert check.returncode == 1 and "total_cost_usd" in check.stdout and "1 added" in check.stdout
    assert run_cli("db", "rebuild").returncode == 0
    assert rows(db_path) == right


def test_rebuild_keeps_what_is_no_longer_on_disk(capture: Callable[[str], Capture]) -> None:
    gone, kept = capture("fork"), capture("tui-compact")
    db_path = record()
    right = rows(db_path)
    shutil.rmtree(gone.claude_dir / "projects")
    kept.lay_out()
    assert not rebuild.rebuild(db_path, check=False).differs
    assert rows(db_path) == right


def test_rebuild_leaves_nothing_beside_the_database(capture: Callable[[str], Capture]) -> None:
    capture("print-basic")
    db_path = record()
    rebuild.rebuild(db_path, check=True)
    rebuild.rebuild(db_path, check=False)
    assert [path.name for path in db_path.parent.iterdir()] == ["metrics.db"]


def test_rebuild_waits_for_no_worker(capture: Callable[[str], Capture]) -> None:
    capture("print-basic")
    db_path = record()
    with (
        only_one(worker.lock_file(paths.spool_dir())) as first,
        pytest.raises(ClaudeMetricsError, match="recording just now"),
    ):
        assert first
        rebuild.rebuild(db_path, check=False)


def test_a_reader_that_is_open_meanwhile_goes_on(capture: Callable[[str], Capture]) -> None:
    """The pages are written over the old ones: Grafana need not open the file again."""
    capture("print-basic")
    db_path = record()
    with closing(database.connect_readonly(db_path)) as reader:
        inode = db_path.stat().st_ino
        rebuild.rebuild(db_path, check=False)
        assert reader.execute("select count(*) from v_sessions").fetchone()[0] > 0
        assert db_path.stat().st_ino == inode


# -- purge --------------------------------------------------------------------------


def traces(folder: Path, *words: str) -> list[str]:
    """Files below `folder` in which one of the words stands."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [f"{path.name}: {word}" for path in files for word in words if word.encode() in path.read_bytes()]


def ours(home: Path) -> Path:
    return home / "claude-metrics"


@pytest.mark.parametrize("name", ["tui-exit", "subagent", "print-basic"])
def test_a_purged_session_leaves_no_trace_and_does_not_come_back(
    capture: Callable[[str], Capture], home: Path, run_cli: Cli, name: str
) -> None:
    capture(name)
    db_path = record()
    backup.daily(db_path)
    session, prompt = next(iter(totals(db_path))), None
    with closing(sqlite3.connect(db_path)) as db:
        prompt = db.execute("select prompt from turns where session_id = ? limit 1", (session,)).fetchone()[0]
        calls = [row[0] for row in db.execute("select tool_call_id from tool_calls where session_id = ?", (session,))]
    assert traces(ours(home), session, prompt, *calls)
    done = run_cli("db", "purge", "--session", session[:8], "--yes")
    assert done.returncode == 0, done.stderr
    for attempt in ("purge", "sync", "sync", "rebuild"):
        if attempt == "rebuild":
            assert run_cli("db", "rebuild").returncode == 0
        elif attempt == "sync":
            assert run_cli("sync").returncode == 0
        assert session not in totals(db_path)
        assert traces(ours(home), session, prompt, *calls) == [], attempt


def test_the_hook_of_a_purged_session_records_nothing(capture: Callable[[str], Capture], home: Path) -> None:
    found = capture("print-basic")
    payload = next(p for p in found.payloads("SessionEnd") if Path(p["transcript_path"]).exists())
    db_path, session = record(), payload["session_id"]
    with closing(database.connect(db_path)) as db:
        purge.purge(db, [session], Config())
        upkeep.scrub(db)
    priced = {**payload, "cost": {"total_cost_usd": 3.0}}
    for given in (payload, priced):
        spool.submit(as_stdin(given), "claude", paths.spool_dir())
        assert worker.run(paths.spool_dir(), db_path).failed == 0
    assert session not in totals(db_path)
    assert traces(ours(home), session) == []


def test_waiting_and_failed_events_of_a_purged_session_go_too(
    capture: Callable[[str], Capture], run_cli: Cli, home: Path
) -> None:
    found = capture("print-basic")
    payload = next(p for p in found.payloads("SessionEnd") if Path(p["transcript_path"]).exists())
    record()
    for _ in range(2):
        spool.submit(as_stdin(payload), "claude", paths.spool_dir())
    spool.quarantine(spool.pending(paths.spool_dir())[0], "for the test")
    other = spool.submit(b'{"session_id": "somebody-else"}', "claude", paths.spool_dir())
    assert run_cli("db", "purge", "--session", payload["session_id"], "--yes").returncode == 0
    assert traces(ours(home), payload["session_id"]) == []
    assert other.exists()


@pytest.mark.parametrize("name", ["fork", "v2.1.247-fork"])
def test_purging_the_parent_leaves_the_fork_as_it_was(capture: Callable[[str], Capture], home: Path, name: str) -> None:
    """Its own rows and figures stay, and the parent's lines in its transcript stay away, however often it is read."""
    capture(name)
    db_path = record()
    fork, parent = next((name, parent) for name, parent in parents(db_path).items() if parent)
    before = totals(db_path)[fork]
    usage = rows_of(db_path, fork)
    with closing(database.connect(db_path)) as db:
        purge.purge(db, [parent], Config())
        upkeep.scrub(db)
    for _ in range(2):
        after = totals(db_path)
        assert parent not in after
        assert after[fork][2:] == before[2:]
        assert after[fork][:2] == pytest.approx(before[:2])
        assert rows_of(db_path, fork) == usage
        forget_sources(db_path)
        record()
    assert traces(ours(home), parent) == []


def rows_of(db_path: Path, session: str) -> list[tuple]:
    with closing(sqlite3.connect(db_path)) as db:
        columns = "kind, model, input_tokens, output_tokens, round(cost_usd, 9)"
        return db.execute(f"select {columns} from token_usage where session_id = ? order by id", (session,)).fetchall()


def test_purging_the_fork_leaves_the_parent_as_it_was(capture: Callable[[str], Capture]) -> None:
    capture("v2.1.247-fork")
    db_path = record()
    fork, parent = next((name, parent) for name, parent in parents(db_path).items() if parent)
    before = totals(db_path)[parent]
    with closing(database.connect(db_path)) as db:
        purge.purge(db, [fork], Config())
    forget_sources(db_path)
    record()
    assert totals(db_path) == {parent: before}


def test_an_import_does_not_bring_a_purged_session_back(
    capture: Callable[[str], Capture], tmp_path: Path, home: Path
) -> None:
    capture("tui-clear")
    db_path, other = record(), tmp_path / "other.db"
    shutil.copy(db_path, other)
    gone = min(totals(db_path))
    with closing(database.connect(db_path)) as db:
        purge.purge(db, [gone], Config())
        upkeep.scrub(db)
    merge(other)
    assert gone not in totals(db_path)
    assert traces(ours(home), gone) == []


def test_purge_by_project_takes_its_name_or_its_folder(capture: Callable[[str], Capture], run_cli: Cli) -> None:
    capture("print-basic")
    db_path = record()
    with closing(sqlite3.connect(db_path)) as db:
        db.execute(
            "insert into sessions (session_id, agent_type, project_path) values ('n', 'claude_code', '/home/dev/apple')"
        )
        db.commit()
        [(path,)] = db.execute("select distinct project_path from sessions where session_id <> 'n'").fetchall()
    assert run_cli("db", "purge", "--project", path, "--yes").returncode == 0
    assert set(totals(db_path)) == {"n"}


def test_purge_asks_and_says_what_it_would_take(capture: Callable[[str], Capture], run_cli: Cli) -> None:
    capture("print-basic")
    db_path = record()
    session = next(iter(totals(db_path)))
    no = run_cli("db", "purge", "--session", session, input="n\n")
    assert session in no.stdout and session in totals(db_path)
    assert run_cli("db", "purge", "--session", session, input="y\n").returncode == 0
    assert session not in totals(db_path)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), 2),
        (("--session", "nonesuch", "--yes"), 1),
        (("--project", "nonesuch", "--yes"), 1),
        (("--session", "", "--yes"), 2),
    ],
    ids=["nothing", "unknown session", "unknown project", "every session"],
)
def test_purge_deletes_nothing_on_a_mistake(
    capture: Callable[[str], Capture], run_cli: Cli, words: tuple, code: int
) -> None:
    capture("tui-clear")
    db_path = record()
    before = set(totals(db_path))
    assert len(before) > 1
    assert run_cli("db", "purge", *words).returncode == code
    assert set(totals(db_path)) == before


# -- a database that cannot be used ---------------------------------------------------


@pytest.fixture
def busy(capture: Callable[[str], Capture], monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A database locked by another program."""
    capture("print-basic")
    db_path = record()
    monkeypatch.setattr(database, "BUSY_MS", 50)
    with closing(sqlite3.connect(db_path)) as other:
        other.execute("begin exclusive")
        yield db_path


def test_a_locked_database_is_said_to_be_locked(busy: Path, tmp_path: Path) -> None:
    with pytest.raises(ClaudeMetricsError, match="locked"):
        backup.write(busy, tmp_path / "copy.db")
    with pytest.raises(ClaudeMetricsError, match="locked"):
        database.connect(busy)


def test_settings_with_a_mistake_are_refused_by_commands_and_endured_by_recording(
    capture: Callable[[str], Capture], run_cli: Cli
) -> None:
    capture("print-basic")
    file = paths.config_file()
    file.parent.mkdir(parents=True)
    file.write_text('contnt = "none"\n')
    refused = run_cli("sync")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "did you mean `content`" in refused.stderr
    assert config.lenient() == config.Damaged()
    record()
    assert totals(paths.database_file())


def test_of_a_damaged_file_a_session_that_makes_no_sense_is_left_out(
    capture: Callable[[str], Capture], tmp_path: Path
) -> None:
    for name in ("resume", "tui-clear"):
        capture(name)
    other = record(tmp_path / "other.db")
    right = totals(other)
    odd = min(right)
    with closing(sqlite3.connect(other)) as db:
        db.execute("update sessions set start_time = x'ff00', first_record_at = x'ff' where session_id = ?", (odd,))
        db.execute("update token_usage set model = x'00ff', timestamp = 5 where session_id = ?", (odd,))
        db.commit()
    with closing(database.connect(paths.database_file())) as db:
        done = importing.merge(db, other, Config(), salvage=True)
    kept = totals(paths.database_file())
    assert done.lost == [odd]
    assert kept == {name: row for name, row in right.items() if name != odd}
