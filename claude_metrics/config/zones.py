"""The reader's time zone: which local day an instant belongs to, and when a local day begins.

`None` is the system's own zone, with its daylight saving time as it was at that instant.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from claude_metrics import config
from claude_metrics.errors import ClaudeMetricsError

Zone = tzinfo | None


def zone(name: str | None) -> Zone:
    """The zone called `name` (`Europe/Berlin`, `UTC`), else the config's `timezone`, else the system's."""
    name = name or config.load().timezone
    if not name:
        return None
    if name.upper() in ("UTC", "Z"):
        return UTC
    try:
        return ZoneInfo(name)
    except (OSError, ValueError) as error:  # ZoneInfoNotFoundError is a KeyError
        raise _unknown(name) from error
    except KeyError as error:
        raise _unknown(name) from error


def _unknown(name: str) -> ClaudeMetricsError:
    return ClaudeMetricsError(f"no time zone `{name}`; --tz or `timezone` in the config; use a name like Europe/Berlin")


def name_of(here: Zone) -> str:
    if here is None:
        return datetime.now().astimezone().tzname() or "local"
    return str(here)


def moment(seconds: float, here: Zone) -> datetime:
    return datetime.fromtimestamp(seconds, here)


def day_of(seconds: int, here: Zone) -> str:
    return datetime.fromtimestamp(seconds, here).date().isoformat()


def begin_of(day: str, here: Zone) -> int:
    """Unix seconds at which the local `day` (YYYY-MM-DD) begins."""
    at = date.fromisoformat(day)
    return int(datetime(at.year, at.month, at.day, tzinfo=here).timestamp())


def next_day(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


def show(text: str | None, here: Zone) -> str:
    """A stored time as a person reads it: `2026-11-20 04:06`."""
    return datetime.fromisoformat(text).astimezone(here).strftime("%Y-%m-%d %H:%M") if text else ""
