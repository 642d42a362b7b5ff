"""A session's account: the totals its agent wrote, what they began with, and the listed requests they include.

Claude Code writes its total when a process ends (`cost-state`), cumulatively over resumes; a fork's total begins with
its parent's. A process that was killed never wrote one: its lines are covered by no total and count on top.
"""

from __future__ import annotations

import json
import sqlite3
from bisect import bisect_right
from typing import NamedTuple

from claude_metrics import clock
from claude_metrics.pricing import canonical
from claude_metrics.store.coverage import SLACK_S, covered_sums, end_of
from claude_metrics.store.totals import COLUMNS, NOTHING, WIDTH, ListedRequest, Sums, Total, difference, same, summed


class Account(NamedTuple):
    """A session's totals beside its lines: what they began with, all its listed rows, and those the totals include."""

    totals: list[Total]
    base: Total
    listed: Sums
    covered: Sums

    @property
    def own(self) -> Sums:
        """Per model, what the agent says it billed in this session alone."""
        return difference(self.totals[-1].models, self.base.models)


def read_account(connection: sqlite3.Connection, session_id: str) -> Account | None:
    """The session's account, None where the agent wrote no total."""
    totals = _totals(connection, session_id)
    if not totals:
        return None
    listed = _listed(connection, session_id)
    names = {canonical(model): model for model in listed}
    base = _renamed(baseline(connection, session_id, totals[0]), names)
    account = Account([_renamed(total, names) for total in totals], base, listed, listed)
    if same(listed, account.own):
        return account
    earlier = _listed(connection, session_id, end_of(account.totals[-1]))
    if same(earlier, account.own):
        return account._replace(covered=earlier)
    prompts = _prompts(connection, session_id)
    rows = _requests(connection, session_id, prompts)
    return account._replace(covered=covered_sums(rows, prompts, account.totals, base))


def _totals(connection: sqlite3.Connection, session_id: str) -> list[Total]:
    rows = connection.execute(
        """select as_of, started_at, total_cost_usd, total_duration_ms, total_api_duration_ms, lines_added,
            lines_removed, models from cost_states where session_id = ? order by total_duration_ms, as_of""",
        (session_id,),
    )
    return [Total._make((*row[:7], json.loads(row[7]))) for row in rows]


def _renamed(total: Total, names: dict[str, str]) -> Total:
    """The same total under the names its lines have: a date suffix more or less is the same model."""
    rows = [ListedRequest("", names.get(canonical(name), name), figures) for name, figures in total.models.items()]
    return total._replace(models=summed(rows))


def _listed(connection: sqlite3.Connection, session_id: str, until: str = "9999") -> Sums:
    """All listed rows, summed by model: where they equal the last total there is nothing to look for."""
    sums = ", ".join(f"sum({column})" for column in COLUMNS)
    rows = connection.execute(
        f"""select model, {sums}, total(cost_usd) from token_usage
        where session_id = ? and kind = 'message' and timestamp <= ? group by model""",
        (session_id, until),
    )
    return {row[0]: list(row[1:]) for row in rows}


def _requests(connection: sqlite3.Connection, session_id: str, prompts: list[str]) -> list[ListedRequest]:
    found = connection.execute(
        f"""select timestamp, model, agent_id, {", ".join(COLUMNS)}, cost_usd from token_usage
        where session_id = ? and kind = 'message' order by timestamp""",
        (session_id,),
    ).fetchall()
    signs = sorted([*prompts, *(row[0] for row in found if row[2] is None)])
    return [ListedRequest(row[0], row[1], [value or 0 for value in row[3:]], _latest(signs, row[0])) for row in found]


def _latest(signs: list[str], timestamp: str) -> str:
    """The last of `signs` that is not after `timestamp`, else the first."""
    return signs[max(0, bisect_right(signs, timestamp) - 1)] if signs else timestamp


def _prompts(connection: sqlite3.Connection, session_id: str) -> list[str]:
    found = connection.execute("select started_at from turns where session_id = ? order by 1", (session_id,))
    return [row[0] for row in found]


def baseline(connection: sqlite3.Connection, session_id: str, first: Total) -> Total:
    """What a fork's total began with: its parent's last total before the fork, or else the lines it copied."""
    row = connection.execute(
        "select parent_session_id, start_time, forked_totals from sessions where session_id = ?", (session_id,)
    ).fetchone()
    if row and row[2]:
        return _kept(row[2], row[1], first)
    if not row or not row[0]:
        return NOTHING
    earlier = [s for s in _totals(connection, row[0]) if s.as_of <= (row[1] or "") and s.started_at == first.started_at]
    if earlier:
        return earlier[-1]
    if row[1] and clock.to_seconds(first.started_at) > clock.to_seconds(row[1]) - SLACK_S:
        return NOTHING
    return _copied(connection, session_id)


def keep_baseline(connection: sqlite3.Connection, session_id: str) -> None:
    """Write down what a fork's total began with: its parent is about to be purged, the fork's own figures stay."""
    row = connection.execute(
        """select s.start_time, (select started_at from cost_states c where c.session_id = s.parent_session_id
            and as_of <= s.start_time order by total_duration_ms desc, as_of desc limit 1)
        from sessions s where s.session_id = ? and forked_totals is null""",
        (session_id,),
    ).fetchone()
    if row is None:
        return
    totals = _totals(connection, session_id)
    first = totals[0] if totals else NOTHING._replace(started_at=row[1] or "0001-01-01T00:00:00.000Z")
    kept = baseline(connection, session_id, first)._replace(as_of="")
    connection.execute("update sessions set forked_totals = ? where session_id = ?", (json.dumps(kept), session_id))


def _kept(text: str, start_time: str | None, first: Total) -> Total:
    kept = Total(*json.loads(text))
    fresh = start_time and clock.to_seconds(first.started_at) > clock.to_seconds(start_time) - SLACK_S
    return NOTHING if fresh and first.started_at != kept.started_at else kept


def _copied(connection: sqlite3.Connection, session_id: str) -> Total:
    rows = connection.execute(
        f"""select model, {", ".join(COLUMNS)}, cost_usd from copies c join token_usage u on u.id = c.key
        where c.session_id = ? and u.session_id <> c.session_id""",
        (session_id,),
    )
    sums = summed(ListedRequest("", row[0], [value or 0 for value in row[1:]]) for row in rows)
    return NOTHING._replace(models=sums, total_cost_usd=sum(figures[WIDTH] for figures in sums.values()))
