"""Price stored requests anew when prices changed: those of the config, or the price library with an update.

What the rows were priced with stands in `meta`, so that looking costs one query. A price that has become unknown
never takes a known cost away, unless the user's own price was withdrawn.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from claude_metrics import __version__, pricing
from claude_metrics.config import Config, Damaged
from claude_metrics.models import Request
from claude_metrics.store import meta
from claude_metrics.store.rates import RateBook
from claude_metrics.store.touched import Touched
from claude_metrics.store.transaction import transaction

STEP = 500
ROWS = 5_000
_COLUMNS = ", ".join(Request._fields)
Overrides = Mapping[str, Mapping[str, Any]]


def library() -> str:
    """The versions that list prices depend on: the library's, and ours for our own tables."""
    return f"genai-prices {pricing.library_version()}, claude-metrics {__version__}"


def refresh(connection: sqlite3.Connection, settings: Config) -> Config:
    """Bring stored costs up to date; returns `settings` with the prices in force.

    While the config file is damaged, those are the ones it had before.
    """
    noted = _noted(connection)
    if isinstance(settings, Damaged):
        return replace(settings, prices=noted.get("prices", {}))
    wanted = {"library": library(), "prices": settings.prices}
    if noted != wanted:
        with transaction(connection):
            _reprice(connection, _noted(connection), wanted, settings)
            meta.put(connection, "prices", json.dumps(wanted))
    return settings


def _noted(connection: sqlite3.Connection) -> dict[str, Any]:
    return json.loads(meta.get(connection, "prices") or "{}")  # type: ignore[no-any-return]


def _reprice(
    connection: sqlite3.Connection, noted: Mapping[str, Any], wanted: Mapping[str, Any], settings: Config
) -> None:
    from claude_metrics.store.derive import derive  # most runs only look whether prices changed
    from claude_metrics.store.machine import machine_id

    stored = [row[0] for row in connection.execute("select distinct model from token_usage")]
    own = {name for name in stored if _own(noted.get("prices", {}), name) != _own(settings.prices, name)}
    models = own
    if noted.get("library") != wanted["library"]:
        connection.execute("delete from rates")
        models = set(stored)
    rates = RateBook(connection, settings.prices)
    touched = _price(connection, rates, models, own) if models else {}
    sessions, machine = list(touched), machine_id(connection, settings)
    for start in range(0, len(sessions), STEP):
        some = {session_id: touched[session_id] for session_id in sessions[start : start + STEP]}
        derive(connection, some, rates.bounds, machine)


def _own(prices: Overrides, model: str) -> Mapping[str, Any] | None:
    return prices.get(model) or prices.get(pricing.canonical(model))


def _price(connection: sqlite3.Connection, rates: RateBook, models: set[str], withdrawn: set[str]) -> Touched:
    """Write the costs that differ; returns the sessions they are in, each with the earliest time."""
    touched: Touched = {}
    for rows in _pages(connection, list(models)):
        changed = []
        for row in rows:
            cost = rates.priced(row).cost_usd
            if cost != row.cost_usd and (cost is not None or row.model in withdrawn):
                changed.append((cost, row.id))
                touched[row.session_id] = min(touched.get(row.session_id, row.timestamp), row.timestamp)
        connection.executemany("update token_usage set cost_usd = ? where id = ?", changed)
    return touched


def _pages(connection: sqlite3.Connection, models: Sequence[str]) -> Iterator[list[Request]]:
    """All requests of `models`, a bounded number at a time."""
    last, marks = -1, ", ".join("?" * len(models))
    while True:
        found = connection.execute(
            f"select {_COLUMNS} from token_usage where id > ? and model in ({marks}) order by id limit {ROWS}",
            [last, *models],
        ).fetchall()
        if not found:
            return
        yield [Request(*row) for row in found]
        last = found[-1][0]
