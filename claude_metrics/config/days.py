"""A day as people say it: `2026-11-20`, `7d`, `yesterday`, `last monday`. What is not in digits goes to dateparser.

dateparser takes most of a second to load, so it is asked only for what no calendar form is.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from claude_metrics.config import zones

_DIGITS = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)")
_WEEKS = re.compile(r"(\d+)\s*w\b")


def day(text: str, tz: zones.Zone, now: datetime | None = None) -> str | None:
    """The day (YYYY-MM-DD) that `text` means in the zone, or None. A weekday is the last one, never a coming one."""
    if found := _DIGITS.fullmatch(text):
        try:
            return date(*map(int, found.groups())).isoformat()
        except ValueError:
            return None
    if not re.search("[a-z]", text, re.IGNORECASE):  # 11/05 is another day in another country
        return None
    import dateparser

    base = (now or datetime.now().astimezone()).astimezone(tz).replace(tzinfo=None)
    words = _WEEKS.sub(r"\1 weeks", text)
    settings = {"PREFER_DATES_FROM": "past", "RELATIVE_BASE": base, "RETURN_AS_TIMEZONE_AWARE": False}
    moment = dateparser.parse(words, languages=["en"], settings=settings)
    return moment.date().isoformat() if moment else None


def span(text: str, tz: zones.Zone) -> tuple[str, str] | None:
    """First and last day of `2026-10`, `2026-10-01..2026-10-07`, a day, `today`, `yesterday`; None for others."""
    if re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text):
        first = f"{text}-01"
        return first, zones.day_before(zones.first_of_month((date.fromisoformat(first) + timedelta(31)).isoformat()))
    if not re.match(r"\d{4}-?\d\d-?\d\d|today$|yesterday$", text):
        return None
    first, _, last = text.partition("..")
    since, until = day(first, tz), day(last or first, tz)
    return (since, until) if since and until else None
