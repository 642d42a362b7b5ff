"""Charts: legends are tables with totals, the largest first; tooltips are sorted and leave out zeros."""

from __future__ import annotations

from typing import Any

from grafana_foundation_sdk.builders import dashboard as d
from grafana_foundation_sdk.models import dashboard as m

from grafana.src import panels as p
from grafana.src.colours import GREY, models

TOTALS = {"sum": "Total", "lastNotNull": "Last *", "mean": "Mean", "max": "Max"}  # as Grafana names them
WIDE = 18  # of 24 units
TOOLTIP = {"mode": "multi", "sort": "desc", "hideZeros": True}
NO_LEGEND = {"showLegend": False, "displayMode": "list", "placement": "bottom", "calcs": []}


def legend(calc: str, width: int) -> dict[str, Any]:
    """A table, the largest first: beside a wide chart, below a narrow one."""
    return {
        "showLegend": True,
        "displayMode": "table",
        "placement": "right" if width >= WIDE else "bottom",
        "calcs": [calc],
        "sortBy": TOTALS[calc],
        "sortDesc": True,
        "width": 230,
    }


def _drawn(style: str, stacked: bool, line: str, timed: bool) -> dict[str, Any]:
    """A bar of a bucket stands behind the time at which it begins; a bar of a number stands above it."""
    return {
        "drawStyle": style,
        "fillOpacity": 80 if style == "bars" else 10,
        "lineWidth": 0 if style == "bars" else 2,
        "lineInterpolation": line,
        "showPoints": "always" if style == "points" else "auto",
        "pointSize": 5,
        "barAlignment": 1 if timed else 0,
        "axisSoftMin": 0,
        "stacking": {"mode": "normal" if stacked else "none", "group": "A"},
    }


def chart(
    number: int, title: str, text: str, size: p.Size, sql: str, unit: str = "locale", style: str = "bars",
    stacked: bool = True, name: str = "", total: str = "sum", **more: Any,
) -> d.Panel:  # fmt: skip
    """Values over time: a series for each value of the label `name`, or for each column."""
    options = {"legend": legend(total, size[0]), "tooltip": TOOLTIP}
    made = p.panel(
        "timeseries",
        number,
        title,
        text,
        size,
        p.series(sql),
        unit,
        options,
        _drawn(style, stacked, "linear", True),
        **more,
    )
    made.color_scheme(d.FieldColor().mode("palette-classic"))
    return made.display_name(f"${{__field.labels.{name}}}") if name else made


def by_model(number: int, title: str, text: str, size: p.Size, sql: str, unit: str = "locale", **more: Any) -> d.Panel:
    """A chart with a series per model: each has its colour on every dashboard."""
    return in_model_colours(chart(number, title, text, size, sql, unit, name="model", **more))


def in_model_colours(made: d.Panel) -> d.Panel:
    for pattern, colour in models():
        p.override(made, "byRegexp", pattern, color=p.fixed(colour))
    return grey_other(made)


def grey_other(made: d.Panel) -> d.Panel:
    return p.override(made, "byRegexp", "/^(other|nothing in this range)$/", color=p.fixed(GREY))


def trend(
    number: int, title: str, text: str, size: p.Size, sql: str, x: str, x_unit: str, unit: str, style: str = "line",
    line: str = "linear", total: str = "lastNotNull", **more: Any,
) -> d.Panel:  # fmt: skip
    """Values over a number, such as the day of the month: it shows the whole, whatever the dashboard's range is."""
    shown = {**legend(total, 0), "displayMode": "list", "placement": "bottom"}
    options = {"legend": shown, "tooltip": TOOLTIP, "xField": x}
    made = p.panel("trend", number, title, text, size, sql, unit, options, _drawn(style, False, line, False), **more)
    if not more.get("steps"):
        made.color_scheme(d.FieldColor().mode("palette-classic"))
    return p.field(made, x, unit=x_unit)


def bars(
    number: int, title: str, text: str, size: p.Size, sql: str, x: str, unit: str = "locale", stacked: bool = False,
    upright: bool = True, total: str = "sum", labelled: bool = True, **more: Any,
) -> d.Panel:  # fmt: skip
    """A bar per row; `x` names the column of texts. Labels keep a distance, so that they never overlap."""
    shown = {**legend(total, 0), "displayMode": "list", "placement": "bottom", "showLegend": labelled}
    options = {
        "xField": x, "orientation": "vertical" if upright else "horizontal", "stacking": "normal" if stacked else "none",
        "showValue": "never", "barWidth": 0.9, "groupWidth": 0.8, "xTickLabelRotation": 0, "xTickLabelMaxLength": 24,
        "xTickLabelSpacing": 60 if upright else 0, "fullHighlight": False, "legend": shown, "tooltip": TOOLTIP,
    }  # fmt: skip
    custom = {"fillOpacity": 80, "lineWidth": 0, "axisSoftMin": 0}
    made = p.panel("barchart", number, title, text, size, sql, unit, options, custom, **more)
    return p.field(made.color_scheme(d.FieldColor().mode("palette-classic")), x, unit="string")


def gauges(number: int, title: str, text: str, size: p.Size, sql: str, unit: str, **more: Any) -> d.Panel:
    """A horizontal bar per row: a text and a number."""
    options = {
        "reduceOptions": {"values": True, "calcs": ["lastNotNull"], "fields": "", "limit": 25},
        "orientation": "horizontal",
        "displayMode": "basic",
        "showUnfilled": True,
        "valueMode": "text",
        "namePlacement": "auto",
        "sizing": "auto",
        "text": {"titleSize": 13, "valueSize": 13},
    }
    made = p.panel("bargauge", number, title, text, size, sql, unit, options, **more)
    return made.min(0).color_scheme(d.FieldColor().mode(m.FieldColorModeId.FIXED).fixed_color("semi-dark-blue"))


def histogram(number: int, title: str, text: str, size: p.Size, sql: str, unit: str, **more: Any) -> d.Panel:
    options = {"legend": NO_LEGEND, "tooltip": {"mode": "single", "sort": "none", "hideZeros": True}}
    made = p.panel(
        "histogram", number, title, text, size, sql, unit, options, {"fillOpacity": 80, "lineWidth": 1}, **more
    )
    return made.color_scheme(d.FieldColor().mode(m.FieldColorModeId.FIXED).fixed_color("semi-dark-blue"))


def heatmap(number: int, title: str, text: str, size: p.Size, sql: str, unit: str, scheme: str) -> d.Panel:
    """A row of cells per column of the query, which are named by their upper ends."""
    colour = {
        "mode": "scheme",
        "scheme": scheme,
        "steps": 64,
        "exponent": 0.5,
        "fill": "dark-orange",
        "scale": "exponential",
        "reverse": False,
    }
    options = {
        "calculate": False,
        "yAxis": {"axisPlacement": "left", "unit": "string"},
        "cellGap": 1,
        "legend": {"show": True},
        "color": colour,
        "rowsFrame": {"layout": "le"},
        "showValue": "never",
        "filterValues": {"le": 1e-9},
        "tooltip": {"mode": "single", "yHistogram": False, "showColorScale": False},
        "exemplars": {"color": "rgba(255,0,255,0.7)"},
        "cellValues": {"unit": unit},
    }
    return p.panel("heatmap", number, title, text, size, p.Sql(sql, "time"), unit, options)


def timeline(
    number: int,
    title: str,
    text: str,
    size: p.Size,
    target: p.Sql,
    unit: str,
    show: str = "auto",
    merge: bool = True,
    **more: Any,
) -> d.Panel:
    options = {
        "mergeValues": merge,
        "showValue": show,
        "alignValue": "left",
        "rowHeight": 0.85,
        "legend": {**NO_LEGEND, "showLegend": True},
        "tooltip": {"mode": "single", "sort": "none"},
    }
    custom = {"fillOpacity": 80, "lineWidth": 0, "spanNulls": False}
    return p.panel("state-timeline", number, title, text, size, target, unit, options, custom, **more)
