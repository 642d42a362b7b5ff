"""The time zone of the note.

The rule is that of `claude_metrics.config.zones`, which needs the config's own reader and so cannot be loaded here; a
test holds the two equal.
"""

from datetime import UTC, datetime, timedelta, tzinfo


def zone(name: str) -> tzinfo | None:
    """The config's time zone; None, the system's, where it names none or one that is not known here."""
    if not name:
        return None
    if name.upper() in ("UTC", "Z"):
        return UTC
    try:
        from zoneinfo import ZoneInfo

        return ZoneInfo(name)
    except Exception:  # ZoneInfoNotFoundError is a KeyError, an odd name a ValueError, a folder an OSError
        return None


def begins(now: float, tz: tzinfo | None) -> tuple[float, float, float]:
    """When the local day, the week (a Monday) and the month of `now` began, in unix seconds."""
    day = datetime.fromtimestamp(now, tz).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=tz)
    week, month = day - timedelta(days=day.weekday()), day.replace(day=1)
    return day.timestamp(), week.timestamp(), month.timestamp()
