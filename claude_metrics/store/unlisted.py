"""Requests that an agent billed without writing a line: its own total minus the listed rows the total covers.

Claude Code writes its total when a process ends (`cost-state`), cumulatively over resumes; a fork's total begins with
its parent's. A process that was killed never wrote one: its lines are covered by no total and count on top.
"""

from __future__ import annotations

import json
import sqlite3
from bisect import bisect_right
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any, NamedTuple

from claude_metrics import clock
from claude_metrics.models import Request, key_of
from claude_metrics.pricing import canonical

Pricing = Callable[[Request], tuple[float | None, float, float]]
COLUMNS = (
    "input_tokens", "output_tokens", "cache_creation_tokens", "cache_read_tokens", "cache_creation_1h_tokens",
    "reasoning_tokens", "web_search_requests",
)  # fmt: skip
WIDTH = len(COLUMNS)
SLACK_S = 1.0
Sums = dict[str, list[float]]


class State(NamedTuple):
    """One cumulative total: per model the `COLUMNS`, then USD."""

    as_of: str
    started_at: str
    total_cost_usd: float
    total_duration_ms: int
    total_api_duration_ms: int
    lines_added: int
    lines_removed: int
    models: Sums


class Row(NamedTuple):
    """A listed request; `main_at` is the last sign of the main thread before it (a subagent may outlast that)."""

    timestamp: str
    model: str
    figures: list[float]
    main_at: str = ""


NOTHING = State("", "", 0.0, 0, 0, 0, 0, {})


class Account(NamedTuple):
    """A session's totals beside its lines: what they began with, all its listed rows, and those the totals include."""

    states: list[State]
    base: State
    listed: Sums
    covered: Sums

    @property
    def own(self) -> Sums:
        """Per model, what the agent says it billed in this session alone."""
        return _difference(self.states[-1].models, self.base.models)


def account(connection: sqlite3.Connection, session_id: str) -> Account | None:
    """None where the agent wrote no total."""
    states = _states(connection, session_id)
    if not states:
        return None
    listed = _listed(connection, session_id)
    names = {canonical(model): model for model in listed}
    base = _renamed(baseline(connection, session_id, states[0]), names)
    found = Account([_renamed(state, names) for state in states], base, listed, listed)
    if _same(listed, found.own):
        return found
    until = _end(found.states[-1])
    earlier = _listed(connection, session_id, until)
    if _same(earlier, found.own):
        return found._replace(covered=earlier)
    prompts = _prompts(connection, session_id)
    return found._replace(covered=covered_sums(_rows(connection, session_id, prompts), prompts, found.states, base))


def settle(connection: sqlite3.Connection, sessions: Iterable[str], pricing: Pricing) -> list[str]:
    """Replace the `unlisted` rows of `sessions`, and set the figures their agents gave for them alone.

    Returns the sessions that have such rows, or had: theirs may lie at any time.
    """
    accounts = ((session_id, account(connection, session_id)) for session_id in sessions)
    return [name for name, found in accounts if found and _settle_one(connection, name, found, pricing)]


def _settle_one(connection: sqlite3.Connection, session_id: str, found: Account, pricing: Pricing) -> bool:
    states, base, covered = found.states, found.base, found.covered
    wanted = _unlisted_rows(session_id, states, base, covered, pricing)
    old = connection.execute(
        "select id, cost_usd from token_usage where session_id = ? and kind = 'unlisted'", (session_id,)
    ).fetchall()
    if old or wanted:
        connection.execute("delete from token_usage where session_id = ? and kind = 'unlisted'", (session_id,))
        marks = ", ".join("?" * len(Request._fields))
        connection.executemany(f"insert into token_usage ({', '.join(Request._fields)}) values ({marks})", wanted)
    last = states[-1]
    connection.execute(
        """update sessions set reported_cost_usd = ?, total_duration_ms = ?, total_api_duration_ms = ?,
            lines_added = ?, lines_removed = ? where session_id = ?""",
        (
            max(0.0, last.total_cost_usd - base.total_cost_usd),
            max(0, last.total_duration_ms - base.total_duration_ms),
            max(0, last.total_api_duration_ms - base.total_api_duration_ms),
            max(0, last.lines_added - base.lines_added),
            max(0, last.lines_removed - base.lines_removed),
            session_id,
        ),
    )
    return bool(old or wanted)


# -- what was written -----------------------------------------------------------


def _states(connection: sqlite3.Connection, session_id: str) -> list[State]:
    rows = connection.execute(
        """select as_of, started_at, total_cost_usd, total_duration_ms, total_api_duration_ms, lines_added,
            lines_removed, models from cost_states where session_id = ? order by total_duration_ms, as_of""",
        (session_id,),
    )
    return [State._make((*row[:7], json.loads(row[7]))) for row in rows]


def _renamed(state: State, names: dict[str, str]) -> State:
    """The same total under the names its lines have: a date suffix more or less is the same model."""
    rows = [Row("", names.get(canonical(name), name), figures) for name, figures in state.models.items()]
    return state._replace(models=summed(rows))


def _listed(connection: sqlite3.Connection, session_id: str, until: str = "9999") -> Sums:
    """All listed rows, summed by model: where they equal the last total there is nothing to look for."""
    sums = ", ".join(f"sum({column})" for column in COLUMNS)
    rows = connection.execute(
        f"""select model, {sums}, total(cost_usd) from token_usage
        where session_id = ? and kind = 'message' and timestamp <= ? group by model""",
        (session_id, until),
    )
    return {row[0]: list(row[1:]) for row in rows}


def _rows(connection: sqlite3.Connection, session_id: str, prompts: list[str]) -> list[Row]:
    found = connection.execute(
        f"""select timestamp, model, agent_id, {", ".join(COLUMNS)}, cost_usd from token_usage
        where session_id = ? and kind = 'message' order by timestamp""",
        (session_id,),
    ).fetchall()
    signs = sorted([*prompts, *(row[0] for row in found if row[2] is None)])
    return [
        Row(
            row[0],
            row[1],
            [value or 0 for value in row[3:]],
            signs[max(0, bisect_right(signs, row[0]) - 1)] if signs else row[0],
        )
        for row in found
    ]


def _prompts(connection: sqlite3.Connection, session_id: str) -> list[str]:
    found = connection.execute("select started_at from turns where session_id = ? order by 1", (session_id,))
    return [row[0] for row in found]


def baseline(connection: sqlite3.Connection, session_id: str, first: State) -> State:
    """What a fork's total began with: its parent's last total before the fork, or else the lines it copied."""
    row = connection.execute(
        "select parent_session_id, start_time, forked_totals from sessions where session_id = ?", (session_id,)
    ).fetchone()
    if row and row[2]:
        return _kept(row[2], row[1], first)
    if not row or not row[0]:
        return NOTHING
    earlier = [s for s in _states(connection, row[0]) if s.as_of <= (row[1] or "") and s.started_at == first.started_at]
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
    states = _states(connection, session_id)
    first = states[0] if states else NOTHING._replace(started_at=row[1] or "0001-01-01T00:00:00.000Z")
    kept = baseline(connection, session_id, first)._replace(as_of="")
    connection.execute("update sessions set forked_totals = ? where session_id = ?", (json.dumps(kept), session_id))


def _kept(text: str, start_time: str | None, first: State) -> State:
    kept = State(*json.loads(text))
    fresh = start_time and clock.to_seconds(first.started_at) > clock.to_seconds(start_time) - SLACK_S
    return NOTHING if fresh and first.started_at != kept.started_at else kept


def _copied(connection: sqlite3.Connection, session_id: str) -> State:
    rows = connection.execute(
        f"""select model, {", ".join(COLUMNS)}, cost_usd from copies c join token_usage u on u.id = c.key
        where c.session_id = ? and u.session_id <> c.session_id""",
        (session_id,),
    )
    sums = summed(Row("", row[0], [value or 0 for value in row[1:]]) for row in rows)
    return NOTHING._replace(models=sums, total_cost_usd=sum(figures[WIDTH] for figures in sums.values()))


# -- which listed rows the totals cover -------------------------------------------


def summed(rows: Iterable[Row]) -> Sums:
    sums: Sums = {}
    for row in rows:
        into = sums.setdefault(row.model, [0] * (WIDTH + 1))
        for place, value in enumerate(row.figures):
            into[place] += value
    return sums


def covered_sums(rows: list[Row], prompts: list[str], states: list[State], base: State) -> Sums:
    """Per model, the figures of the listed rows that some total includes."""
    covered: list[Row] = []
    end = ""
    timed = _durations_are_real(states[0], base)
    for before, state in pairwise([base, *states]):
        begin, end = end, _end(state)
        gap = [row for row in rows if begin < row.main_at <= end]
        began = _process_start(before, state, end) if timed else 0.0
        covered += _covered_in_gap(gap, prompts, _difference(state.models, before.models), began)
    return summed(covered)


def _durations_are_real(first: State, base: State) -> bool:
    """A first process lasts from the session's beginning to its last record; else the times are not to be used."""
    began = clock.to_seconds(first.started_at)
    lasted = began + first.total_duration_ms / 1000 + SLACK_S >= clock.to_seconds(first.as_of)
    return began > 0 and (lasted or base is not NOTHING)


def _end(state: State) -> str:
    """When a total was written: at least its processes' time after the session's beginning."""
    written = clock.to_seconds(state.started_at) + state.total_duration_ms / 1000
    return max(state.as_of, clock.from_seconds(written))


def _process_start(before: State, state: State, end: str) -> float:
    """The earliest that the process which wrote `state` can have begun; the first one notes it itself."""
    if before is NOTHING:
        return clock.to_seconds(state.started_at) - SLACK_S
    return clock.to_seconds(end) - (state.total_duration_ms - before.total_duration_ms) / 1000 - SLACK_S


def _covered_in_gap(gap: list[Row], prompts: list[str], grown: Sums, began: float) -> list[Row]:
    """Rows between two totals, without those of a killed process before the one that wrote the second.

    What adds up exactly is covered. Else rows from before the process are not, nor is a beginning (a process begins
    with a prompt) that holds more tokens than the total grew by.
    """
    if not gap or _same(summed(gap), grown):
        return gap
    kept = [row for row in gap if clock.to_seconds(row.timestamp) >= began] or gap
    for cut in ["", *(p for p in prompts if kept[0].timestamp < p <= kept[-1].timestamp)]:
        later = [row for row in kept if row.timestamp >= cut]
        if _fits(summed(later), grown):
            return later
    return kept


def _difference(after: Sums, before: Sums) -> Sums:
    nothing = [0.0] * (WIDTH + 1)
    return {
        model: [max(0.0, a - b) for a, b in zip(figures, before.get(model, nothing), strict=True)]
        for model, figures in after.items()
    }


def _same(one: Sums, two: Sums) -> bool:
    return _fits(one, two) and _fits(two, one)


def _fits(sums: Sums, grown: Sums) -> bool:
    nothing = [0.0] * (WIDTH + 1)
    return all(
        value <= grown.get(model, nothing)[place]
        for model, figures in sums.items()
        for place, value in enumerate(figures[:WIDTH])
    )


# -- the rows ---------------------------------------------------------------------


def _unlisted_rows(session_id: str, states: list[State], base: State, covered: Sums, pricing: Pricing) -> list[Request]:
    own = _difference(states[-1].models, base.models)
    missing = _difference(own, covered)
    rows = []
    for model, figures in missing.items():
        if any(figures[:WIDTH]):
            stamp = next(s.as_of for s in states if any(_difference(s.models, base.models).get(model, [0])[:WIDTH]))
            rows.append(_unlisted_row(session_id, model, stamp, figures, pricing))
    return rows


def _unlisted_row(session_id: str, model: str, stamp: str, figures: list[Any], pricing: Pricing) -> Request:
    given, written, read, sent, hourly, thought, searched = (int(f) for f in (
        figures[1], figures[2], figures[3], figures[0], figures[4], figures[5], figures[6]))  # fmt: skip
    hourly = min(hourly, written)
    row = Request(
        key_of("unlisted", session_id, model), session_id, stamp, model, sent, given, written, read, written - hourly,
        hourly, thought, searched, None, None, "", None, None, "unlisted",
    )  # fmt: skip
    listed, lowest, highest = pricing(row)
    reported = figures[WIDTH]
    if listed is None:
        return row._replace(reported_cost_usd=reported)
    explained = lowest - 1e-9 <= reported <= highest + 1e-9
    return row._replace(cost_usd=reported if explained else listed, reported_cost_usd=reported)
