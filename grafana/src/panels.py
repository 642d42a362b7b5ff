"""Panels as few lines: each function gives a builder with id, place, description, unit, colours and an empty state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from grafana_foundation_sdk.builders import dashboard as d
from grafana_foundation_sdk.cog import builder, variants
from grafana_foundation_sdk.models import common as mc
from grafana_foundation_sdk.models import dashboard as m

SOURCE = mc.DataSourceRef(type_val="frser-sqlite-datasource", uid="claude-metrics")
EMPTY = "Nothing in this range. No sessions yet? Run: claude-metrics sync"
BLUE, ORANGE, GREEN, YELLOW, RED, PURPLE, GREY = "blue", "orange", "green", "yellow", "red", "purple", "#808080"
COLOURS = {
    "Input": BLUE, "Output": ORANGE, "Cache read": GREEN, "Cache write": YELLOW, "Failed": RED, "Failure rate": RED,
    "Denied": PURPLE, "Calls": BLUE, "Cost": "semi-dark-blue", "Budget": RED, "Spend": "semi-dark-blue",
    "Lines added": GREEN, "Lines removed": RED, "Commits": PURPLE, "Period before": GREY,
}  # fmt: skip
Place = tuple[int, int, int, int]
Steps = Sequence[tuple[float | None, str]]


class Query(variants.Dataquery):
    """One target as the plugin saves it."""

    def __init__(self, sql: str, times: Sequence[str], kind: str, ref: str) -> None:
        self.sql, self.times, self.kind, self.ref = sql, list(times), kind, ref

    def to_json(self) -> dict[str, Any]:
        return {
            "refId": self.ref, "datasource": SOURCE, "queryType": self.kind, "timeColumns": self.times,
            "rawQueryText": self.sql, "queryText": self.sql,
        }  # fmt: skip


class Sql(builder.Builder[Query]):
    def __init__(self, sql: str, *times: str, kind: str = "table", ref: str = "A") -> None:
        self.query = Query(sql, times, kind, ref)

    def build(self) -> Query:
        return self.query


def series(sql: str, ref: str = "A") -> Sql:
    return Sql(sql, "time", kind="time series", ref=ref)


def panel(
    kind: str, number: int, title: str, text: str, at: Place, targets: Sequence[Sql] | Sql | str = (), unit: str = "",
    options: Mapping[str, Any] | None = None, custom: Mapping[str, Any] | None = None, steps: Steps = (),
    decimals: int | None = None, most: float | None = None,
) -> d.Panel:  # fmt: skip
    x, y, w, h = at
    found = d.Panel().type(kind).id(number).title(title).description(text).datasource(SOURCE).no_value(EMPTY)
    found.grid_pos(m.GridPos(x=x, y=y, w=w, h=h)).options(dict(options or {})).custom(dict(custom or {}))
    if unit:
        found.unit(unit)
    if decimals is not None:
        found.decimals(decimals)
    if most is not None:
        found.min(0).max(most)
    if steps:
        found.color_scheme(d.FieldColor().mode(m.FieldColorModeId.THRESHOLDS))
        found.thresholds(thresholds(steps))
    for target in [Sql(targets)] if isinstance(targets, str) else [targets] if isinstance(targets, Sql) else targets:
        found.with_target(target)
    return found


def thresholds(steps: Steps) -> d.ThresholdsConfig:
    made = [m.Threshold(value=value, color=colour) for value, colour in steps]
    return d.ThresholdsConfig().mode(m.ThresholdsMode.ABSOLUTE).steps(made)


def coloured(found: d.Panel, *names: str) -> d.Panel:
    """The same colour for the same thing on every dashboard."""
    for name in names:
        value = {"mode": "fixed", "fixedColor": COLOURS[name]}
        found.override_by_name(name, [m.DynamicConfigValue(id_val="color", value=value)])
    return found


def column(found: d.Panel, name: str, **properties: Any) -> d.Panel:
    """What one column looks like: unit, decimals, links, `custom__hidden` for custom.hidden."""
    values = [m.DynamicConfigValue(id_val=key.replace("__", "."), value=value) for key, value in properties.items()]
    return found.override_by_name(name, values)


def hidden(found: d.Panel, *names: str) -> d.Panel:
    for name in names:
        column(found, name, custom__hidden=True)
    return found


def linked(found: d.Panel, name: str, title: str, url: str) -> d.Panel:
    return column(found, name, links=[{"title": title, "url": url}])


_ONE_ROW = {"values": False, "calcs": ["lastNotNull"], "fields": "/.*/"}


def stat(number: int, title: str, text: str, at: Place, sql: str, unit: str = "short", **more: Any) -> d.Panel:
    """Numbers of one row, each column one number."""
    options = {
        "reduceOptions": _ONE_ROW, "textMode": "auto", "colorMode": "value", "graphMode": "none", "justifyMode": "auto",
        "orientation": "auto", "wideLayout": True,
    }  # fmt: skip
    found = panel("stat", number, title, text, at, sql, unit, options, **more)
    if not more.get("steps"):
        found.color_scheme(d.FieldColor().mode(m.FieldColorModeId.FIXED).fixed_color("text"))
    return found


def gauge(number: int, title: str, text: str, at: Place, sql: str, unit: str, **more: Any) -> d.Panel:
    options = {
        "reduceOptions": _ONE_ROW,
        "showThresholdLabels": False,
        "showThresholdMarkers": True,
        "orientation": "auto",
    }
    return panel("gauge", number, title, text, at, sql, unit, options, **more)


def chart(
    number: int, title: str, text: str, at: Place, sql: str, unit: str = "short", style: str = "bars",
    stacked: bool = True, line: str = "linear", name: str = "${__field.labels.model}", **more: Any,
) -> d.Panel:  # fmt: skip
    """Values over time, one series per label; pass name="" for named columns."""
    custom = {
        "drawStyle": style, "fillOpacity": 80 if style == "bars" else 10, "lineWidth": 0 if style == "bars" else 2,
        "lineInterpolation": line, "showPoints": "always" if style == "points" else "never", "pointSize": 5,
        "barAlignment": 1, "axisSoftMin": 0, "stacking": {"mode": "normal" if stacked else "none", "group": "A"},
    }  # fmt: skip
    options = {
        "legend": {"showLegend": True, "displayMode": "list", "placement": "bottom", "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    found = panel("timeseries", number, title, text, at, series(sql), unit, options, custom, **more)
    if not more.get("steps"):
        found.color_scheme(d.FieldColor().mode("palette-classic-by-name"))
    return found.display_name(name) if name else found


def table(number: int, title: str, text: str, at: Place, sql: str, *times: str, sort: str = "", **more: Any) -> d.Panel:
    by = [{"displayName": sort, "desc": True}] if sort else []
    options = {"showHeader": True, "cellHeight": "sm", "sortBy": by}
    custom = {"align": "auto", "filterable": True, "cellOptions": {"type": "auto"}}
    return panel("table", number, title, text, at, Sql(sql, *times), "short", options, custom, **more)


def bars(
    number: int, title: str, text: str, at: Place, sql: str, x: str, unit: str = "short", stacked: bool = False,
    upright: bool = True, **more: Any,
) -> d.Panel:  # fmt: skip
    """A bar per row; `x` names the column of texts."""
    options = {
        "xField": x, "orientation": "vertical" if upright else "horizontal", "stacking": "normal" if stacked else "none",
        "showValue": "auto", "barWidth": 0.9, "groupWidth": 0.8,
        "legend": {"showLegend": True, "displayMode": "list", "placement": "bottom", "calcs": []},
        "tooltip": {"mode": "multi", "sort": "none"},
    }  # fmt: skip
    found = panel("barchart", number, title, text, at, sql, unit, options, {"fillOpacity": 80, "lineWidth": 0}, **more)
    return found.color_scheme(d.FieldColor().mode("palette-classic-by-name"))


def gauges(number: int, title: str, text: str, at: Place, sql: str, unit: str, **more: Any) -> d.Panel:
    """A horizontal bar per row: a text and a number."""
    options = {
        "reduceOptions": {"values": True, "calcs": ["lastNotNull"], "fields": "", "limit": 25},
        "orientation": "horizontal", "displayMode": "basic", "showUnfilled": True, "valueMode": "color",
    }  # fmt: skip
    found = panel("bargauge", number, title, text, at, sql, unit, options, **more)
    return found.min(0).color_scheme(d.FieldColor().mode(m.FieldColorModeId.FIXED).fixed_color("semi-dark-blue"))


def histogram(number: int, title: str, text: str, at: Place, sql: str, unit: str, **more: Any) -> d.Panel:
    custom = {"fillOpacity": 80, "lineWidth": 1}
    options = {"legend": {"showLegend": False, "displayMode": "list", "placement": "bottom", "calcs": []}}
    return panel("histogram", number, title, text, at, sql, unit, options, custom, **more)


def words(number: int, title: str, at: Place, content: str) -> d.Panel:
    return panel(
        "text", number, title, "How to read this dashboard.", at, options={"mode": "markdown", "content": content}
    )


def alerts(number: int, at: Place) -> d.Panel:
    options = {
        "alertName": "", "dashboardAlerts": False, "folder": "", "groupBy": [], "groupMode": "default", "maxItems": 20,
        "sortOrder": 1, "viewMode": "list", "alertInstanceLabelFilter": '{app="claude-metrics"}',
        "stateFilter": {"firing": True, "pending": True, "noData": False, "normal": True, "error": True},
    }  # fmt: skip
    return panel("alertlist", number, "Alerts", "The rules of this suite and their states.", at, options=options)
