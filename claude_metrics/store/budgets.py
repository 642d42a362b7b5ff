"""What dashboards and alert rules must know of the user's config, kept beside the rows: budgets and the local day."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from zoneinfo import ZoneInfo

from claude_metrics.config import Config
from claude_metrics.store import meta


def save(connection: sqlite3.Connection, config: Config) -> None:
    """Write what differs from what is stored; an unchanged config writes nothing."""
    for key, value in _wanted(config).items():
        meta.put(connection, key, value)


def _wanted(config: Config) -> dict[str, str]:
    return {
        "budget_daily_usd": repr(config.budget_daily_usd),
        "budget_monthly_usd": repr(config.budget_monthly_usd),
        "utc_offset_s": str(_utc_offset_s(config.timezone)),
    }


def _utc_offset_s(name: str) -> int:
    """Seconds that the reader's zone is now east of UTC; the system's zone where the config names none that exists."""
    try:
        now = datetime.now(ZoneInfo(name)) if name else datetime.now().astimezone()
    except (KeyError, OSError, ValueError):
        now = datetime.now().astimezone()
    offset = now.utcoffset()
    return int(offset.total_seconds()) if offset else 0
