"""The real Claude Code in a git worktree that it makes itself: the main checkout's project; the audit of its cost."""

import json

import pytest

from tests.clients.test_real_claude import commits_of, install_hook, made, ours, query, recorded, served, tokens
from tests.rig.api import wait_until

pytestmark = [pytest.mark.client, pytest.mark.timeout(600)]

RECORDED_S = 45


def test_a_session_in_its_own_worktree_belongs_to_the_main_checkout(real_claude):
    rig = real_claude("worktree")
    install_hook(rig)
    rig.run()
    assert rig.exit_codes == [0]
    [session] = rig.sessions()
    wait_until(lambda: session in recorded(rig), RECORDED_S, "the worker", 0.5)
    ours(rig, "sync", "--agent", "claude")
    assert tokens(rig, "token_usage", session) == served(rig, session)
    [row] = query(rig, f"select project, worktree from v_sessions where session_id = '{session}'")
    assert (row["project"], row["worktree"]) == (rig.project.name, "shed")
    assert commits_of(rig, session) == made(rig, "Saw in the shed")


@pytest.mark.parametrize("scenario", ["worktree", "resume", "fork", "typed-command"])
def test_the_audit_leaves_nothing_of_the_clients_own_cost_unexplained(scenario, real_claude):
    rig = real_claude(scenario)
    install_hook(rig)
    rig.run()
    ours(rig, "sync", "--agent", "claude")
    found = json.loads(ours(rig, "report", "audit", "--json"))["audit"]
    assert {row["session_id"] for row in found} == set(rig.sessions())
    assert all(row["reported_cost_usd"] for row in found)
    assert [row["unexplained_usd"] for row in found] == pytest.approx([0] * len(found), abs=1e-6)
