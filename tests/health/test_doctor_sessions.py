"""`doctor` names events, transcripts and figures that are missing."""

import json
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from claude_metrics import paths
from claude_metrics.recording import spool
from tests.health.examined import Cli, examine, record, sessions, settings_file
from tests.support.captured import Capture, as_stdin

pytestmark = pytest.mark.slow

HOUR, DAY = 3_600, 86_400


def old_event(payload: dict) -> Path:
    path = spool.submit(as_stdin(payload), "claude", paths.spool_dir())
    return path.rename(path.with_name(f"{time.time_ns() - HOUR * 10**9}-1-claude-end.json"))


def payload_of(found: Capture) -> dict:
    return next(p for p in found.payloads("SessionEnd") if Path(p["transcript_path"]).exists())


def test_an_event_left_waiting_is_told_and_recorded(recorded: Path, capture: Callable[[str], Capture]) -> None:
    payload = payload_of(capture("resume"))
    event = old_event(payload)
    assert "1 event waiting, the oldest for 1 hour" in examine()["spool"].check.text
    found = examine(fix=True)
    assert "1 event recorded" in found["spool"].mended
    assert found["spool"].check.state == "ok" and not event.exists()
    assert payload["session_id"] in sessions(recorded)


def test_failed_events_are_tried_again(recorded: Path, capture: Callable[[str], Capture]) -> None:
    payload = payload_of(capture("resume"))
    spool.submit(as_stdin(payload), "claude", paths.spool_dir())
    spool.quarantine(spool.pending(paths.spool_dir())[0], "the disk was full")
    spool.submit(b"never a payload", "claude", paths.spool_dir())
    spool.quarantine(spool.pending(paths.spool_dir())[0], "no payload")
    assert "2 events set aside" in examine()["failed events"].check.text
    found = examine(fix=True)
    assert payload["session_id"] in sessions(recorded)
    assert "1 event set aside" in found["failed events"].check.text
    assert [path.read_bytes() for path in spool.failed(paths.spool_dir())] == [b"never a payload"]


def aged(found: Capture, days: float) -> None:
    for path in found.transcripts:
        os.utime(path, (time.time() - days * DAY,) * 2)


@pytest.mark.parametrize(
    ("days", "kept", "state", "said"),
    [(1, None, "warn", "after 30 days"), (25, None, "fail", "go within 7 days"), (25, 90, "warn", "after 90 days")],
    ids=["fresh", "soon deleted", "kept longer"],
)
def test_unrecorded_transcripts_that_the_agent_will_delete(
    recorded: Path, home: Path, capture: Callable[[str], Capture], days: float, kept: int | None, state: str, said: str
) -> None:
    if kept:
        value = json.loads(settings_file(home).read_text())
        settings_file(home).write_text(json.dumps({**value, "cleanupPeriodDays": kept}))
    new = capture("resume")
    aged(new, days)
    record()
    forget = capture("web-search")
    aged(forget, days)
    found = examine()
    assert (found["cleanup"].check.state, found["coverage"].check.state) == (state, "warn")
    assert said in found["cleanup"].check.text
    found = examine(fix=True)
    assert (found["cleanup"].check.state, found["coverage"].check.state) == ("ok", "ok")


def test_a_session_that_goes_on_is_not_missing(recorded: Path, capture: Callable[[str], Capture]) -> None:
    """Its last minutes are recorded with its next turn."""
    aged(capture("resume"), 0)
    assert examine()["coverage"].check.state == "ok"


def test_purged_sessions_are_not_missing(recorded: Path, capture: Callable[[str], Capture], run_cli: Cli) -> None:
    aged(capture("print-basic"), 20)
    for session in sessions(recorded):
        assert run_cli("db", "purge", "--session", session, "--yes").returncode == 0
    aged(capture("print-basic"), 20)
    assert examine()["coverage"].check.state == "ok"


def test_unpriced_models_are_named_with_the_way_to_price_them(recorded: Path, run_cli: Cli) -> None:
    with closing(sqlite3.connect(recorded)) as db:
        db.execute("update token_usage set cost_usd = null, model = 'claude-next-9' where kind = 'message'")
        db.commit()
    check = examine()["prices"].check
    assert check.state == "warn" and "claude-next-9" in check.text and "config set" in check.remedy


def test_output_that_old_clients_did_not_write_is_told(capture: Callable[[str], Capture]) -> None:
    capture("v2.0.64-interleaved")
    record()
    assert examine()["old clients"].check.state == "warn"
