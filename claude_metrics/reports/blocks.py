"""Windows of five hours, as Claude's usage limits are counted: from the full hour of the first request (UTC).

The next window begins with the first request after the last one has ended. Windows depend on everything before
them, so all of the history is laid out and only then cut to the days asked for.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from dataclasses import dataclass, replace

from claude_metrics import clock
from claude_metrics.config import zones
from claude_metrics.reports.query import Entry, Filter, grouped

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
    condition, values = whole.clauses()
    times = connection.execute(f"select time, max(last_at) from v_usage {condition} group by 1 order by 1", values)
    found: dict[int, Entry] = {}
    start = -LENGTH_S
    for time, last in times:
        if time >= start + LENGTH_S:
            start = time // 3600 * 3600
            found[start] = _window(start, now)
        found[start].about["last_activity"] = last
    starts, windows = list(found), list(found.values())
    connection.create_function("window_number", 1, lambda time: bisect_right(starts, time) - 1, deterministic=True)
    for number, model, sums, _ in grouped(connection, whole, "window_number(time)"):
        windows[number].add(model, sums)
    return [entry for start, entry in found.items() if _asked_for(start, where)]


def _window(start: int, now: float) -> Entry:
    end = start + LENGTH_S
    about = {
        "start": clock.from_seconds(start),
        "end": clock.from_seconds(end),
        "last_activity": "",
        "active": end > now,
    }
    return Entry(about)


def _asked_for(start: int, where: Filter) -> bool:
    day = zones.day_of(start, where.zone)
    return (where.since or "") <= day <= (where.until or "9999")


def pace(entry: Entry, now: float) -> Pace:
    """Of an active window, over the time since it began."""
    begin, end = clock.to_seconds(entry.about["start"]), clock.to_seconds(entry.about["end"])
    hours = max(now - begin, 60) / 3600
    hourly = (entry.sums.cost_usd or 0) / hours
    return Pace(hourly, entry.sums.total_tokens / hours / 60, hourly * HOURS, max(0, round((end - now) / 60)))
