"""The real Gemini CLI, Codex CLI and OpenCode, with our hooks put in by our installer: recorded is what was served."""

import json
from dataclasses import dataclass

import pytest

from tests.clients.test_real_claude import commits_of, ours, query, recorded, trace
from tests.rig.agents import AgentRig
from tests.rig.api import wait_until

pytestmark = [pytest.mark.client, pytest.mark.timeout(600)]

RECORDED_S = 60
COLUMNS = ("input_tokens", "output_tokens", "cache_read_tokens", "reasoning_tokens")


@dataclass(frozen=True)
class Expected:
    """What an agent tells of a session besides tokens, tool calls, prompts and commits."""

    agent: str
    agent_type: str
    end_reason: str | None
    permission_mode: str | None
    branch: str | None
    state: str = "current"  # of our hooks as installed


AGENTS = {
    "gemini-cli": Expected("gemini", "gemini_cli", "exit", None, None),
    "codex-cli": Expected("codex", "codex_cli", "other", "bypassPermissions", "main", state="untrusted"),
    "opencode": Expected("opencode", "opencode", None, "build", None),
}
CASES = [
    ("gemini-cli", "print-basic"),
    ("gemini-cli", "interactive-two-prompts"),
    ("codex-cli", "exec-basic"),
    ("codex-cli", "interactive-two-prompts"),
    ("opencode", "run-basic"),
    ("opencode", "interactive-two-prompts"),
]


def stored(rig: AgentRig) -> dict[str, dict[str, int]]:
    summed = ", ".join(f"sum({column}) as {column}" for column in COLUMNS)
    rows = query(rig, f"select model, count(*) as requests, {summed} from token_usage group by model")
    return {row["model"]: {column: row[column] for column in ("requests", *COLUMNS)} for row in rows}


def is_recorded(rig: AgentRig) -> bool:
    """Ended by the hook, and with every token that was served."""
    rows = recorded(rig).values()
    return stored(rig) == rig.served() and all(row["status"] == "completed" for row in rows)


def wait_for_worker(rig: AgentRig) -> None:
    try:
        wait_until(lambda: is_recorded(rig), RECORDED_S, "the worker", 0.5)
    except TimeoutError:
        rows = [dict(row) for row in recorded(rig).values()]
        pytest.fail(f"served {rig.served()}, stored {stored(rig)}, {rows}, {trace(rig, [])}")


@pytest.mark.parametrize(("client", "scenario"), CASES)
def test_what_is_recorded_is_what_was_served(client: str, scenario: str, rig) -> None:
    expected, world = AGENTS[client], rig(client, scenario)
    ours(world, "hook", "install", "--agent", expected.agent)
    states = json.loads(ours(world, "hook", "status", "--agent", expected.agent, "--json"))
    assert {row["state"] for row in states} == {expected.state}
    world.run()
    assert world.exit_codes == [0]
    wait_for_worker(world)
    [row] = recorded(world).values()
    assert (row["agent_type"], row["recorded_by"]) == (expected.agent_type, "hook")
    assert (row["end_reason"], row["permission_mode"]) == (expected.end_reason, expected.permission_mode)
    assert (row["project_path"], row["git_branch"]) == (str(world.project), expected.branch)
    calls = query(world, "select tool_name as name, success as ok from tool_calls")
    assert sorted(map(tuple, calls)) == sorted((call["name"], int(call["ok"])) for call in world.tool_calls())
    typed = [prompt for run in world.scenario["runs"] for prompt in run["prompts"]]
    assert [turn["prompt"] for turn in query(world, "select prompt from turns order by turn_index")] == typed
    made = {commit["sha"]: commit["subject"] for commit in world.commits()}
    assert made
    assert commits_of(world, row["session_id"]) == made
    a_sync_adds_nothing(world, expected.agent)


@pytest.mark.parametrize(
    ("client", "scenario", "sessions"), [("codex-cli", "fork", 2), ("codex-cli", "compact", 1), ("opencode", "fork", 2)]
)
def test_forks_and_compactions_count_once(client: str, scenario: str, sessions: int, rig) -> None:
    world = rig(client, scenario)
    ours(world, "hook", "install", "--agent", AGENTS[client].agent)
    world.run()
    assert world.exit_codes == [0, 0]
    wait_for_worker(world)
    rows = sorted(recorded(world).values(), key=lambda row: row["start_time"])
    assert len(rows) == sessions
    assert [row["parent_session_id"] for row in rows] == [None, rows[0]["session_id"]][:sessions]


def a_sync_adds_nothing(world: AgentRig, agent: str) -> None:
    before = stored(world)
    report = json.loads(ours(world, "sync", "--agent", agent, "--json"))
    assert (report["found"], report["new"], report["failed"]) == (1, 0, 0)
    assert stored(world) == before
