"""Requests that an agent billed without writing a line: its own total minus the listed requests the total covers."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from typing import Any

from claude_metrics.models import Request, key_of
from claude_metrics.store import requests
from claude_metrics.store.accounts import Account, account
from claude_metrics.store.totals import WIDTH, Sums, Total, difference

Pricing = Callable[[Request], tuple[float | None, float, float]]


def derive(connection: sqlite3.Connection, sessions: Iterable[str], pricing: Pricing) -> list[str]:
    """Replace the `unlisted` rows of `sessions`, and set the figures their agents gave for them alone.

    Returns the sessions that have such rows, or had: theirs may lie at any time.
    """
    accounts = ((session_id, account(connection, session_id)) for session_id in sessions)
    return [name for name, found in accounts if found and _derive_one(connection, name, found, pricing)]


def _derive_one(connection: sqlite3.Connection, session_id: str, found: Account, pricing: Pricing) -> bool:
    states, base, covered = found.states, found.base, found.covered
    wanted = _unlisted_rows(session_id, states, base, covered, pricing)
    changed = requests.replace_unlisted(connection, session_id, wanted)
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
    return changed


def _unlisted_rows(session_id: str, states: list[Total], base: Total, covered: Sums, pricing: Pricing) -> list[Request]:
    own = difference(states[-1].models, base.models)
    missing = difference(own, covered)
    rows = []
    for model, figures in missing.items():
        if any(figures[:WIDTH]):
            stamp = next(s.as_of for s in states if any(difference(s.models, base.models).get(model, [0])[:WIDTH]))
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
