"""The queue on real files: what is listed, what is read, and what is left alone."""

import os
import stat
from pathlib import Path

import pytest

from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.recording import spool
from tests.recording.spooled import NAME, PAYLOAD, names, put


def test_an_event_says_when_whose_and_what(place: Path) -> None:
    path = put(place, "1795147532123456789-4711-gemini-stop-cut.json")
    event = spool.Event(1795147532123456789, 4711, path, "gemini", "stop", True)
    assert spool.pending(place) == [event]
    assert event.received_at == "2026-11-20T04:05:32.123Z"
    assert spool.read(event) == PAYLOAD


def test_events_come_oldest_first_whatever_the_number_of_digits(place: Path) -> None:
    for instant in (1795147532123456790, 5, 1795147532123456789, 999):
        put(place, f"{instant}-1-claude-end.json")
    assert [event.received_ns for event in spool.pending(place)] == [5, 999, 1795147532123456789, 1795147532123456790]


@pytest.mark.parametrize("instant", ["0", "9999999999999999999"])
def test_absurd_instants_are_instants(place: Path, instant: str) -> None:
    put(place, f"{instant}-1-claude-end.json")
    [event] = spool.pending(place)
    assert event.received_at in ("1970-01-01T00:00:00.000Z", "2286-11-20T17:46:39.999Z")


def test_a_spool_that_does_not_exist_is_empty(tmp_path: Path) -> None:
    assert spool.pending(tmp_path / "none") == []
    assert spool.failed(tmp_path / "none") == []


FOREIGN = ["notes.txt", ".DS_Store", "x.json", "1-2.json", f"{NAME}.bak", "1-1-Claude-end.json", "99999999999999999999-1-a-b.json", "1-1-a-b.json\n", "x.tmp"]  # fmt: skip


@pytest.mark.parametrize("name", FOREIGN)
def test_foreign_files_are_left_alone(place: Path, name: str) -> None:
    put(place, name, age_s=1e6)
    assert spool.pending(place) == []
    assert names(place) == {name}


def test_links_pipes_and_folders_are_neither_followed_nor_opened(place: Path, tmp_path: Path) -> None:
    target = put(tmp_path, "target")
    for number, suffix in enumerate(("", ".tmp", ".failures")):
        (place / f"{number}-1-claude-end.json{suffix}").symlink_to(target)
        os.mkfifo(place / f"{number}-2-claude-end.json{suffix}")
        (place / f"{number}-3-claude-end.json{suffix}").mkdir()
    before = names(place)
    assert spool.pending(place) == []
    assert (names(place), target.read_bytes()) == (before, PAYLOAD)


def test_a_spool_that_is_a_link_is_not_followed(place: Path, tmp_path: Path) -> None:
    put(place)
    (tmp_path / "link").symlink_to(place)
    assert spool.pending(tmp_path / "link") == []


def test_events_kept_elsewhere_are_found_too(place: Path) -> None:
    for number, other in enumerate(spool.possible_folders(place)):
        other.mkdir(mode=0o700, parents=True, exist_ok=True)
        put(other, f"{number}-1-claude-end.json")
    assert [event.received_ns for event in spool.pending(place)] == [0, 1, 2]
    assert spool.pending(place.with_name("another")) == []


def test_a_place_that_others_may_write_is_not_trusted(place: Path) -> None:
    trap = spool.possible_folders(place)[2]
    trap.mkdir()
    trap.chmod(0o777)
    put(trap)
    assert spool.pending(place) == []


def test_an_event_that_vanished_is_none_and_can_be_finished(place: Path) -> None:
    put(place)
    [event] = spool.pending(place)
    event.path.unlink()
    assert spool.read(event) is None
    assert not spool.note_failure(event, "too late")
    assert not spool.quarantine(event, "too late")
    spool.finish(event)
    assert spool.pending(place) == []


def test_an_event_that_became_a_link_or_a_pipe_is_none(place: Path, tmp_path: Path) -> None:
    put(place)
    [event] = spool.pending(place)
    event.path.unlink()
    event.path.symlink_to(put(tmp_path, "target"))
    assert spool.read(event) is None
    event.path.unlink()
    os.mkfifo(event.path)
    assert spool.read(event) is None


def test_reading_is_bounded(place: Path) -> None:
    with put(place).open("r+b") as file:
        file.truncate(1 << 40)
    assert len(spool.read(spool.pending(place)[0]) or b"") == spool.LIMIT_BYTES


SALVAGED = {
    "cut in a text": (b'{"session_id":"s\\u00e9","cwd" : "/x","last":"and th', {"session_id": "sé", "cwd": "/x"}),
    "cut in a name": (b'{"session_id":"s-1","transcript_pa', {"session_id": "s-1"}),
    "a name inside an answer": (b'{"last":"\\"session_id\\":\\"other\\"","session_id":"s-1"', {"session_id": "s-1"}),
    "no text": (b'{"session_id":12,"cwd":null', {}),
    "garbage": (bytes(range(256)) * 1000, {}),
    "only quotes": (b'"' * 100_000, {}),
    "backslashes without end": (b'"cwd":"' + b"\\" * 100_000, {}),
}


@pytest.mark.parametrize(("payload", "fields"), SALVAGED.values(), ids=SALVAGED.keys())
def test_from_a_cut_payload_its_first_names_are_saved(payload: bytes, fields: dict[str, str]) -> None:
    assert spool.salvage(payload) == fields


def test_what_is_submitted_is_pending(tmp_path: Path) -> None:
    place = tmp_path / "new" / "spool"
    path = spool.submit(PAYLOAD, "codex", place, event="stop")
    [event] = spool.pending(place)
    assert (event.path, event.agent, event.kind, spool.read(event)) == (path, "codex", "stop", PAYLOAD)
    assert {stat.S_IMODE(found.stat().st_mode) for found in (place, place.parent)} == {0o700}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_where_the_spool_is_a_file_it_is_submitted_elsewhere(place: Path) -> None:
    place.rmdir()
    place.write_text("no folder")
    path = spool.submit(PAYLOAD, "claude", place)
    assert path.parent == spool.possible_folders(place)[1]
    assert len(spool.pending(place)) == 1


def test_where_nothing_can_be_written_it_says_so(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place.rmdir()
    place.write_text("no folder")
    for name in ("HOME", "TMPDIR"):
        monkeypatch.setenv(name, "/dev/null")
    with pytest.raises(ClaudeMetricsError, match=str(place)):
        spool.submit(PAYLOAD, "claude", place)


@pytest.mark.parametrize("agent", ["", "../x", "a-b", "A", "a\n"])
def test_an_agent_that_is_no_word_is_refused(place: Path, agent: str) -> None:
    with pytest.raises(ValueError, match="not the name"):
        spool.submit(PAYLOAD, agent, place)
