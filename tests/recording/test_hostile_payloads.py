"""What an agent, or somebody in its name, may hand to the hook: any value in any field, paths that lead astray."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claude_metrics import paths
from claude_metrics.recording import spool, worker
from tests.recording.test_hostile_transcripts import check
from tests.support import hostile
from tests.support.captured import Capture, as_stdin
from tests.support.checkout import HOOK
from tests.support.dumps import count

pytestmark = pytest.mark.slow

FIELDS = {
    "session_id": "s-1", "transcript_path": "/nowhere/s-1.jsonl", "cwd": "/nowhere", "reason": "other",
    "hook_event_name": "SessionEnd", "permission_mode": "default", "prompt_id": "p", "agent_id": "a",
    "cost": {"total_cost_usd": 0.1, "total_duration_ms": 1, "total_api_duration_ms": 1, "total_lines_added": 1,
             "total_lines_removed": 1},
}  # fmt: skip
AGENTS = ("claude", "codex", "gemini", "opencode")
ATOMS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
NAMES = st.sampled_from([*FIELDS, "x"]) | st.text()
SETTINGS = settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def run_hook(payload: bytes, agent: str = "claude") -> None:
    """The real one, without a worker."""
    command = [sys.executable, "-I", "-S", str(HOOK), "--agent", agent, "--worker-python", "/bin/true"]
    done = subprocess.run(command, input=payload, capture_output=True, timeout=20, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"{}\n", b"")


def drain() -> worker.Drained:
    return worker.run(paths.spool_dir(), paths.database_file())


def tree(folder: Path) -> set[str]:
    return {str(path) for path in folder.rglob("*") if paths.data_dir().parent not in path.parents}


@pytest.mark.parametrize("agent", AGENTS)
def test_no_value_in_any_field_of_a_payload_loses_the_event_or_stops_the_worker(agent: str, home: Path) -> None:
    before, nameless = tree(home.parent), 0
    fields = FIELDS if agent == "claude" else {name: FIELDS[name] for name in ("session_id", "transcript_path", "cwd")}
    for value in hostile.VALUES.values():
        for place in hostile.places(fields):
            payload = hostile.put({**FIELDS, "session_id": os.urandom(8).hex()}, place, value)
            spool.submit(payload, agent, paths.spool_dir())
            nameless += worker.parse(payload) is None
    waiting = len(spool.pending(paths.spool_dir()))
    done = drain()
    assert (done.recorded, done.failed) == (waiting - nameless, nameless)
    assert not spool.pending(paths.spool_dir())
    assert {path.with_name(path.name + ".reason").read_text() for path in spool.failed(paths.spool_dir())} == {
        "the payload is no JSON object with a session_id\n"
    }
    assert count(paths.database_file(), "recordings") > waiting // 2
    check(paths.database_file())
    assert tree(home.parent) - before <= {str(paths.data_dir().parent)}


@SETTINGS
@given(payload=st.recursive(ATOMS, lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner), max_leaves=20))
def test_any_json_is_parsed_or_refused(payload: object) -> None:
    raw = json.dumps(payload).encode()
    found = worker.parse(raw)
    assert found is None or (isinstance(found["session_id"], str) and found["session_id"])


@SETTINGS
@given(raw=st.binary(max_size=400) | st.sampled_from(list(hostile.VALUES.values())))
def test_any_bytes_are_parsed_or_refused(raw: bytes) -> None:
    assert worker.parse(raw) is None or b"session_id" in raw


@pytest.mark.parametrize("value", hostile.VALUES.values(), ids=hostile.VALUES)
def test_the_hook_takes_anything(value: bytes) -> None:
    run_hook(value)
    run_hook(b'{"session_id":' + value + b',"hook_event_name":"Stop"}')
    assert len(spool.pending(paths.spool_dir())) == 2


# Paths that lead astray


def to_fifo(path: Path) -> None:
    os.mkfifo(path)


def to_folder(path: Path) -> None:
    path.mkdir()


def to_endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def to_terminal(path: Path) -> None:
    path.symlink_to("/dev/tty")


def to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def to_passwords(path: Path) -> None:
    path.symlink_to("/etc/passwd")


def to_environment(path: Path) -> None:
    path.symlink_to("/proc/self/environ")


def to_sparse(path: Path) -> None:
    """A terabyte without a newline, of which nothing is on the disk."""
    with path.open("wb") as file:
        file.truncate(2**40)


@pytest.mark.parametrize("make", [to_fifo, to_folder, to_endless, to_terminal, to_itself, to_passwords, to_environment])
@pytest.mark.parametrize("agent", AGENTS)
def test_what_is_no_transcript_is_passed_over(agent: str, make: Callable[[Path], None], home: Path) -> None:
    path = home / "s-1.jsonl"
    make(path)
    for name in (path.name, "session-1.json", "rollout-1.jsonl"):
        payload = {**FIELDS, "transcript_path": str(path.with_name(name))}
        run_hook(as_stdin(payload), agent)
    done = drain()
    assert (done.recorded, done.failed) == (3, 0)
    assert b"root:" not in paths.database_file().read_bytes()


def test_a_terabyte_without_a_line_is_given_up(home: Path) -> None:
    path = home / "s-1.jsonl"
    to_sparse(path)
    run_hook(as_stdin({**FIELDS, "transcript_path": str(path)}))
    for _ in range(3):
        drain()
    assert [found.name[-10:] for found in spool.failed(paths.spool_dir())] == ["e-end.json"]


@pytest.mark.parametrize("agent", AGENTS)
@pytest.mark.parametrize(
    "name", ["../../../../x", "/etc/passwd", "..", ".", "\0", "a/b", "\x1b[31m", "C:\\x", "x" * 9999]
)
def test_a_session_id_names_no_file(agent: str, name: str, home: Path) -> None:
    before = tree(home.parent)
    run_hook(as_stdin({**FIELDS, "session_id": name}), agent)
    assert drain().recorded == 1
    assert tree(home.parent) - before <= {str(paths.data_dir().parent)}


def test_a_session_whose_payload_names_another_file_keeps_the_files_name(capture: Callable[[str], Capture]) -> None:
    """A payload cannot put one session's requests under another's name."""
    payload = capture("print-basic").payloads("SessionEnd")[0]
    run_hook(as_stdin({**payload, "session_id": "somebody-elses"}))
    assert drain().recorded == 1
    with sqlite3.connect(paths.database_file()) as connection:
        assert {row[0] for row in connection.execute("select session_id from token_usage")} == {payload["session_id"]}
