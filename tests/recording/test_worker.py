"""The main job: a payload on the hook's stdin, and soon after the session's rows in SQLite."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from claude_metrics import paths
from claude_metrics.recording import spool, worker
from tests.support.captured import Capture, as_stdin
from tests.support.checkout import HOOK
from tests.support.recorder import rows_of
from tests.support.waiting import wait_for

pytestmark = pytest.mark.slow

LEGACY = {
    "session_id": "legacy-1",
    "transcript_path": "/nowhere/legacy-1.jsonl",
    "cost": {
        "total_cost_usd": 1.25,
        "total_duration_ms": 60_000,
        "total_api_duration_ms": 30_000,
        "total_lines_added": 10,
        "total_lines_removed": 2,
    },
}


def end(payload: dict[str, Any]) -> None:
    """A session ends: the real hook takes the payload."""
    done = subprocess.run([sys.executable, "-I", "-S", HOOK], input=as_stdin(payload), capture_output=True, check=True)
    assert done.stdout.strip() == b"{}"


def drained() -> Path:
    """Wait for the worker that the hook started."""
    wait_for(lambda: paths.database_file().exists() and not spool.pending(paths.spool_dir()))
    return paths.database_file()


def test_a_session_that_ends_is_in_the_database_with_its_cost_tokens_and_tool_calls(
    capture: Callable[[str], Capture],
) -> None:
    payload = capture("print-basic").payloads("SessionEnd")[0]
    end(payload)
    row = rows_of(drained(), "select * from sessions")[0]
    assert row["session_id"] == payload["session_id"]
    assert row["total_cost_usd"] == pytest.approx(0.19628875, abs=1e-6)
    assert (row["output_tokens"], row["tool_calls"], row["failed_tool_calls"]) == (968, 5, 1)
    assert (row["status"], row["end_reason"], row["recorded_by"]) == ("completed", "other", "hook")
    assert (row["first_prompt"], row["git_branch"]) == ("add a greeting module", "main")


def test_hook_and_plugin_together_record_a_session_once(capture: Callable[[str], Capture]) -> None:
    payload = capture("subagent").payloads("SessionEnd")[0]
    end(payload)
    end(payload)
    database = drained()
    assert rows_of(database, "select count(*) from sessions")[0][0] == 1
    assert rows_of(database, "select total_cost_usd from sessions")[0][0] == pytest.approx(0.120942325, abs=1e-6)


def test_totals_that_a_client_writes_after_its_hook_are_read_too(
    capture: Callable[[str], Capture], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With reason `clear` the cost state comes only after the hook has returned."""
    found = capture("tui-clear")
    payload = next(p for p in found.payloads("SessionEnd") if p["reason"] == "clear")
    transcript = Path(payload["transcript_path"])
    whole = transcript.read_bytes()
    transcript.write_bytes(b"".join(line for line in whole.splitlines(True) if b'"cost-state"' not in line))
    spool.submit(as_stdin(payload), "claude", paths.spool_dir())
    monkeypatch.setattr(worker.time, "sleep", lambda _: transcript.write_bytes(whole))  # it waits before it looks again
    worker.run(paths.spool_dir(), paths.database_file())
    row = rows_of(
        paths.database_file(), "select reported_cost_usd from sessions where session_id = ?", payload["session_id"]
    )[0]
    assert row[0] == pytest.approx(0.044242, abs=1e-6)


def test_a_session_without_a_transcript_leaves_no_session_and_no_failure(capture: Callable[[str], Capture]) -> None:
    for payload in capture("no-transcript").payloads("SessionEnd"):
        end(payload)
    database = drained()
    assert rows_of(database, "select * from sessions") == []
    assert {row["outcome"] for row in rows_of(database, "select * from recordings")} == {"no transcript"}
    assert spool.failed(paths.spool_dir()) == []


def test_a_cost_in_the_payload_counts_where_there_is_no_transcript() -> None:
    end(LEGACY)
    row = rows_of(drained(), "select * from sessions")[0]
    assert (row["total_cost_usd"], row["reported_cost_usd"], row["cost_source"]) == (1.25, 1.25, "reported")
    assert (row["total_duration_ms"], row["lines_added"], row["lines_removed"]) == (60_000, 10, 2)
    assert row["start_time"] < row["end_time"]


def test_a_transcripts_rows_win_over_a_cost_in_the_payload(capture: Callable[[str], Capture]) -> None:
    payload = capture("print-basic").payloads("SessionEnd")[0]
    end(payload | {"cost": {"total_cost_usd": 99.0}})
    row = rows_of(drained(), "select * from sessions")[0]
    assert row["total_cost_usd"] == pytest.approx(0.19628875, abs=1e-6)
    assert (row["cost_source"], row["reported_cost_usd"]) == ("calculated", pytest.approx(0.19628875))


def test_a_resumed_session_is_active_again_until_it_ends(capture: Callable[[str], Capture], tmp_path: Path) -> None:
    found = capture("resume")
    payloads = found.payloads("SessionEnd")
    transcript = Path(payloads[0]["transcript_path"])
    whole = transcript.read_bytes().splitlines(True)
    ends = [number for number, line in enumerate(whole) if b'"cost-state"' in line]
    statuses = []
    for lines in (whole[: ends[0] + 1], whole[: ends[0] + 6], whole):
        transcript.write_bytes(b"".join(lines))
        done = subprocess.run([sys.executable, "-m", "claude_metrics", "sync"], capture_output=True, check=False)
        assert done.returncode == 0
        statuses.append(rows_of(paths.database_file(), "select status from sessions")[0][0])
    assert statuses == ["completed", "active", "completed"]


def test_an_event_that_is_no_payload_is_set_aside_with_its_reason() -> None:
    spool.submit(b'["no", "object"]', "claude", paths.spool_dir())
    done = worker.run(paths.spool_dir(), paths.database_file())
    assert (done.recorded, done.failed) == (0, 1)
    kept = spool.failed(paths.spool_dir())
    assert [path.read_bytes() for path in kept] == [b'["no", "object"]']
    assert "session_id" in Path(f"{kept[0]}.reason").read_text()


def test_the_worker_reads_only_what_was_appended(capture: Callable[[str], Capture]) -> None:
    payload = capture("print-basic").payloads("SessionEnd")[0]
    transcript = Path(payload["transcript_path"])
    lines = transcript.read_bytes().splitlines(True)
    transcript.write_bytes(b"".join(lines[:20]))
    for rest in (lines[20:40], lines[40:], []):
        worker_once(payload)
        with transcript.open("ab") as file:
            file.write(b"".join(rest))
    worker_once(payload)
    read = [row[0] for row in rows_of(paths.database_file(), "select bytes_read from recordings order by id")]
    assert read == [len(b"".join(part)) for part in (lines[:20], lines[20:40], lines[40:], [])]


def worker_once(payload: dict[str, Any]) -> None:
    spool.submit(as_stdin(payload), "claude", paths.spool_dir())
    assert worker.run(paths.spool_dir(), paths.database_file()).recorded == 1


def test_one_payload_can_be_stored_in_this_process(capture: Callable[[str], Capture], tmp_path: Path) -> None:
    payload, database = capture("print-basic").payloads("SessionEnd")[0], tmp_path / "own.db"
    (tmp_path / "payload.json").write_text(json.dumps(payload))
    command = [sys.executable, "-I", "-S", HOOK, "--background", tmp_path / "payload.json", "--db-path", database]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True)
    assert rows_of(database, "select count(*) from sessions")[0][0] == 1
    shutil.rmtree(paths.data_dir(), ignore_errors=True)
