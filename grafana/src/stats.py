"""Single numbers. A figure shows how it grew over the range and how it compares with the period before.

The size of the letters is fixed: words would shrink until nobody can read them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from grafana_foundation_sdk.builders import dashboard as d
from grafana_foundation_sdk.models import dashboard as m

from grafana.src import panels as p

TEXT = {"titleSize": 13, "valueSize": 22}
_ONE_ROW = {"values": False, "calcs": ["lastNotNull"], "fields": ""}


def _options(graph: str, words: bool) -> dict[str, Any]:
    return {
        "reduceOptions": {**_ONE_ROW, "fields": "/.*/" if words else ""},
        "textMode": "value_and_name",
        "colorMode": "value",
        "graphMode": graph,
        "justifyMode": "auto",
        "orientation": "auto",
        "wideLayout": False,
        "showPercentChange": False,
        "text": TEXT,
    }


def stat(
    number: int,
    title: str,
    text: str,
    size: p.Size,
    sql: str,
    unit: str = "locale",
    missing: str = "none",
    words: bool = False,
    **more: Any,
) -> d.Panel:
    """The numbers of one row, each under the name of its column; `missing` stands for a number that cannot be known."""
    made = p.panel("stat", number, title, text, size, sql, unit, _options("none", words), **more)
    return _neutral(made, more).mappings(_mappings(missing))


def figure(
    number: int,
    title: str,
    text: str,
    size: p.Size,
    sql: str,
    unit: str = "locale",
    missing: str = "none",
    **more: Any,
) -> d.Panel:
    """One number over time (`sql.course`): its last value, its course, and the comparison as its name."""
    made = p.panel("stat", number, title, text, size, p.series(sql), unit, _options("area", False), **more)
    return _neutral(made, more).mappings(_mappings(missing)).display_name("${__field.labels.note}")


def gauge(
    number: int, title: str, text: str, size: p.Size, sql: str, unit: str, missing: str, most: float, **more: Any
) -> d.Panel:
    options = {
        "reduceOptions": _ONE_ROW,
        "showThresholdLabels": False,
        "showThresholdMarkers": True,
        "orientation": "auto",
        "text": TEXT,
    }
    made = p.panel("gauge", number, title, text, size, sql, unit, options, **more)
    return made.min(0).max(most).mappings(_mappings(missing))


def _neutral(made: d.Panel, more: Mapping[str, Any]) -> d.Panel:
    if not more.get("steps"):
        made.color_scheme(d.FieldColor().mode(m.FieldColorModeId.FIXED).fixed_color("text"))
    return made


def _mappings(missing: str) -> list[Any]:
    return [
        m.SpecialValueMap(
            options=m.DashboardSpecialValueMapOptions(
                match=m.SpecialValueMatch.NULL_AND_NAN, result=m.ValueMappingResult(text=missing, color="text", index=0)
            )
        )
    ]
