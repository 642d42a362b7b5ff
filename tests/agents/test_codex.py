"""Codex CLI: what its captures hold is what its API served."""

from pathlib import Path

import pytest

from claude_metrics.agents.codex import sources as codex
from tests.agents.recorded import (
    CODEX,
    record,
    repository,
    stored_calls,
    stored_commits,
    stored_prompts,
    stored_tokens,
    truth_calls,
    truth_commits,
    truth_tokens,
    typed,
)
from tests.support.recorder import Recorder


@pytest.mark.parametrize("name", CODEX.names)
def test_a_capture_gives_its_truth(name: str, home: Path, recorder: Recorder) -> None:
    truth = CODEX.truth(name)
    repository(home / "project", truth)
    record(recorder, CODEX.sources(CODEX.lay_out(name, home)))
    assert stored_tokens(recorder) == truth_tokens(truth, {})
    assert stored_calls(recorder) == truth_calls(truth)
    assert stored_prompts(recorder) == typed(truth)
    assert stored_commits(recorder) == truth_commits(truth)


@pytest.mark.parametrize("name", CODEX.names)
def test_without_usage_records_the_totals_tell_the_same(name: str, home: Path, recorder: Recorder) -> None:
    """As older clients wrote: only the running total."""
    data = CODEX.lay_out(name, home)
    for source in CODEX.sources(data):
        lines = source.path.read_bytes().splitlines(keepends=True)
        source.path.write_bytes(b"".join(line for line in lines if b'"type":"token_usage_record"' not in line))
    record(recorder, CODEX.sources(data))
    assert stored_tokens(recorder) == truth_tokens(CODEX.truth(name), {})


def test_a_session_has_its_facts(home: Path, recorder: Recorder) -> None:
    record(recorder, CODEX.sources(CODEX.lay_out("interactive-two-prompts", home)))
    row = recorder.connection.execute(
        """select agent_type, agent_version, project_path, git_branch, permission_mode, title, lines_added, start_time
        from sessions"""
    ).fetchone()
    assert row == (
        "codex_cli", "0.169.0", str(home / "project"), "main", "bypassPermissions", "Demo task", 2,
        "2026-11-20T04:06:20.575Z",
    )  # fmt: skip


def test_a_subagent_is_part_of_its_session(home: Path, recorder: Recorder) -> None:
    record(recorder, CODEX.sources(CODEX.lay_out("subagent", home)))
    session = "01a1f718-a486-7c72-a04a-fc30b8cf2c83"
    assert recorder.connection.execute("select session_id from sessions").fetchall() == [(session,)]
    rows = recorder.connection.execute("select distinct agent_id from tool_calls where tool_name = 'exec_command'")
    assert rows.fetchall() == [("01a1f718-a51d-7391-95bc-493c693fc557",)]


@pytest.mark.parametrize("name", CODEX.names)
def test_a_hooks_payload_finds_all_files_of_the_session(name: str, home: Path, capture) -> None:
    data = CODEX.lay_out(name, home)
    found = {}
    for payload in capture(f"codex-cli/{name}").payloads("SessionEnd"):
        of_one = codex.sources_of(payload)
        assert {source.session_id for source in of_one} == {payload["session_id"]}
        found |= {source.path: source for source in of_one}
    assert found.keys() == {source.path for source in CODEX.sources(data)}


def test_an_archived_rollout_is_the_same_session(home: Path, recorder: Recorder) -> None:
    data = CODEX.lay_out("exec-basic", home)
    [source] = CODEX.sources(data)
    record(recorder, [source])
    before = recorder.dump()
    (data / "archived_sessions").mkdir()
    source.path.rename(data / "archived_sessions" / source.path.name)
    record(recorder, CODEX.sources(data))
    assert recorder.dump() == before


def test_the_home_can_be_moved(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = CODEX.lay_out("exec-basic", home / "elsewhere")
    assert list(codex.find_sources()) == []
    monkeypatch.setenv("CODEX_HOME", str(data))
    assert len(list(codex.find_sources())) == 1
