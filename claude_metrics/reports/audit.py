"""Our figures beside the agents' own, session by session: where they differ, by how much, and why.

A difference is taken apart into causes that can be shown from the rows; what is left over is called unexplained.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from claude_metrics.agents import of_type
from claude_metrics.reports.query import Filter
from claude_metrics.store import accounts, totals

TOLERANCE_USD = 1e-6


class Cause(NamedTuple):
    """A part of a difference: `usd` is how much of it (ours minus the agent's)."""

    cause: str
    usd: float
    detail: str = ""


@dataclass(slots=True)
class Audited:
    """`difference_usd` is None where the agent gave no figure; `no_figure` then says why."""

    session: dict[str, Any]
    unlisted_usd: float
    difference_usd: float | None = None
    causes: list[Cause] = field(default_factory=list)
    no_figure: str = ""

    @property
    def unexplained_usd(self) -> float:
        left = (self.difference_usd or 0.0) - sum(cause.usd for cause in self.causes)
        return left if abs(left) > self.tolerance else 0.0

    @property
    def differs(self) -> bool:
        return abs(self.difference_usd or 0.0) > self.tolerance

    @property
    def tolerance(self) -> float:
        """A millionth of a dollar; of very large sums, what adding in another order may change."""
        return max(TOLERANCE_USD, 1e-9 * (self.session["total_cost_usd"] or 0))


_SESSION = (
    "session_id", "agent", "agent_version", "project", "title", "first_prompt", "start_time", "status", "cost_source",
    "total_cost_usd", "reported_cost_usd", "unpriced_tokens", "understated_tokens", "recorded_by",
)  # fmt: skip


def audit(connection: sqlite3.Connection, where: Filter) -> list[Audited]:
    """Every session with usage inside the filter, whole, in the order they began."""
    condition, values = where.clauses()
    rows = connection.execute(
        f"""select {", ".join(_SESSION)}, coalesce(u.usd, 0.0) as unlisted_usd from v_sessions
            join (select session_id as id, sum(unlisted_cost_usd) as usd from v_usage group by 1) u on u.id = session_id
        where session_id in (select session_id from v_usage {condition}) order by start_time, session_id""",
        values,
    )
    return [_audited(connection, dict(row)) for row in rows.fetchall()]


def _audited(connection: sqlite3.Connection, session: dict[str, Any]) -> Audited:
    found = Audited(session, session.pop("unlisted_usd"))
    if session["reported_cost_usd"] is None:
        found.no_figure = _why_none(session)
        return found
    found.difference_usd = (session["total_cost_usd"] or 0.0) - session["reported_cost_usd"]
    if found.differs:
        found.causes = [cause for cause in _causes(connection, session) if abs(cause.usd) > found.tolerance]
        found.causes += _rest(connection, found)
    return found


def _why_none(session: dict[str, Any]) -> str:
    agent = of_type(session["agent"])
    if agent is None or agent.totals_since is None:
        return "this agent gives no cost"
    if _writes_no_total(session):
        return f"client {session['agent_version']} writes no total"
    return "killed before it wrote its total" if session["status"] == "completed" else "killed or still running"


def _writes_no_total(session: dict[str, Any]) -> bool:
    """True for an agent, or a version of it, whose transcripts do not hold its own totals."""
    agent = of_type(session["agent"])
    return not agent or not agent.totals_since or _version(session["agent_version"]) < agent.totals_since


def _version(text: str | None) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text or "")[:3])


# -- causes that the rows show --------------------------------------------------------


def _causes(connection: sqlite3.Connection, session: dict[str, Any]) -> Iterator[Cause]:
    account = accounts.read_account(connection, session["session_id"])
    if account:
        yield from _against_totals(connection, session["session_id"], account)
    else:
        yield from _against_requests(connection, session["session_id"])


def _against_totals(connection: sqlite3.Connection, session_id: str, account: accounts.Account) -> Iterator[Cause]:
    """The agent's total by model, against the listed rows it includes and the unlisted ones it implies."""
    cost, own = totals.WIDTH, account.own
    killed = {m: figures[cost] - _at(account.covered, m)[cost] for m, figures in account.listed.items()}
    if any(killed.values()):
        models = ", ".join(model for model, usd in killed.items() if usd)
        yield Cause("killed part", sum(killed.values()), f"no total of the agent has these requests of {models}")
    implied = dict(
        connection.execute(
            "select model, total(cost_usd) from v_requests where session_id = ? and kind = 'unlisted' group by 1",
            (session_id,),
        ).fetchall()
    )
    unpriced = _unpriced(connection, session_id)
    for model, figures in own.items():
        usd = _at(account.covered, model)[cost] + implied.get(model, 0.0) - figures[cost]
        yield Cause("price unknown", usd, model) if model in unpriced else Cause("price differs", usd, model)


def _at(sums: totals.Sums, model: str) -> list[float]:
    return sums.get(model, [0.0] * (totals.WIDTH + 1))


def _against_requests(connection: sqlite3.Connection, session_id: str) -> Iterator[Cause]:
    """Agents that give a cost with each request."""
    unpriced = _unpriced(connection, session_id)
    for model, usd in connection.execute(
        """select model, total(cost_usd) - sum(reported_cost_usd) from v_requests
        where session_id = ? and reported_cost_usd is not null group by 1""",
        (session_id,),
    ):
        yield Cause("price unknown", usd, model) if model in unpriced else Cause("price differs", usd, model)


def _unpriced(connection: sqlite3.Connection, session_id: str) -> set[str]:
    rows = connection.execute(
        "select distinct model from v_requests where session_id = ? and cost_usd is null", (session_id,)
    )
    return {row[0] for row in rows}


def _rest(connection: sqlite3.Connection, found: Audited) -> Iterable[Cause]:
    """What is left of a figure that only a hook gave: it says neither which requests nor which models it is of."""
    session, left = found.session, found.unexplained_usd
    if not left or accounts.read_account(connection, session["session_id"]):
        return []
    if left < 0 and session["understated_tokens"]:
        return [Cause("old client", left, f"about {session['understated_tokens']} output tokens were not written down")]
    if session["unpriced_tokens"]:
        return [Cause("price unknown", left, ", ".join(sorted(_unpriced(connection, session["session_id"]))))]
    if left > 0 and _went_on(connection, session["session_id"]):
        return [Cause("figure too early", left, "requests came after the hook was given it")]
    if left > 0 and _writes_no_total(session):
        return [Cause("old client", left, "its figure is of one process, the session had several")]
    return []


def _went_on(connection: sqlite3.Connection, session_id: str) -> bool:
    row = connection.execute(
        """select max(last_at) > (select max(received_at) from v_recordings where session_id = ?1 and event <> 'sync')
        from v_usage where session_id = ?1""",
        (session_id,),
    ).fetchone()
    return bool(row[0])
