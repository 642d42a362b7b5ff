"""Times as the database holds them: RFC 3339 text in UTC with milliseconds and `Z`."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def now() -> str:
    return from_seconds(time.time())


def from_seconds(seconds: float) -> str:
    """Unix seconds as text; what no calendar can hold becomes the epoch."""
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        moment = datetime.fromtimestamp(0, UTC)
    return moment.isoformat(timespec="milliseconds")[:23] + "Z"


def to_seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def normal(text: object) -> str | None:
    """An agent's time in our form, or None for what is no time."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
        if len(text) == 24 and text[10] == "T" and text[23] == "Z":
            return text
        moment = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment.isoformat(timespec="milliseconds")[:23] + "Z"


def between_ms(start: str, end: str) -> int:
    return max(0, round((to_seconds(end) - to_seconds(start)) * 1000))
