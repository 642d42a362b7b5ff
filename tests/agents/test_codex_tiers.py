"""Codex's fast tier: a request has the tier of its own thread's settings, and that tier's price."""

from pathlib import Path
from typing import Any

import pytest

from tests.agents.test_codex_lineage import (
    CHILD,
    KINDS,
    ROOT,
    Json,
    answered,
    event,
    grown,
    history,
    meta,
    requests,
    rollouts,
    rows,
    turn,
    write,
)  # fmt: skip


def tier(second: float, name: str | None, thread: str = ROOT) -> Json:
    return event(second, "thread_settings_applied", thread_id=thread, thread_settings={"service_tier": name})


FACTORS = {"gpt-5.6-terra": 2.0, "gpt-5.5": 2.5}


@pytest.mark.parametrize("model", FACTORS)
@pytest.mark.parametrize("fast", ["priority", "fast"])
def test_the_fast_tier_has_its_own_price(model: str, fast: str, home: Path, run_cli: Any) -> None:
    used = (200_000, 160_000, 2_000)
    lines = [meta(0, ROOT), tier(1, fast), turn(1, "t1", model), *answered(3, used, used), tier(4, None)]
    write(home, ROOT, [*lines, turn(5, "t2", model), *answered(7, grown(used, used), used)])
    requests(run_cli)
    quick, standard = (cost for (cost,) in rows("select cost_usd from token_usage order by timestamp"))
    assert quick == pytest.approx(FACTORS[model] * standard)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("of_parent", "of_child"), [(None, "priority"), ("priority", None)])
def test_an_agents_tier_is_its_own_right_behind_its_parents_history(
    kind: str, of_parent: str | None, of_child: str | None, home: Path, run_cli: Any
) -> None:
    """The client writes an agent's settings in the moment in which it copies the history."""
    lines = rollouts(kind)
    first, *copied = lines[CHILD][: 1 + len(history(contexts=kind != "without contexts"))]
    own = lines[CHILD][1 + len(copied) :]
    second = 61.005 if kind == "stamped anew" else 60.005
    write(home, ROOT, [lines[ROOT][0], tier(0.5, of_parent), *lines[ROOT][1:]])
    copy = tier(61 if kind == "stamped anew" else 0.5, of_parent)
    write(home, CHILD, [first, copy, *copied, tier(second, of_child, CHILD), *own])
    requests(run_cli)
    speeds = rows("select distinct agent_id, speed from token_usage order by agent_id")
    assert speeds == [(None, "fast" if of_parent else None), (CHILD, "fast" if of_child else None)]
