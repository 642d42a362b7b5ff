"""The reader's time zone: which local day an instant belongs to, and when a local day begins.

There is one rule for "today", "this week" and "this month" in every command, the note and the budgets: the zone that a
command names, else the config's `timezone`, else the system's. `None` is the system's own zone, with its daylight
saving time as it was at that instant.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from claude_metrics import config
from claude_metrics.errors import ClaudeMetricsError

Zone = tzinfo | None


def zone(name: str | None = None) -> Zone:
    """The zone called `name` (`Europe/Berlin`, `UTC`), else the config's `timezone`, else the system's.

    Raises ClaudeMetricsError for a name that is not known here.
    """
    name = name or config.load().timezone
    try:
        return _named(name) if name else None
    except (KeyError, OSError, ValueError) as error:  # ZoneInfoNotFoundError is a KeyError
        raise ClaudeMetricsError(
            f"no time zone `{name}`; --tz or `timezone` in the config; use a name like Europe/Berlin"
        ) from error


def configured(settings: config.Config) -> Zone:
    """The same for what no mistake in the config may stop: the system's zone where it names one that is not known."""
    try:
        return _named(settings.timezone) if settings.timezone else None
    except (KeyError, OSError, ValueError):
        return None


def _named(name: str) -> tzinfo:
    return UTC if name.upper() in ("UTC", "Z") else ZoneInfo(name)


def utc_offset_s(tz: Zone, now: datetime | None = None) -> int:
    """Seconds that the zone is east of UTC, now or at the instant `now`."""
    offset = (now or datetime.now(UTC)).astimezone(tz).utcoffset()
    return int(offset.total_seconds()) if offset else 0


def name_of(tz: Zone) -> str:
    if tz is None:
        return datetime.now().astimezone().tzname() or "local"
    return str(tz)


def moment(seconds: float, tz: Zone) -> datetime:
    return datetime.fromtimestamp(seconds, tz)


def day_of(seconds: float, tz: Zone) -> str:
    return datetime.fromtimestamp(seconds, tz).date().isoformat()


def begin_of(day: str, tz: Zone) -> int:
    """Unix seconds at which the local `day` (YYYY-MM-DD) begins."""
    at = date.fromisoformat(day)
    return int(datetime(at.year, at.month, at.day, tzinfo=tz).timestamp())


def next_day(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


def day_before(day: str) -> str:
    return (date.fromisoformat(day) - timedelta(days=1)).isoformat()


def monday(day: str) -> str:
    """The first day of the week of `day`."""
    at = date.fromisoformat(day)
    return (at - timedelta(days=at.weekday())).isoformat()


def first_of_month(day: str) -> str:
    return f"{day[:7]}-01"


def show(text: str | None, tz: Zone) -> str:
    """A stored time as a person reads it: `2026-11-20 04:06`."""
    return datetime.fromisoformat(text).astimezone(tz).strftime("%Y-%m-%d %H:%M") if text else ""
