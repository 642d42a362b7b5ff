"""Which session a commit counts for does not depend on the order in which sessions are recorded, or how often."""

from itertools import permutations
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claude_metrics.models import Evidence
from claude_metrics.store.commits import save_commits
from claude_metrics.store.connection import connect

REST = {
    **dict.fromkeys(("message", "author_name", "author_email", "branch", "files_changed", "lines_added")),
    "lines_deleted": None,
    "reachable": 1,
    "repository": "/r",
    "sha": "1" * 40,
    "committed_at": "2026-01-01T00:00:00.000Z",
}
Claim = tuple[str, Evidence, str]
CLAIMS = st.tuples(st.sampled_from("abc"), st.sampled_from(list(Evidence)), st.sampled_from(["t1", "t2"]))


def commit(claim: Claim) -> SimpleNamespace:
    session_id, level, call = claim
    call_id = f"{session_id}{call}" if level.proves else None
    kind = "proven" if level.proves else "inferred"
    return SimpleNamespace(**REST, session_id=session_id, evidence=int(level), attribution=kind, tool_call_id=call_id)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory):
    connection = connect(Path(tmp_path_factory.mktemp("claims")) / "metrics.db")
    for name in "abc":
        connection.execute("insert into sessions (session_id, agent_type) values (?, 'claude_code')", (name,))

    def save(claims: list[Claim]) -> tuple[str, int, str]:
        connection.execute("delete from commits")
        for claim in claims:
            save_commits(connection, [commit(claim)], {})
        return connection.execute("select session_id, evidence, attribution from commits").fetchone()

    return save


@settings(max_examples=150, deadline=None)
@given(st.lists(CLAIMS, min_size=1, max_size=4), st.integers(0, 3))
def test_claims_give_the_same_row_in_every_order_and_twice(stored, claims: list[Claim], again: int) -> None:
    expected = stored(claims)
    assert {stored([*order, order[again % len(order)]]) for order in permutations(claims)} == {expected}


def test_calls_of_two_sessions_at_that_second_prove_nothing(stored) -> None:
    assert stored([("b", Evidence.CALL, "t1"), ("a", Evidence.CALL, "t1")]) == ("a", Evidence.SHARED, "inferred")


def test_a_git_command_at_that_second_is_stronger_than_calls_of_others(stored) -> None:
    claims: list[Claim] = [("a", Evidence.CALL, "t1"), ("b", Evidence.CALL, "t1"), ("c", Evidence.TIME, "t1")]
    assert stored(claims) == ("c", Evidence.TIME, "proven")
