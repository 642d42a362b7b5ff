"""A session's account: the totals its agent wrote, what they began with, and the listed requests they include.

Claude Code writes its total when a process ends (`cost-total`), on top of the one that stood there when the process
began; a fork's first total begins with its parent's. A process that was killed never wrote one: its lines are covered
by no total and count on top.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from claude_metrics import clock
from claude_metrics.models import agent_key
from claude_metrics.pricing import canonical
from claude_metrics.store import coverage
from claude_metrics.store.baselines import baseline, know_processes, totals_of
from claude_metrics.store.coverage import SLACK_S, Part, end_of
from claude_metrics.store.totals import COLUMNS, NOTHING, ListedRequest, Sums, Total, added, difference, same, summed


class Account(NamedTuple):
    """A session's totals, process by process, beside its listed rows; `covered` are those that a total includes."""

    parts: list[Part]
    listed: Sums
    covered: Sums

    @property
    def missing(self) -> bool:
        """Whether the totals hold more than the rows they include."""
        return not same(self.covered, self.own)

    @property
    def own(self) -> Sums:
        """Per model, what the agent says it billed in this session alone."""
        ends, begins = self._unchained()
        return difference(added([end.models for end in ends]), added([begin.models for begin in begins]))

    def grown(self, figure: Callable[[Total], float]) -> float:
        """How much a figure of the totals grew in this session's processes."""
        ends, begins = self._unchained()
        return max(0, sum(map(figure, ends)) - sum(map(figure, begins)))

    def _unchained(self) -> tuple[list[Total], list[Total]]:
        """The totals that no process went on from, and those that processes began with, each as often as it counts.

        Adding differences would add their rounding errors too.
        """
        ends, begins = [part.totals[-1] for part in self.parts], []
        for part in self.parts:
            if part.before in ends:
                ends.remove(part.before)
            elif part.before is not NOTHING:
                begins.append(part.before)
        return ends, begins


def read_account(connection: sqlite3.Connection, session_id: str) -> Account | None:
    """None where the agent wrote no total."""
    totals = totals_of(connection, session_id)
    if not totals:
        return None
    listed = _listed(connection, session_id)
    names = {canonical(model): model for model in listed}
    floor = partial(baseline, connection, session_id)
    totals = [_renamed(total, names) for total in totals]
    parts = coverage.parts(totals, lambda last: _renamed(floor(last), names))
    found = Account(parts, listed, listed)
    if same(listed, found.own):
        return found
    earlier = _listed(connection, session_id, end_of(totals[-1])) if len(parts) == 1 else None
    if earlier is not None and same(earlier, found.own):
        return Account([parts[0]._replace(covered=earlier)], listed, earlier)
    return _covered(connection, session_id, totals, found)


def _covered(connection: sqlite3.Connection, session_id: str, totals: list[Total], found: Account) -> Account:
    """The account with the rows that each total includes, row by row."""
    prompts = _prompts(connection, session_id)
    rows = _rows(connection, session_id, prompts)
    if not know_processes(totals):
        rows = coverage.in_windows(rows, totals)
    parts = coverage.covered(found.parts, rows, prompts, _durations_are_real(totals[0], found.parts[0].before))
    return Account(parts, found.listed, added([part.covered for part in parts]))


def _durations_are_real(first: Total, base: Total) -> bool:
    """A first process lasts from the session's beginning to its last record; else the times are not to be used."""
    began = clock.to_seconds(first.started_at)
    lasted = began + first.total_duration_ms / 1000 + SLACK_S >= clock.to_seconds(first.as_of)
    return began > 0 and (lasted or base is not NOTHING)


def _renamed(total: Total, names: dict[str, str]) -> Total:
    """The same total under the names its lines have: a date suffix more or less is the same model."""
    if total is NOTHING:
        return total
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


def _rows(connection: sqlite3.Connection, session_id: str, prompts: list[str]) -> list[ListedRequest]:
    """The listed rows in time, each with its process."""
    found = connection.execute(
        f"""select id, agent_id, timestamp, model, {", ".join(COLUMNS)}, cost_usd from token_usage
        where session_id = ? and kind = 'message' order by timestamp""",
        (session_id,),
    ).fetchall()
    links = dict(connection.execute("select key, target from process_links where session_id = ?", (session_id,)))
    main = [(row[2], links.get(row[0], 0)) for row in found if row[1] is None]
    signs = sorted([*((prompt, None) for prompt in prompts), *main], key=lambda sign: sign[0])
    times = [sign[0] for sign in signs]
    rows = []
    for key, agent, timestamp, model, *figures in found:
        before = max(0, bisect_right(times, timestamp) - 1)
        started_by = links.get(agent_key(agent)) if agent else None
        process = links.get(key if started_by is None else started_by, 0)
        main_at = times[before] if times else timestamp
        rows.append(ListedRequest(timestamp, model, [value or 0 for value in figures], main_at, process))
    return rows


def _prompts(connection: sqlite3.Connection, session_id: str) -> list[str]:
    found = connection.execute("select started_at from turns where session_id = ? order by 1", (session_id,))
    return [row[0] for row in found]
