"""Transcripts of Claude Code as people found them: damaged, copied, linked, of a second account."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claude_metrics import config, paths
from claude_metrics.agents import _damage as damage
from claude_metrics.config import edit
from claude_metrics.health.doctor import examine
from tests.agents.claude_records import SESSION, answer, inputs, prompt, rows, transcript

OTHER = "00001003-0000-4000-8000-000000001003"
NULS = b"\0" * 700
DAMAGED = {
    "zeros behind a record": [prompt(1) + NULS + b"\n", answer(2) + NULS + b"\n", answer(3) + b"\n"],
    "zeros before a record": [prompt(1) + b"\n", NULS + answer(2) + b"\n", answer(3) + b"\n"],
    "zeros between records": [prompt(1) + b"\n", answer(2) + NULS + answer(3) + b"\n"],
    "a line of zeros": [prompt(1) + b"\n", answer(2) + b"\n", NULS + b"\n", answer(3) + b"\n"],
    "zeros at the end of the file": [prompt(1) + b"\n", answer(2) + b"\n", answer(3) + NULS],
    "half a record before a whole one": [prompt(1) + b"\n", prompt(4)[:90] + answer(2) + b"\n", answer(3) + b"\n"],
    "half an answer before a whole one": [prompt(1) + b"\n", answer(9)[:200] + answer(2) + b"\n", answer(3) + b"\n"],
    "two records on a line": [prompt(1) + b"\n", answer(2) + answer(3) + b"\n"],
    "a byte order mark before the first": [b"\xef\xbb\xbf" + prompt(1) + b"\n", answer(2) + b"\n", answer(3) + b"\n"],
}


@pytest.mark.slow
@pytest.mark.parametrize("lines", DAMAGED.values(), ids=DAMAGED)
def test_damage_takes_no_whole_record_with_it(lines: list[bytes], home: Path, run_cli: Any) -> None:
    transcript(home, *lines)
    assert inputs(run_cli) == [200, 300]
    assert rows("select user_message_count from sessions") == [(1,)]


@pytest.mark.slow
@pytest.mark.parametrize("lines", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_that_grows_gives_the_same(lines: list[bytes], home: Path, run_cli: Any) -> None:
    for count in range(1, len(lines) + 1):
        transcript(home, *lines[:count])
        inputs(run_cli)
    assert inputs(run_cli) == [200, 300]


PIECES = st.sampled_from(
    [answer(2), answer(3), prompt(1), NULS, b" ", answer(9)[:150], prompt(8)[:40], b'{"type":"text"']
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(pieces=st.lists(PIECES, max_size=8))
def test_every_whole_record_of_a_line_is_found_in_order(pieces: list[bytes]) -> None:
    whole = [piece for piece in pieces if piece in (answer(2), answer(3), prompt(1))]
    assert damage.whole_records(b"".join(pieces)) == whole


def test_a_block_of_an_answer_is_no_record() -> None:
    assert damage.whole_records(b'{"message": {"content": [{"type": "text", "text": "x"}, {"type": "tool_use"}') == []


def test_a_line_of_many_beginnings_is_given_up(home: Path) -> None:
    assert damage.whole_records(b'{"type":' * 100_000) == []


COPIES = [f"{SESSION} (1)", f"{SESSION}.sync-conflict-20260911-080000-7XK2PQR", f"{SESSION}-conflict-1"]


@pytest.mark.parametrize("name", COPIES)
def test_a_conflict_copy_belongs_to_its_session(name: str, home: Path, run_cli: Any) -> None:
    transcript(home, prompt(1) + b"\n", answer(2) + b"\n", answer(3) + b"\n")
    transcript(home, prompt(1) + b"\n", answer(2) + b"\n", answer(4) + b"\n", name=name)
    assert inputs(run_cli) == [200, 300, 400]
    assert rows("select session_id from sessions") == [(SESSION,)]


def test_a_conflict_copy_that_is_named_behind_the_ending_counts_too(home: Path, run_cli: Any) -> None:
    path = transcript(home, prompt(1) + b"\n", answer(2) + b"\n")
    path.with_name(f"{path.name}.conflict.20260910-090909").write_bytes(prompt(1) + b"\n" + answer(3) + b"\n")
    assert inputs(run_cli) == [200, 300]


def linked(home: Path, target: Path) -> Path:
    projects = home / ".claude" / "projects"
    projects.mkdir(parents=True, exist_ok=True)
    (projects / "-home-dev-linked").symlink_to(target)
    return projects


def test_a_project_that_is_a_link_is_read(home: Path, tmp_path: Path, run_cli: Any) -> None:
    disk = tmp_path / "disk"
    (disk / OTHER / "subagents").mkdir(parents=True)
    (disk / f"{OTHER}.jsonl").write_bytes(prompt(1, OTHER) + b"\n" + answer(2, OTHER) + b"\n")
    agent = answer(3, OTHER, agentId="a1", isSidechain=True)
    (disk / OTHER / "subagents" / "agent-a1.jsonl").write_bytes(agent + b"\n")
    linked(home, disk)
    assert inputs(run_cli) == [200, 300]
    assert rows("select session_id from sessions") == [(OTHER,)]


def test_a_link_is_not_walked_beyond_what_the_client_writes(home: Path, tmp_path: Path, run_cli: Any) -> None:
    deep = tmp_path / "disk" / "somebody" / "else"
    deep.mkdir(parents=True)
    (deep / f"{OTHER}.jsonl").write_bytes(prompt(1, OTHER) + b"\n" + answer(2, OTHER) + b"\n")
    linked(home, tmp_path / "disk")
    assert inputs(run_cli) == []


def test_a_link_in_a_projects_folder_is_not_followed(home: Path, tmp_path: Path, run_cli: Any) -> None:
    transcript(home, prompt(1) + b"\n", answer(2) + b"\n")
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory" / f"{OTHER}.jsonl").write_bytes(answer(3, OTHER) + b"\n")
    (home / ".claude" / "projects" / "-home-dev-app" / OTHER).symlink_to(tmp_path / "memory")
    assert inputs(run_cli) == [200]


def test_a_link_in_the_place_of_a_sessions_folder_is_not_walked_by_the_hook(home: Path, tmp_path: Path) -> None:
    from claude_metrics.agents.claude.sources import sources_of

    path = transcript(home, prompt(1) + b"\n")
    path.with_suffix("").symlink_to("/")
    assert [source.path for source in sources_of({"transcript_path": str(path)})] == [path]


def test_an_account_that_the_config_names_is_read(home: Path, run_cli: Any) -> None:
    transcript(home, prompt(1) + b"\n", answer(2) + b"\n", profile=".claude-work")
    assert inputs(run_cli) == []
    edit.add_root("claude", Path("~/.claude-work"))
    assert config.load().roots == {"claude": ["~/.claude-work"]}
    assert inputs(run_cli) == [200]


def test_an_account_that_a_hook_recorded_from_is_read_by_sync(home: Path, run_cli: Any) -> None:
    first = transcript(home, prompt(1) + b"\n", answer(2) + b"\n", profile=".claude-work")
    transcript(home, prompt(1, OTHER) + b"\n", answer(3, OTHER) + b"\n", name=OTHER, profile=".claude-work")
    payload = home / "payload.json"
    payload.write_text(
        json.dumps({"session_id": SESSION, "hook_event_name": "SessionEnd", "transcript_path": str(first)})
    )
    subprocess.run([sys.executable, "-m", "claude_metrics.worker", "--background", str(payload)], check=True)
    assert inputs(run_cli) == [200, 300]


def test_doctor_tells_of_an_account_that_nobody_reads(home: Path, run_cli: Any) -> None:
    transcript(home, prompt(1) + b"\n", answer(2) + b"\n", profile=".claude-work")
    inputs(run_cli)
    told = [f.check for f in examine(paths.database_file(), shoot=False) if f.check.name == "profiles"]
    assert [check.state for check in told] == ["warn"]
    assert ".claude-work" in told[0].text
    run_cli("setup", "--yes")
    assert not [f for f in examine(paths.database_file(), shoot=False) if f.check.name == "profiles"]
    assert inputs(run_cli) == [200]
