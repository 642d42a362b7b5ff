"""Windows of five hours, as Claude's usage limits are counted: from the full hour of the first request (UTC).

The next window begins with the first request after the last one has ended. Windows depend on everything before
them, so all of the history is laid out and only then cut to the days asked for.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace

from claude_metrics import clock, zones
from claude_metrics.report import Entry, Filter, _grouped

HOURS = 5
LENGTH_S = HOURS * 3600


@dataclass(frozen=True, slots=True)
class Pace:
    """How a window that has not ended is getting on: what it costs an hour, and at its end if that goes on."""

    usd_per_hour: float
    tokens_per_minute: float
    projected_usd: float
    remaining_minutes: int


def blocks(connection: sqlite3.Connection, where: Filter, now: float) -> list[Entry]:
    """A line per window: `start`, `end`, `last_activity`, `active`."""
    whole = replace(where, since=None, until=None)
    found: dict[int, Entry] = {}
    start = -LENGTH_S
    for time, model, sums in sorted(_grouped(connection, whole, "time"), key=lambda row: row[0]):
        if time >= start + LENGTH_S:
            start = time // 3600 * 3600
            found[start] = Entry({"start": clock.from_seconds(start), "end": clock.from_seconds(start + LENGTH_S)})
        found[start].add(model, sums)
    for entry, last in zip(found.values(), _last_times(connection, whole, list(found)), strict=True):
        entry.about["last_activity"] = last
        entry.about["active"] = clock.to_seconds(entry.about["end"]) > now
    return [entry for start, entry in found.items() if _asked_for(start, where)]


def _last_times(connection: sqlite3.Connection, where: Filter, starts: list[int]) -> list[str]:
    condition, values = where.clauses()
    one = f"select max(last_at) from v_usage {condition} and time >= ? and time < ?"
    return [connection.execute(one, [*values, start, start + LENGTH_S]).fetchone()[0] for start in starts]


def _asked_for(start: int, where: Filter) -> bool:
    day = zones.day_of(start, where.zone)
    return (where.since or "") <= day <= (where.until or "9999")


def pace(entry: Entry, now: float) -> Pace:
    """Of an active window, over the time since it began."""
    begin, end = clock.to_seconds(entry.about["start"]), clock.to_seconds(entry.about["end"])
    hours = max(now - begin, 60) / 3600
    hourly = (entry.sums.cost_usd or 0) / hours
    return Pace(hourly, entry.sums.total_tokens / hours / 60, hourly * HOURS, max(0, round((end - now) / 60)))
