"""The queue on real files: events that are finished, set aside, or left in part by a killed hook."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from claude_metrics.recording import spool
from tests.recording.spooled import NAME, PAYLOAD, names, put
from tests.support.waiting import PATIENCE_S, wait_for


def test_finishing_deletes_the_event_and_the_notes_on_it(place: Path) -> None:
    put(place)
    [event] = spool.pending(place)
    spool.note_failure(event, "once")
    spool.finish(event)
    assert names(place) == set()


def test_three_failures_set_an_event_aside_with_the_reasons(place: Path) -> None:
    path = put(place)
    outcomes = [spool.note_failure(spool.pending(place)[0], f"reason {n}\nwith \x1b[31m lines") for n in range(3)]
    assert outcomes == [False, False, True]
    assert spool.pending(place) == []
    assert names(place) == {"failed"}
    assert spool.failed(place) == [place / "failed" / path.name]
    reasons = (place / "failed" / f"{path.name}.reason").read_text()
    assert reasons.splitlines() == [f"reason {n} with  [31m lines" for n in range(3)]
    assert spool.failed(place)[0].read_bytes() == PAYLOAD


def test_failures_are_counted_across_processes(place: Path) -> None:
    put(place)
    script = "import sys; from pathlib import Path; from claude_metrics.recording import spool; spool.note_failure(spool.pending(Path(sys.argv[1]))[0], 'x')"
    for _ in range(3):
        subprocess.run([sys.executable, "-c", script, str(place)], check=True)
    assert len(spool.failed(place)) == 1


def test_what_can_never_be_read_is_set_aside_at_once(place: Path) -> None:
    put(place)
    assert spool.quarantine(spool.pending(place)[0], "no JSON")
    assert names(place / "failed") == {NAME, f"{NAME}.reason"}


def test_what_is_set_aside_is_private(place: Path) -> None:
    old = os.umask(0)
    try:
        spool.submit(PAYLOAD, "claude", place)
        spool.quarantine(spool.pending(place)[0], "x")
    finally:
        os.umask(old)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (place / "failed", *(place / "failed").iterdir())]
    assert modes == [0o700, 0o600, 0o600]


def test_nothing_is_set_aside_through_a_link(place: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (place / "failed").symlink_to(elsewhere)
    put(place)
    assert not spool.quarantine(spool.pending(place)[0], "x")
    assert names(elsewhere) == set()
    assert len(spool.pending(place)) == 1


def test_a_whole_half_file_of_a_killed_hook_is_an_event_soon(place: Path) -> None:
    half = put(place, f"{NAME}.tmp")
    assert spool.pending(place) == []
    for age_s in (11, -3600):  # or the clock went back
        put(place, f"{NAME}.tmp", age_s=age_s)
        assert [event.path.name for event in spool.pending(place)] == [NAME]
        assert not half.exists()


HALVES = [b"", b'{"session_id": "s', b"[" * 100_000, b"\xff\xfe", b"12"]


@pytest.mark.parametrize("payload", HALVES, ids=["empty", "cut", "deep", "garbage", "number"])
def test_a_half_file_is_set_aside_after_a_day(place: Path, payload: bytes) -> None:
    half = put(place, f"{NAME}.tmp", payload, age_s=3600)
    assert spool.pending(place) == []
    assert half.exists()
    put(place, f"{NAME}.tmp", payload, age_s=90_000)
    assert spool.pending(place) == []
    assert names(place / "failed") == {f"{NAME}.tmp", f"{NAME}.tmp.reason"}
    assert names(place) == {"failed"}


def test_old_markers_and_notes_without_an_event_are_forgotten(place: Path) -> None:
    (place / ".nudged").mkdir(mode=0o700)
    put(place / ".nudged", "s-1", age_s=90_000)
    put(place / ".nudged", "s-2")
    put(place, f"{NAME}.failures", age_s=90_000)
    put(place, "1-1-claude-end.json")
    noted = put(place, "1-1-claude-end.json.failures", age_s=90_000)
    spool.tidy(place)
    assert names(place / ".nudged") == {"s-2"}
    assert names(place) == {".nudged", "1-1-claude-end.json", noted.name}


def test_files_that_vanish_while_it_looks_do_not_matter(place: Path) -> None:
    """Two take from one spool, a third puts in: nobody stumbles."""
    script = """
import sys; from pathlib import Path; from claude_metrics.recording import spool
place = Path(sys.argv[1])
taken = []
while len(taken) < 150 and not (place / "done").exists():
    for event in spool.pending(place):
        payload = spool.read(event)
        spool.finish(event)
        if payload: taken.append(payload.decode())
print("\\n".join(taken))
"""
    command = [sys.executable, "-c", script, str(place)]
    takers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for number in range(100):
        spool.submit(json.dumps({"n": number}).encode(), "claude", place)
    wait_for(lambda: not spool.pending(place))
    (place / "done").touch()
    outputs = [taker.communicate(timeout=PATIENCE_S)[0] for taker in takers]
    assert [taker.returncode for taker in takers] == [0, 0]
    assert {json.loads(line)["n"] for out in outputs for line in out.splitlines() if line} == set(range(100))
