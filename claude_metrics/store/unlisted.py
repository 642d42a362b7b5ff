"""Requests that an agent billed without writing a line: its own total minus the listed requests the total covers."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from claude_metrics.models import Request, key_of
from claude_metrics.store import requests
from claude_metrics.store.accounts import Account, read_account
from claude_metrics.store.coverage import Part
from claude_metrics.store.totals import COLUMNS, WIDTH, Total, difference

Pricing = Callable[[Request], tuple[float | None, float, float]]


def derive(connection: sqlite3.Connection, sessions: Iterable[str], pricing: Pricing) -> list[str]:
    """Replace the `unlisted` rows of `sessions`, and set the figures their agents gave for them alone.

    Returns the sessions that have such rows, or had: theirs may lie at any time.
    """
    accounts = ((session_id, read_account(connection, session_id)) for session_id in sessions)
    return [name for name, account in accounts if account and _derive_one(connection, name, account, pricing)]


def _derive_one(connection: sqlite3.Connection, session_id: str, account: Account, pricing: Pricing) -> bool:
    """True when the session has unlisted rows, or had."""
    connection.execute(
        """update sessions set reported_cost_usd = ?, total_duration_ms = ?, total_api_duration_ms = ?,
            lines_added = ?, lines_removed = ? where session_id = ?""",
        (
            float(account.grown(lambda total: total.total_cost_usd)),
            account.grown(lambda total: total.total_duration_ms),
            account.grown(lambda total: total.total_api_duration_ms),
            account.grown(lambda total: total.lines_added),
            account.grown(lambda total: total.lines_removed),
            session_id,
        ),
    )
    parts = account.parts if account.missing else []
    rows = [row for part in parts for row in _rows(session_id, part, pricing)]
    return requests.replace_unlisted(connection, session_id, _with_keys(rows))


def _rows(session_id: str, part: Part, pricing: Pricing) -> list[Request]:
    """A row per model of which one process billed more than its listed requests show, at the time of its total."""
    rows = []
    for model, figures in difference(part.grown, part.covered).items():
        if any(figures[:WIDTH]):
            first = next(total for total in part.totals if _has_tokens(total, part.before, model))
            rows.append(_row(session_id, model, first.as_of, figures, pricing))
    return rows


def _with_keys(rows: list[Request]) -> list[Request]:
    """The rows of a session with their keys: the first of a model has the model's, each other one a number too."""
    counts = Counter[str]()
    keyed = []
    for row in rows:
        number = [str(counts[row.model])] if counts[row.model] else []
        counts[row.model] += 1
        keyed.append(row._replace(id=key_of("unlisted", row.session_id, row.model, *number)))
    return keyed


def _has_tokens(total: Total, base: Total, model: str) -> bool:
    return any(difference(total.models, base.models).get(model, [0])[:WIDTH])


def _row(session_id: str, model: str, timestamp: str, figures: list[Any], pricing: Pricing) -> Request:
    """Priced as the agent did where that is possible at list prices, else at ours."""
    counts: dict[str, Any] = {name: int(figure) for name, figure in zip(COLUMNS, figures[:WIDTH], strict=True)}
    counts["cache_creation_1h_tokens"] = min(counts["cache_creation_1h_tokens"], counts["cache_creation_tokens"])
    counts["cache_creation_5m_tokens"] = counts["cache_creation_tokens"] - counts["cache_creation_1h_tokens"]
    row = Request(
        id=0,
        session_id=session_id,
        timestamp=timestamp,
        model=model,
        kind="unlisted",
    )._replace(**counts)
    listed, lowest, highest = pricing(row)
    reported = figures[WIDTH]
    if listed is None:
        return row._replace(reported_cost_usd=reported)
    explained = lowest - 1e-9 <= reported <= highest + 1e-9
    return row._replace(cost_usd=reported if explained else listed, reported_cost_usd=reported)
