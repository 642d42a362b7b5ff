"""Prices by model and day as the database keeps them, so that the price library is loaded for new models only."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from claude_metrics import pricing
from claude_metrics.models import Request

COST = Request._fields.index("cost_usd")


class RateBook:
    """Price lists by model and day, kept in the database: the price library is loaded for new ones only."""

    def __init__(self, connection: sqlite3.Connection, overrides: Mapping[str, Mapping[str, Any]]) -> None:
        self.connection, self.overrides = connection, overrides
        self.known: dict[tuple[str, str], pricing.Rates | None] = {}

    def rates(self, model: str, timestamp: str) -> pricing.Rates | None:
        key = (model, timestamp[:10])
        if key not in self.known:
            self.known[key] = self._stored(key) or self._fresh(key)
        return self.known[key]

    def _stored(self, key: tuple[str, str]) -> pricing.Rates | None:
        if key[0] in self.overrides or pricing.canonical(key[0]) in self.overrides:
            return None
        row = self.connection.execute("select rates from rates where model = ? and day = ?", key).fetchone()
        return pricing.rates_from(json.loads(row[0])) if row else None

    def _fresh(self, key: tuple[str, str]) -> pricing.Rates | None:
        found = pricing.rates_for(*key, self.overrides)
        if found and found.source != "config":
            self.connection.execute("insert or replace into rates values (?, ?, ?)", (*key, json.dumps(found)))
        return found

    def priced(self, row: Request) -> Request:
        return Request._make((*row[:COST], pricing.cost(self.rates(row.model, row.timestamp), row), *row[COST + 1 :]))

    def bounds(self, row: Request) -> tuple[float | None, float, float]:
        """The plain cost of a sum of requests, and the least and most it can be (tiers, geography, fast mode)."""
        rates = self.rates(row.model, row.timestamp)
        if rates is None:
            return None, 0.0, 0.0
        levels = [rates._replace(prices=p, tiers=()) for p in (rates.prices, *(t[1] for t in rates.tiers))]
        costs = [pricing.cost(level, row) or 0.0 for level in levels]
        return costs[0], min(costs), max(costs) * rates.fast_factor * max(pricing.GEO_FACTORS.values())
