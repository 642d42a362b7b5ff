"""The real hook as a real process: the file that it leaves for an event, whatever the payload is."""

import json
import os
import stat
import subprocess
import time
from pathlib import Path

import pytest

from claude_metrics.recording import spool
from tests.hooks.scene import PAYLOAD, STOP, Scene

# The usual case


def test_the_file_holds_the_bytes_of_stdin_and_its_name_says_when_whose_and_what(scene: Scene) -> None:
    before = time.time_ns()
    scene.run(PAYLOAD, "--agent", "gemini")
    [event] = spool.pending(scene.spool)
    assert spool.read(event) == PAYLOAD
    assert before < event.received_ns < time.time_ns()
    assert (event.agent, event.kind, event.cut) == ("gemini", "end", False)
    assert [path.name for path in scene.spool.iterdir()] == [event.path.name]


def test_the_agent_is_claude_unless_named(scene: Scene) -> None:
    scene.run()
    assert [event.agent for event in spool.pending(scene.spool)] == ["claude"]


def test_folders_and_files_are_private_under_any_umask(scene: Scene) -> None:
    for umask in (0o000, 0o777):
        old = os.umask(umask)
        try:
            scene.run(STOP)
        finally:
            os.umask(old)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in scene.folder.joinpath("data").rglob("*")}
    assert {mode for name, mode in modes.items() if "." in name[1:] or name == "s-1"} == {0o600}
    assert {modes["spool"], modes[".nudged"], stat.S_IMODE(scene.spool.parent.stat().st_mode)} == {0o700}


def test_hooks_at_once_keep_a_file_each(scene: Scene) -> None:
    scene.worker = Path("/bin/true")
    running = []
    for number in range(50):
        payload = scene.folder / f"payload-{number}"
        payload.write_text(json.dumps({"session_id": str(number)}))
        with payload.open("rb") as stdin:
            running.append(scene.start(stdin=stdin, stderr=subprocess.DEVNULL))
    assert [(hook.wait(), hook.stdout.read()) for hook in running if hook.stdout] == [(0, b"{}\n")] * 50
    assert {json.loads(path.read_text())["session_id"] for path in scene.kept()} == {str(n) for n in range(50)}


def test_options_may_be_joined_by_an_equals_sign_and_unknown_ones_are_ignored(scene: Scene) -> None:
    scene.run(PAYLOAD, "--future", "--agent=codex", "stray", "--event=turn")
    assert [(event.agent, event.kind) for event in spool.pending(scene.spool)] == [("codex", "turn")]


@pytest.mark.parametrize("name", ["../../x", "a/b", "", "\x1b[31m", "ä", "x" * 500])
def test_an_agent_that_is_no_word_becomes_one(scene: Scene, name: str) -> None:
    scene.run(PAYLOAD, "--agent", name)
    assert len(spool.pending(scene.spool)) == 1


@pytest.mark.parametrize(
    "name", [b"../../../escaped", b"/etc/escaped", b"\xff\x00", b"x" * 5000, b"", b".", b"..", "ä".encode()]
)
def test_a_hostile_session_id_names_no_file(scene: Scene, name: bytes) -> None:
    before = set(scene.folder.rglob("*"))
    scene.run(STOP.replace(b"s-1", name))
    new = {path.relative_to(scene.folder) for path in set(scene.folder.rglob("*")) - before if path != scene.signed}
    marker = Path("data/spool/.nudged")
    assert new - set(marker.parents) == {marker, marker / "other", *(p.relative_to(scene.folder) for p in scene.kept())}


def test_nothing_is_written_through_a_link_in_the_markers_place(scene: Scene) -> None:
    elsewhere = scene.folder / "elsewhere"
    elsewhere.mkdir()
    scene.spool.mkdir(parents=True)
    (scene.spool / ".nudged").symlink_to(elsewhere)
    scene.run(STOP)
    assert len(scene.kept()) == 1
    assert not list(elsewhere.iterdir())


def test_the_word_stop_inside_an_answer_is_not_the_event(scene: Scene) -> None:
    answer = json.dumps({"last": '"hook_event_name":"Stop"', "hook_event_name": "SessionEnd"}).encode()
    scene.run(answer)
    assert [event.kind for event in spool.pending(scene.spool)] == ["end"]


# What may go wrong with stdin


def test_empty_stdin_leaves_nothing(scene: Scene) -> None:
    scene.run(b"")
    assert not scene.kept()
    assert not scene.signed.exists()


def test_garbage_is_kept_as_it_is(scene: Scene) -> None:
    garbage = bytes(range(256)) * 300
    scene.run(garbage)
    assert scene.kept()[0].read_bytes() == garbage


def test_of_a_huge_payload_the_beginning_is_kept_and_the_rest_is_read(scene: Scene) -> None:
    huge = b'{"session_id":"s-1","cwd":"/x","filler":"' + b"x" * 100_000_000 + b'"}'
    scene.run(huge)
    [event] = spool.pending(scene.spool)
    assert event.cut
    assert (read := spool.read(event)) == huge[: spool.LIMIT_BYTES]
    assert spool.salvage(read) == {"session_id": "s-1", "cwd": "/x"}
