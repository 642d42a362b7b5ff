"""The real Codex CLI where requests could be counted twice, for another thread, or at another tier's price.

Each request's headers name its session and thread, its body the tier: recorded is what was served to each thread,
by the hook, and again by a sync into a database that has nothing yet.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.clients.test_real_agents import COLUMNS, RECORDED_S
from tests.clients.test_real_claude import database, ours, query, recorded, trace
from tests.rig.api import wait_until
from tests.rig.codex import CodexRig, columns
from tests.rig.rig import add_up

pytestmark = [pytest.mark.client, pytest.mark.timeout(600)]

PRICE_IN, PRICE_CACHED, PRICE_OUT, FAST = (
    5,
    0.50,
    30,
    2.5,
)  # gpt-5.5: USD per million tokens, and the fast tier's factor
SHOWN = COLUMNS[:3]
SPEEDS = {None: None, "flex": None, "priority": "fast"}
Threads = dict[tuple[str, str | None, str | None], dict[str, int]]  # of a session, an agent or none, and a speed


def served(rig: CodexRig) -> Threads:
    """What the API served to each thread; the request for a title is written nowhere."""
    told = [entry for entry in rig.api.served if entry["kind"] != "utility"]
    return add_up([(thread(entry), columns(entry["usage"])) for entry in told])


def thread(entry: Any) -> tuple[str, str | None, str | None]:
    agent = entry["thread"] if entry["thread"] != entry["session"] else None
    return entry["session"], agent, SPEEDS[entry["tier"]]


def stored(rig: CodexRig) -> Threads:
    summed = ", ".join(f"sum({column}) as {column}" for column in COLUMNS)
    rows = query(
        rig, f"select session_id, agent_id, speed, count(*) as requests, {summed} from token_usage group by 1, 2, 3"
    )
    names = ("requests", *COLUMNS)
    return {(row["session_id"], row["agent_id"], row["speed"]): {name: row[name] for name in names} for row in rows}


def totals(threads: Threads) -> dict[str, dict[str, int]]:
    """By session, its agents included."""
    summed: dict[str, dict[str, int]] = {}
    for (session, _, _), used in threads.items():
        mine = summed.setdefault(session, dict.fromkeys(SHOWN, 0))
        mine.update({column: mine[column] + used[column] for column in SHOWN})
    return summed


def cost(threads: Threads) -> dict[str, float]:
    """By session at list price; output includes reasoning."""
    usd: dict[str, float] = {}
    for (session, _, speed), used in threads.items():
        price = used["input_tokens"] * PRICE_IN + used["output_tokens"] * PRICE_OUT
        price += used["cache_read_tokens"] * PRICE_CACHED
        usd[session] = usd.get(session, 0) + price * (FAST if speed else 1) / 1e6
    return usd


def shown(rig: CodexRig) -> dict[str, dict[str, int]]:
    """What the sessions' own rows say, which every reader shows."""
    return {name: {column: row[column] for column in SHOWN} for name, row in recorded(rig).items()}


def assert_it_is_what_was_served(rig: CodexRig) -> None:
    wanted = served(rig)
    assert stored(rig) == wanted
    assert shown(rig) == totals(wanted)
    rows = query(rig, "select session_id, total_cost_usd from sessions")
    assert {row["session_id"]: row["total_cost_usd"] for row in rows} == pytest.approx(cost(wanted))
    assert [tuple(row) for row in query(rig, "select unknown, bad_lines from sources where unknown is not null")] == []


@pytest.fixture
def played(rig: Callable[[str, str], CodexRig]) -> Callable[[str], CodexRig]:
    """`played("tiers")`: the scenario, run with our hook; what it recorded and what a new sync records are equal."""

    def play(scenario: str) -> CodexRig:
        world = rig("codex-cli", scenario)
        ours(world, "hook", "install", "--agent", "codex")
        world.run()
        assert set(world.exit_codes) == {0}
        wait_for_worker(world)
        assert_it_is_what_was_served(world)
        a_new_database_is_equal(world)
        return world

    return play


def wait_for_worker(rig: CodexRig) -> None:
    def done() -> bool:
        rows = recorded(rig).values()
        return stored(rig) == served(rig) and all(row["status"] == "completed" for row in rows)

    try:
        wait_until(done, RECORDED_S, "the worker", 0.5)
    except TimeoutError:
        pytest.fail(f"served {served(rig)}, stored {stored(rig)}, {trace(rig, [])}")


def a_new_database_is_equal(rig: CodexRig) -> None:
    for part in database(rig).parent.iterdir():
        part.unlink()
    sessions = len(totals(served(rig)))
    report = json.loads(ours(rig, "sync", "--agent", "codex", "--json"))
    assert (report["found"], report["new"], report["failed"]) == (sessions, sessions, 0)
    assert {row["recorded_by"] for row in recorded(rig).values()} == {"sync"}
    assert_it_is_what_was_served(rig)


@pytest.mark.parametrize("scenario", ["agents-fork-context", "agents-fork-turns"])
def test_two_agents_at_once_count_for_themselves_though_one_repeats_its_parent(
    scenario: str, played: Callable[[str], CodexRig]
) -> None:
    world = played(scenario)
    [session] = recorded(world)
    agents = {agent for _, agent, _ in served(world) if agent}
    assert len(agents) == 2
    asked = [entry for entry in world.api.served if entry["thread"] != session]
    assert [entry["thread"] for entry in asked if entry["calls"]], "the agent with a history calls a tool of its own"


def test_a_tier_is_the_one_that_each_request_asked_for(played: Callable[[str], CodexRig]) -> None:
    world = played("tiers")
    asked = [entry["tier"] for entry in world.api.served]
    assert asked == ["priority", None, "flex", "priority"]  # a resumed session keeps its tier


def test_a_fork_counts_once_while_its_parent_goes_on(played: Callable[[str], CodexRig]) -> None:
    world = played("fork-meanwhile")
    parent, fork = sorted(recorded(world).values(), key=lambda row: row["start_time"])
    assert (parent["parent_session_id"], fork["parent_session_id"]) == (None, parent["session_id"])
    order = [entry["session"] for entry in world.api.served if entry["kind"] == "main"]
    assert order == [parent["session_id"], fork["session_id"], parent["session_id"]]


def test_a_session_that_the_client_packed_and_then_resumed_counts_once(played: Callable[[str], CodexRig]) -> None:
    world = played("packed-resume")
    assert [path.suffix for path in world.rollouts()] == [".zst", ".zst", ".jsonl"]
    first = world.first_session()
    assert [entry["session"] == first for entry in world.api.served] == [True, False, True, False]
