"""One file or one agent that cannot be read never costs the others their recording, by whichever door they come."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from claude_metrics import paths
from claude_metrics.agents.base import RecordedAgent
from claude_metrics.agents.claude import AGENT as CLAUDE
from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.recording import ingest, spool, sync, worker
from tests.support.captured import Capture, as_stdin
from tests.support.dumps import dump
from tests.support.recorder import rows_of

Cli = Callable[..., subprocess.CompletedProcess[str]]


def end(found: Capture) -> None:
    payload = next(p for p in found.payloads("SessionEnd") if Path(p["transcript_path"]).exists())
    folder = paths.private_dir(paths.spool_dir())
    (folder / "1795147570000000000-4711-claude-end.json").write_bytes(as_stdin(payload))


def subagent_of(home: Path) -> Path:
    return next((home / ".claude" / "projects").rglob("agent-*.jsonl"))


def make_unreadable(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk's error at this file: its rights would not stop root."""
    read = ingest.read

    def broken(source, cursor, content):  # type: ignore[no-untyped-def]
        if source.path == path:
            raise OSError(5, "Input/output error", str(path))
        return read(source, cursor, content)

    monkeypatch.setattr(ingest, "read", broken)


def test_the_worker_records_a_session_without_the_subagent_that_cannot_be_read(
    capture: Callable[[str], Capture], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    end(capture("subagent"))
    with monkeypatch.context() as broken:
        make_unreadable(subagent_of(home), broken)
        done = worker.run(paths.spool_dir(), paths.database_file())
    assert (done.recorded, done.failed) == (1, 0)
    assert not spool.pending(paths.spool_dir())
    [row] = rows_of(paths.database_file(), "select outcome, error from recordings")
    assert row["outcome"] == "recorded" and "Input/output error" in row["error"]
    listed = "select count(*) as requests, count(agent_id) as of_agents from token_usage where kind = 'message'"
    without = rows_of(paths.database_file(), listed)[0]
    sync.run(paths.database_file(), *sync.look(paths.database_file(), ["claude"]))
    whole = rows_of(paths.database_file(), listed)[0]
    assert without["requests"] > 0 == without["of_agents"]
    assert whole["of_agents"] > 0, "the next sync reads what was left"


def test_a_session_of_which_nothing_can_be_read_waits_for_the_next_worker(
    capture: Callable[[str], Capture], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = capture("print-basic")
    end(found)
    with monkeypatch.context() as broken:
        make_unreadable(next((home / ".claude" / "projects").rglob("*.jsonl")), broken)
        assert worker.run(paths.spool_dir(), paths.database_file()).recorded == 0
    assert worker.run(paths.spool_dir(), paths.database_file()).recorded == 1


def test_an_agent_whose_place_is_nonsense_does_not_stop_the_sync_of_the_others(
    capture: Callable[[str], Capture], run_cli: Cli
) -> None:
    capture("print-basic")
    environment = os.environ | {"OPENCODE_DB": "~nobody-of-that-name/opencode.db"}
    done = run_cli("sync", "--json", env=environment)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["new"], report["failed"]) == (1, 1)
    assert "OpenCode could not be looked at" in report["problems"][0]
    done = run_cli("doctor", "--json", env=environment)
    [row] = [row for row in json.loads(done.stdout) if row["name"] == "coverage"]
    assert row["state"] == "fail" and "OpenCode" in row["text"]


@pytest.mark.parametrize("name", ["codex", "gemini", "opencode"])
def test_no_agent_that_fails_in_any_way_stops_the_others(
    name: str, capture: Callable[[str], Capture], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("oops")

    capture("print-basic")
    agent: RecordedAgent = sync.RECORDED[name]
    for part in ("find_sources", "facet_folders", "dead_sessions"):
        monkeypatch.setitem(agent.__dict__, part, broken)
    found, known = sync.look(paths.database_file(), [name, "claude"])
    report = sync.run(paths.database_file(), found, known)
    sync.end_killed(paths.database_file(), [name, "claude"])
    assert (report.new, report.failed) == (1, 1)
    assert "oops" in report.problems[0]


def test_of_a_group_that_cannot_be_stored_only_the_faulty_file_is_left(
    capture: Callable[[str], Capture], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("print-basic", "fork", "subagent"):
        capture(name)
    sync.run(paths.database_file(), *sync.look(paths.database_file(), ["claude"]))
    whole = dump(paths.database_file(), "recordings")
    paths.database_file().unlink()
    faulty, store = subagent_of(home), ingest.store

    def refuse(connection, batches, *rest, **named):  # type: ignore[no-untyped-def]
        if any(batch.source.path == faulty for batch in batches):
            raise ValueError("cannot be stored")
        return store(connection, batches, *rest, **named)

    with monkeypatch.context() as broken:
        broken.setattr(ingest, "store", refuse)
        report = sync.run(paths.database_file(), *sync.look(paths.database_file(), ["claude"]))
    assert report.failed == 1 and str(faulty) in report.problems[0]
    sync.run(paths.database_file(), *sync.look(paths.database_file(), ["claude"]))
    again = dump(paths.database_file(), "recordings")
    assert again["token_usage"] == whole["token_usage"]


def test_the_database_being_unfit_still_stops_a_sync(
    capture: Callable[[str], Capture], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no file's fault, and every file would fail."""
    capture("print-basic")
    found, known = sync.look(paths.database_file(), [CLAUDE.name])
    monkeypatch.setattr(sync.database, "connect", _read_only(sync.database.connect))
    with pytest.raises(ClaudeMetricsError, match="readonly"):
        sync.run(paths.database_file(), found, known)


def _read_only(connect):  # type: ignore[no-untyped-def]
    """As on a disk that was mounted anew after an error."""

    def connected(*arguments):  # type: ignore[no-untyped-def]
        connection = connect(*arguments)
        connection.execute("pragma query_only = on")
        return connection

    return connected
