"""Rough charts for the sketches: bars, lines, points, cells and lanes in the colours of Grafana's library."""

import html
from typing import Any

Json = dict[str, Any]


def drawn(panel: Json, made: Json, frame: Json, width: int, height: int) -> str:
    options = panel["options"]
    if panel["type"] in ("bargauge", "barchart") and options.get("orientation") == "horizontal":
        return _lines_of_text(made, height)
    legend = _legend(made, frame) if options.get("legend", {}).get("showLegend") else ""
    beside = options.get("legend", {}).get("placement") == "right"
    below = len(made["series"]) > 1 and not beside and legend
    plot = _plot(panel, made, frame, width - (240 if beside and legend else 0) - 16, height - (60 if below else 30))
    side = (
        "position:absolute;right:8px;top:34px;width:225px;font-size:12px" if beside else "padding:0 8px;font-size:12px"
    )
    return f'<div style="padding:0 8px">{plot}</div><div style="{side}">{legend}</div>'


def _columns(frame: Json) -> tuple[list[Any], list[tuple[int, list[Any]]]]:
    axis = frame["fields"][0]["values"]
    return axis, [(n, f["values"]) for n, f in enumerate(frame["fields"]) if n and f["type"] == "number"]


def _plot(panel: Json, made: Json, frame: Json, width: int, height: int) -> str:
    axis, columns = _columns(frame)
    if panel["type"] == "histogram":
        axis, columns = list(range(len(axis))), [(0, sorted(v for v in frame["fields"][-1]["values"] if v is not None))]
    colours = [s["colour"] or "#73BF69" for s in made["series"]]
    if panel["type"] == "heatmap":
        return _cells(columns, width, height)
    if panel["type"] == "state-timeline":
        return _lanes(made, width, height)
    bars = (
        panel["type"] == "barchart"
        or panel.get("fieldConfig", {}).get("defaults", {}).get("custom", {}).get("drawStyle") == "bars"
    )
    tops = (
        [sum(abs(v[i] or 0) for _, v in columns) for i in range(len(axis))]
        if bars
        else [x or 0 for _, v in columns for x in v]
    )
    most = max([*tops, 1e-9])
    marks = (
        _bars(columns, colours, len(axis), most, width, height)
        if bars
        else _polylines(columns, colours, most, width, height)
    )
    ticks = "".join(
        f'<text x="2" y="{height * (1 - share) + 10:.0f}" fill="#888" font-size="11">{most * share:,.3g}</text>'
        for share in (0, 0.5, 0.97)
    )
    return f'<svg width="{width}" height="{height}">{marks}{ticks}</svg>'


def _bars(
    columns: list[tuple[int, list[Any]]], colours: list[str], count: int, most: float, width: int, height: int
) -> str:
    step, made = (width - 40) / max(count, 1), []
    for i in range(count):
        base = 0.0
        for n, values in columns:
            size = abs(values[i] or 0) / most * height
            base += size
            if size:
                made.append(
                    f'<rect x="{40 + i * step:.1f}" y="{height - base:.1f}" width="{step * 0.9:.1f}" height="{size:.1f}" fill="{colours[n]}"/>'
                )
    return "".join(made)


def _polylines(columns: list[tuple[int, list[Any]]], colours: list[str], most: float, width: int, height: int) -> str:
    made = []
    for n, values in columns:
        step = (width - 40) / max(len(values) - 1, 1)
        points = " ".join(
            f"{40 + i * step:.1f},{height - (v / most) * height:.1f}" for i, v in enumerate(values) if v is not None
        )
        made.append(
            f'<polyline points="{points}" fill="none" stroke="{colours[min(n, len(colours) - 1)]}" stroke-width="2"/>'
        )
    return "".join(made)


def _cells(columns: list[tuple[int, list[Any]]], width: int, height: int) -> str:
    most = max([v or 0 for _, values in columns for v in values] or [1]) or 1
    line, made = height / max(len(columns), 1), []
    for row, (_, values) in enumerate(columns):
        step = (width - 40) / max(len(values), 1)
        for i, value in enumerate(values):
            if value:
                at = f'x="{40 + i * step:.1f}" y="{height - (row + 1) * line:.1f}" width="{step - 1:.1f}" height="{line - 1:.1f}"'
                made.append(f'<rect {at} fill="#5794F2" fill-opacity="{0.2 + 0.8 * value / most:.2f}"/>')
    return f'<svg width="{width}" height="{height}">{"".join(made)}</svg>'


def _lanes(made: Json, width: int, height: int) -> str:
    rows, names = made["rows"], [s["name"] for s in made["series"]][1:]
    step, lane = (width - 60) / max(len(rows), 1), height / max(len(names), 1)
    marks = [
        f'<text x="0" y="{lane * (n + 0.6):.0f}" fill="#ccc" font-size="12">{html.escape(name[:9])}</text>'
        for n, name in enumerate(names)
    ]
    for i, row in enumerate(rows):
        for n, cell in enumerate(row[1:]):
            if cell["text"]:
                marks.append(
                    f'<rect x="{60 + i * step:.1f}" y="{n * lane:.1f}" width="{step:.1f}" height="{lane * 0.85:.1f}" fill="{cell["colour"]}"/>'
                )
    return f'<svg width="{width}" height="{height}">{"".join(marks)}</svg>'


def _legend(made: Json, frame: Json) -> str:
    _, columns = _columns(frame)
    totals = sorted(
        ((sum(v or 0 for v in values), made["series"][n]) for n, values in columns), key=lambda pair: -pair[0]
    )
    return "".join(
        f'<div style="display:inline-block;min-width:200px"><span style="color:{s["colour"]}">&#9632;</span> {html.escape(s["name"])} '
        f'<span style="float:right">{total:,.4g}</span></div>'
        for total, s in totals
    )


def _lines_of_text(made: Json, height: int) -> str:
    size = height / max(len(made["rows"]), 1)
    return "".join(
        f'<div style="height:{size:.0f}px;padding:0 8px;font-size:13px;overflow:hidden">{html.escape(row[0]["text"])}'
        f'<span style="float:right">{" / ".join(html.escape(c["text"]) for c in row[1:])}</span></div>'
        for row in made["rows"]
    )
