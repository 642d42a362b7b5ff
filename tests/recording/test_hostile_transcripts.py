"""Transcripts as no client writes them. Nothing of it stops the reading, and no bad line hides a good one."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claude_metrics import config
from claude_metrics.agents import RECORDED
from claude_metrics.agents.base import source_from
from claude_metrics.paths import private_dir
from claude_metrics.recording import ingest, spool
from claude_metrics.store.connection import connect
from tests.support import hostile
from tests.support.captured import CAPTURES
from tests.support.trees import copy_tree

pytestmark = pytest.mark.slow

MEASURED = """import resource, sys
from pathlib import Path
from claude_metrics.recording import worker
worker.run(Path(sys.argv[1]), Path(sys.argv[2]))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
CALL = {"id": "t", "name": "read_file", "args": {"file_path": "/x"}, "status": "success"}
TOKENS = {"input": 9, "output": 2, "cached": 1, "thoughts": 1, "tool": 0, "total": 12}
ANSWER = {"id": "m", "timestamp": "2026-11-20T04:08:00.000Z", "type": "gemini", "content": "Hi", "model": "gemini-3"}
ANSWER |= {"tokens": TOKENS, "toolCalls": [CALL]}
CHAT = {"sessionId": "s", "projectHash": "h", "startTime": "2026-11-20T04:08:00.000Z", "lastUpdated": "x"}
CHAT |= {"messages": [ANSWER | {"type": "user"}, ANSWER]}

LINES = [agent for agent in RECORDED if hostile.transcripts(agent)]
MOST = 2**53
MONEY = 1e15


def lay_out(agent: str, home: Path, only: str = "") -> None:
    for capture in sorted((CAPTURES / hostile.folder_of(agent)).iterdir()):
        if (capture / "home").exists() and only in capture.name:
            copy_tree(capture / "home", home)
        elif (capture / "projects").exists() and only in capture.name:
            copy_tree(capture / "projects", home / ".claude" / "projects")


def record(agent: str, database: Path) -> ingest.Outcome:
    """As sync does, but nothing is caught."""
    with closing(connect(database)) as connection:
        batches = [ingest.read(source, None, "redacted") for source in RECORDED[agent].find_sources()]
        commits = ingest.commits_in(batches, ingest.CommitCache())
        return ingest.store(connection, batches, config.Config(), "sync", commits=commits)


def requests(database: Path) -> set[int]:
    with closing(sqlite3.connect(database)) as connection:
        return {row[0] for row in connection.execute("select id from token_usage where kind = 'message'")}


def check(database: Path) -> None:
    """Whatever was read, what is stored can be used."""
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
        tables = [row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")]
        for table in tables:
            cursor = connection.execute(f'select * from "{table}"')
            names = [column[0] for column in cursor.description]
            for row in cursor:
                check_row(table, zip(names, row, strict=True))
        for (view,) in connection.execute("select name from sqlite_master where type = 'view'").fetchall():
            connection.execute(f'select * from "{view}"').fetchall()


def check_row(table: str, row: Iterable[tuple[str, object]]) -> None:
    for name, value in row:
        if isinstance(value, float):
            assert abs(value) <= MONEY, (table, name, value)
        if isinstance(value, int) and name.endswith(("tokens", "_ms", "put_bytes", "requests", "lines_added")):
            assert 0 <= value <= MOST, (table, name, value)
        if isinstance(value, str):
            assert value.encode() is not None, (table, name)


@pytest.fixture(scope="module")
def genuine(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[int]]:
    """Per agent the requests of its captures as they are."""
    found = {}
    for agent in LINES:
        home = tmp_path_factory.mktemp(agent)
        lay_out(agent, home)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("HOME", str(home))
            record(agent, home / "metrics.db")
        found[agent] = requests(home / "metrics.db")
    return found


@pytest.mark.parametrize("value", hostile.VALUES.values(), ids=hostile.VALUES)
@pytest.mark.parametrize("agent", LINES)
def test_no_value_in_any_field_stops_the_reading_or_hides_a_request(
    agent: str, value: bytes, home: Path, tmp_path: Path, genuine: dict[str, set[int]]
) -> None:
    lay_out(agent, home)
    assert hostile.spoil_transcripts(home, value) > 50
    record(agent, tmp_path / "metrics.db")
    check(tmp_path / "metrics.db")
    assert not genuine[agent] - requests(tmp_path / "metrics.db")


@pytest.mark.parametrize("value", hostile.VALUES.values(), ids=hostile.VALUES)
def test_no_value_in_any_row_of_opencode_stops_the_reading(value: bytes, home: Path, tmp_path: Path) -> None:
    lay_out("opencode", home, only="subagent")
    [path] = home.rglob("opencode.db")
    assert hostile.spoil_database(path, value) > 15
    record("opencode", tmp_path / "metrics.db")
    check(tmp_path / "metrics.db")


@pytest.mark.parametrize("value", [None, -1, 2**63 - 1, 1e300, "x", "", b"\xff\0", "a\0b", hostile.ESCAPES], ids=repr)
def test_no_value_in_any_column_of_opencode_stops_the_reading(value: object, home: Path, tmp_path: Path) -> None:
    lay_out("opencode", home, only="subagent")
    [path] = home.rglob("opencode.db")
    assert hostile.spoil_columns(path, value) > 5
    record("opencode", tmp_path / "metrics.db")
    check(tmp_path / "metrics.db")


@pytest.mark.parametrize("value", hostile.VALUES.values(), ids=hostile.VALUES)
def test_no_value_in_a_file_that_is_one_object_stops_the_reading(value: bytes, home: Path, tmp_path: Path) -> None:
    """Gemini's older chats: each field in turn, a file each."""
    chats = home / ".gemini/tmp/project/chats"
    chats.mkdir(parents=True)
    for number, place in enumerate(hostile.places(CHAT)):
        (chats / f"session-2026-11-20T04-08-{number:08x}.json").write_bytes(hostile.put(CHAT, place, value))
    record("gemini", tmp_path / "metrics.db")
    check(tmp_path / "metrics.db")


# Damage to bytes, and more of it at once


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.data())
@pytest.mark.parametrize("agent", LINES)
def test_no_damage_to_a_transcript_stops_the_reading(
    agent: str, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    small = [path for path in hostile.transcripts(agent) if path.stat().st_size < 60_000]
    original = data.draw(st.sampled_from(small))
    raw = bytearray(original.read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(raw)))
        gone = data.draw(st.sampled_from([0, 1, 2, 7, 300]))
        raw[at : at + gone] = data.draw(st.binary(max_size=8) | st.sampled_from(list(hostile.VALUES.values())))
    folder = tmp_path_factory.mktemp("damaged")
    path = folder / original.name
    path.write_bytes(raw)
    found = source_from(agent, path, path.stem)
    assert found
    with closing(connect(folder / "metrics.db")) as connection:
        batch = ingest.read(found, None, "redacted")
        commits = ingest.commits_in([batch], ingest.CommitCache())
        ingest.store(connection, [batch], config.Config(), "sync", commits=commits)
    check(folder / "metrics.db")


# Things that are no file, and files without end


def as_fifo(path: Path) -> None:
    os.mkfifo(path)


def as_folder(path: Path) -> None:
    path.mkdir()


def as_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def as_terminal(path: Path) -> None:
    path.symlink_to("/dev/tty")


def as_loop(path: Path) -> None:
    path.symlink_to(path)


def as_process(path: Path) -> None:
    path.symlink_to("/proc/self/environ")


@pytest.mark.parametrize("make", [as_fifo, as_folder, as_device, as_terminal, as_loop])
@pytest.mark.parametrize("agent", LINES)
def test_what_is_no_file_is_not_read(agent: str, make: Callable[[Path], None], home: Path, tmp_path: Path) -> None:
    lay_out(agent, home)
    before = len(list(RECORDED[agent].find_sources()))
    odd = hostile_name(agent, home)
    make(odd)
    assert len(list(RECORDED[agent].find_sources())) == before
    assert RECORDED[agent].sources_of({"session_id": "x", "transcript_path": str(odd)}) == []


def hostile_name(agent: str, home: Path) -> Path:
    """Where a transcript of that agent would be."""
    beside = next(path for path in sorted(home.rglob("*.jsonl")) if "agent-" not in path.name)
    return beside.with_name(beside.name[:-6] + "0.jsonl")


def test_a_line_of_100_mib_costs_memory_for_itself_only(home: Path, tmp_path: Path) -> None:
    lay_out("claude", home, only="print-basic")
    [path] = (home / ".claude").rglob("*.jsonl")
    with path.open("ab") as file:
        file.write(b'{"type":"user","message":{"content":"')
        for _ in range(100):
            file.write(b"x" * 2**20)
        file.write(b'"}}\n')
    folder = private_dir(tmp_path / "spool")
    spool.submit(json.dumps({"session_id": path.stem, "transcript_path": str(path)}).encode(), "claude", folder)
    command = [sys.executable, "-c", MEASURED, str(folder), str(tmp_path / "metrics.db")]
    done = subprocess.run(command, capture_output=True, check=True)
    assert not spool.pending(folder)
    assert requests(tmp_path / "metrics.db")
    assert int(done.stdout) < 1100 * 1024, "KiB: a few copies of the line, as bytes and as text"
