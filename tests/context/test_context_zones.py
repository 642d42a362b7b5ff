"""The note and the reports have the same time zone, today, week and month."""

from datetime import UTC, datetime, timedelta
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_metrics.config import Config, zones
from claude_metrics.context import zones as of_the_note

NAMES = ["", "UTC", "utc", "Z", "Nowhere/Atall", "../etc", "a\0b", *sorted(available_timezones())]
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1)).map(lambda at: at.replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize("name", NAMES[:7], ids=ascii)
def test_an_odd_name_is_the_same_zone_in_both(name: str) -> None:
    assert of_the_note.zone(name) == zones.configured(Config(timezone=name))


@given(st.sampled_from(NAMES), MOMENTS)
def test_day_week_and_month_begin_at_the_same_moment(name: str, now: float) -> None:
    tz = zones.configured(Config(timezone=name))
    today = zones.day_of(now, tz)
    days = (today, zones.monday(today), zones.first_of_month(today))
    begins = of_the_note.begins(now, of_the_note.zone(name))
    assert tuple(map(int, begins)) == tuple(zones.begin_of(day, tz) for day in days)
    assert begins[0] <= now and begins[1] <= begins[0] and begins[2] <= begins[0]


@given(st.sampled_from(NAMES), MOMENTS)
def test_the_offset_of_the_budgets_is_that_of_the_zone(name: str, now: float) -> None:
    tz, at = zones.configured(Config(timezone=name)), datetime.fromtimestamp(now, UTC)
    east = timedelta(seconds=zones.utc_offset_s(tz, at))
    assert (at + east).strftime("%Y-%m-%d %H:%M") == datetime.fromtimestamp(now, tz).strftime("%Y-%m-%d %H:%M")
