"""What dashboards and alert rules must know of the user's config, kept beside the rows: budgets and the local day."""

from __future__ import annotations

import sqlite3

from claude_metrics.config import Config, zones
from claude_metrics.store import meta


def save(connection: sqlite3.Connection, config: Config) -> None:
    """Write what differs from what is stored; an unchanged config writes nothing."""
    for key, value in _wanted(config).items():
        meta.put(connection, key, value)


def _wanted(config: Config) -> dict[str, str]:
    return {
        "budget_daily_usd": repr(config.budget_daily_usd),
        "budget_monthly_usd": repr(config.budget_monthly_usd),
        "utc_offset_s": str(zones.utc_offset_s(zones.configured(config))),
    }
