"""Transcripts of Claude Code as people found them: damaged, copied, linked, of a second account, through a reseller."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claude_metrics import config, paths, pricing
from claude_metrics.agents import _damage as damage
from claude_metrics.config import edit
from claude_metrics.health.doctor import examine

Json = dict[str, Any]
SESSION = "00001002-0000-4000-8000-000000001002"
OTHER = "00001003-0000-4000-8000-000000001003"
NULS = b"\0" * 700


def common(number: int, session: str) -> Json:
    stamp = f"2026-09-10T09:00:{number:02}.000Z"
    return {
        "uuid": f"u{number}",
        "timestamp": stamp,
        "sessionId": session,
        "cwd": "/home/dev/app",
        "version": "2.1.278",
    }


def prompt(number: int, session: str = SESSION) -> bytes:
    message = {"role": "user", "content": f"question {number}"}
    return json.dumps({"parentUuid": None, "type": "user", "message": message, **common(number, session)}).encode()


def answer(number: int, session: str = SESSION, request_id: str | None = "req", model: str = "claude-opus-4-8",
           usage: Json | None = None, message_id: str = "", **more: Any) -> bytes:  # fmt: skip
    """An answer of `100 x number` tokens in and `10 x number` out."""
    used = usage or {"input_tokens": 100 * number, "output_tokens": 10 * number}
    message = {"id": message_id or f"msg_{number}", "role": "assistant", "model": model, "stop_reason": "end_turn"}
    named = {"requestId": f"{request_id}_{message_id or number}"} if request_id else {}
    whole = {**message, "content": [{"type": "text", "text": "done"}], "usage": used}
    return json.dumps(
        {"parentUuid": "u", "message": whole, "type": "assistant", **named, **common(number, session), **more}
    ).encode()


def transcript(home: Path, *lines: bytes, name: str = SESSION, profile: str = ".claude") -> Path:
    path = home / profile / "projects" / "-home-dev-app" / f"{name}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(lines))
    return path


def rows(sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(paths.database_file())) as database:
        return [tuple(row) for row in database.execute(sql)]


def inputs(run_cli: Any) -> list[int]:
    """The input tokens of every request that a sync stores."""
    done = run_cli("sync")
    assert done.returncode == 0, done.stderr
    return [row[0] for row in rows("select input_tokens from token_usage order by timestamp, input_tokens")]


# -- damaged lines -------------------------------------------------------------------------

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


# -- copies, links and other accounts ------------------------------------------------------

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


# -- usage ---------------------------------------------------------------------------------


def advised(number: int) -> Json:
    own = {"type": "message", "input_tokens": 2, "output_tokens": 80}
    advisor = {"type": "advisor_message", "model": "claude-opus-4-7", "input_tokens": 3000, "output_tokens": 140}
    return {"input_tokens": 6, "output_tokens": 1000, "iterations": [own, advisor, own]}


def test_an_advisor_within_a_request_is_billed_at_its_own_model(home: Path, run_cli: Any) -> None:
    line = answer(2, model="claude-sonnet-4-6", usage=advised(2)) + b"\n"
    transcript(home, prompt(1) + b"\n", line, line)
    inputs(run_cli)
    assert rows("select model, input_tokens, output_tokens from token_usage order by 1") == [
        ("claude-opus-4-7", 3000, 140),
        ("claude-sonnet-4-6", 6, 1000),
    ]


PARTS = {"cache_creation": {"ephemeral_5m_input_tokens": 800, "ephemeral_1h_input_tokens": 200}}
HOURLY = {"cache_creation": {"ephemeral_1h_input_tokens": 200}}
WRITTEN = {
    "only its parts": (PARTS, 800, 200),
    "a sum that is too small": ({"cache_creation_input_tokens": 500, **PARTS}, 800, 200),
    "a sum that is larger": ({"cache_creation_input_tokens": 1500, **HOURLY}, 1300, 200),
    "no parts": ({"cache_creation_input_tokens": 1500}, 1500, 0),
}


@pytest.mark.slow
@pytest.mark.parametrize(("usage", "brief", "hourly"), WRITTEN.values(), ids=WRITTEN)
def test_the_larger_figure_of_cache_writes_counts(
    usage: Json, brief: int, hourly: int, home: Path, run_cli: Any
) -> None:
    transcript(home, prompt(1) + b"\n", answer(2, usage={"input_tokens": 1, "output_tokens": 1, **usage}) + b"\n")
    inputs(run_cli)
    columns = "cache_creation_tokens, cache_creation_5m_tokens, cache_creation_1h_tokens"
    assert rows(f"select {columns} from token_usage") == [(brief + hourly, brief, hourly)]


SOMETIMES = {"first with": ("req", None), "first without": (None, "req"), "never": (None, None)}


@pytest.mark.slow
@pytest.mark.parametrize("ids", SOMETIMES.values(), ids=SOMETIMES)
@pytest.mark.parametrize("syncs", [1, 2], ids=["at once", "with a sync between"])
def test_a_message_whose_request_id_comes_and_goes_counts_once(
    ids: tuple[str | None, str | None], syncs: int, home: Path, run_cli: Any
) -> None:
    lines = [answer(2, request_id=ids[0], message_id="m") + b"\n", answer(2, request_id=ids[1], message_id="m") + b"\n"]
    path = transcript(home, prompt(1) + b"\n", lines[0])
    if syncs == 2:
        inputs(run_cli)
    with path.open("ab") as file:
        file.write(lines[1])
    assert inputs(run_cli) == [200]


ARN = "arn:aws:bedrock:eu-west-2:111122223333:application-inference-profile/zz99yy88xx77"


def test_an_arn_that_names_no_model_is_priced_by_what_answered(home: Path, run_cli: Any) -> None:
    transcript(home, prompt(1) + b"\n", answer(2, requestedModel=ARN) + b"\n")
    inputs(run_cli)
    assert rows("select model, cost_usd is null from token_usage") == [("claude-opus-4-8", 0)]


RESOLD = {
    "us-gov.anthropic.claude-opus-4-8-v1:0": "claude-opus-4-8",
    "arn:aws:bedrock:us-east-1:111122223333:inference-profile/us.anthropic.claude-opus-4-8-v1:0": "claude-opus-4-8",
    "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0": "claude-haiku-4-5",
    "openrouter/anthropic/claude-sonnet-4.5": "claude-sonnet-4-5",
    "anthropic/claude-opus-4.8:thinking": "claude-opus-4-8",
    "azure_ai/claude-opus-4-8": "claude-opus-4-8",
    "github-copilot/claude-sonnet-4.5": "claude-sonnet-4-5",
    "claude-4.5-sonnet": "claude-sonnet-4-5",
    "claude-4-sonnet": "claude-sonnet-4",
    "vertex_ai/claude-opus-4-8@default": "claude-opus-4-8",
    "claude-haiku-4-5@20251001": "claude-haiku-4-5",
    "claude-3-5-sonnet-20241022": "claude-3-5-sonnet",
}


@pytest.mark.parametrize(("name", "model"), RESOLD.items())
def test_a_name_that_states_its_model_has_its_models_price(name: str, model: str) -> None:
    assert pricing.canonical(name) == model
    assert pricing.rates_for(name, "2026-09-10") == pricing.rates_for(model, "2026-09-10") is not None
