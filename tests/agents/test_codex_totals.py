"""Codex CLI: running totals become the usage of each request, once."""

import json
from pathlib import Path

import pytest

from tests.agents.recorded import CODEX, record, stored_prompts
from tests.agents.rollout import A, B, Rollout, usage
from tests.support.recorder import Recorder


def totals(recorder: Recorder) -> dict[str, tuple[int, int]]:
    return {
        r[0]: r[1:] for r in recorder.connection.execute("select session_id, input_tokens, output_tokens from sessions")
    }


def test_a_repeated_total_counts_once(tmp_path: Path, recorder: Recorder) -> None:
    rollout = Rollout(A).turn().answer(100, 10).count(usage(100, 10)).turn().count(usage(900, 90)).answer(50, 5)
    rollout.write(tmp_path)
    record(recorder, CODEX.sources(tmp_path))
    assert totals(recorder) == {A: (150, 15)}
    assert stored_prompts(recorder) == ["prompt 2", "prompt 7"]


@pytest.mark.parametrize("again", [False, True], ids=["answer first", "the parent's total again"])
def test_a_forks_total_goes_on_from_its_parents(again: bool, tmp_path: Path, recorder: Recorder) -> None:
    Rollout(A).turn().answer(100, 10).write(tmp_path)
    fork = Rollout(B, forked_from_id=A)
    fork.total = [100, 10, 0]
    if again:
        fork.count(usage(100, 10))
    fork.turn().answer(30, 3).answer(40, 4).write(tmp_path)
    record(recorder, CODEX.sources(tmp_path))
    assert totals(recorder) == {A: (100, 10), B: (70, 7)}
    assert recorder.connection.execute(
        "select parent_session_id from sessions where session_id = ?", (B,)
    ).fetchone() == (A,)


@pytest.mark.parametrize("turn_id", ["turn-1", None], ids=["turn ids", "without"])
@pytest.mark.parametrize("order", [1, -1], ids=["parent first", "fork first"])
def test_lines_that_a_fork_copied_belong_to_its_parent(
    turn_id: str | None, order: int, tmp_path: Path, recorder: Recorder
) -> None:
    parent = Rollout(A).turn(turn_id=turn_id).answer(100, 10)
    parent.write(tmp_path)
    fork = Rollout(B, forked_from_id=A, timestamp="2026-01-01T00:30:00.000Z")
    fork.lines, fork.total = [fork.lines[0].replace("00:00:01", "00:30:00"), *parent.lines], [100, 10, 0]
    fork.second = 2000
    fork.turn(turn_id="turn-2").answer(30, 3).write(tmp_path)
    for source in CODEX.sources(tmp_path)[::order]:
        record(recorder, [source])
    assert totals(recorder) == {A: (100, 10), B: (30, 3)}


def test_a_total_that_begins_anew_is_not_lost(tmp_path: Path, recorder: Recorder) -> None:
    rollout = Rollout(A).turn().answer(100, 10)
    rollout.total = [0, 0, 0]
    rollout.answer(20, 2).write(tmp_path)
    record(recorder, CODEX.sources(tmp_path))
    assert totals(recorder) == {A: (120, 12)}


def test_a_compaction_counts_for_the_model_it_ran_on(tmp_path: Path, recorder: Recorder) -> None:
    rollout = Rollout(A).turn("gpt-5").answer(100, 10).add("compacted", {"message": "..."}).answer(200, 20)
    rollout.turn("gpt-6-luna").answer(5, 1).write(tmp_path)
    record(recorder, CODEX.sources(tmp_path))
    rows = recorder.connection.execute("select model, sum(input_tokens) from token_usage group by 1").fetchall()
    assert rows == [("gpt-5", 300), ("gpt-6-luna", 5)]


def test_a_session_begun_by_an_older_client_and_resumed_by_a_newer(tmp_path: Path, recorder: Recorder) -> None:
    rollout = Rollout(A).turn(turn_id="t1").answer(100, 10).turn(turn_id="t2")
    record_of = {"thread_id": A, "session_id": A, "turn_id": "t2", "response_id": "r1", "usage": usage(50, 5)}
    rollout.add("token_usage_record", record_of).answer(50, 5).write(tmp_path)
    record(recorder, CODEX.sources(tmp_path))
    assert totals(recorder) == {A: (150, 15)}


def test_an_empty_rollout_is_no_session(tmp_path: Path, recorder: Recorder) -> None:
    path = Rollout(A).write(tmp_path)
    record(recorder, CODEX.sources(tmp_path))
    assert totals(recorder) == {}
    path.write_text("\n".join(Rollout(A).turn().answer(7, 1).lines) + "\n")
    record(recorder, CODEX.sources(tmp_path))
    assert totals(recorder) == {A: (7, 1)}


def test_cached_tokens_read_and_written_are_no_input(tmp_path: Path, recorder: Recorder) -> None:
    used = {**usage(1000, 10, cached=600), "cache_write_input_tokens": 100, "reasoning_output_tokens": 4}
    rollout = Rollout(A).turn()
    rollout.add("token_usage_record", {"thread_id": A, "session_id": A, "response_id": "r", "usage": used})
    rollout.write(tmp_path)
    record(recorder, CODEX.sources(tmp_path))
    columns = "input_tokens, cache_read_tokens, cache_creation_tokens, output_tokens, reasoning_tokens"
    row = recorder.connection.execute(f"select {columns} from token_usage").fetchone()
    assert row == (300, 600, 100, 10, 4)


def test_odd_records_are_counted_and_passed_over(tmp_path: Path, recorder: Recorder) -> None:
    rollout = Rollout(A).turn().answer(9, 1)
    rollout.add("hologram", {}).add("event_msg", {"type": "sparkle"}).add("response_item", {"type": "dance"})
    rollout.add("event_msg", {"type": "token_count", "info": None})
    rollout.add("event_msg", {"type": "token_count", "info": {"total_token_usage": {"input_tokens": "many"}}})
    rollout.lines += ['{"type":"response_item","payload":[1]}', "[]", "nonsense", '{"type":7}', "\xed"]
    path = rollout.write(tmp_path)
    done = record(recorder, CODEX.sources(tmp_path))
    unknown = json.loads(recorder.connection.execute("select unknown from sources").fetchone()[0])
    assert unknown == {"hologram": 1, "event sparkle": 1, "item dance": 1, "item None": 1, "7": 1}
    assert done.bad_lines == 3, path.read_text()
    assert totals(recorder) == {A: (9, 1)}
