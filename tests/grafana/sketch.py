"""Dashboards as pages without a server: each panel's frame where Grafana puts it, with the texts and colours of Grafana's library.

    python -m tests.grafana.sketch DATABASE NOW FOLDER [WIDTH]

The charts are rough; what is looked at is the layout: what fits, what is cut, what is seen first.
"""

import html
import json
import sys
from pathlib import Path
from typing import Any

from tests.grafana import suite
from tests.grafana.conftest import Tried
from tests.grafana.real import library
from tests.grafana.sketch_charts import drawn

CELL, GAP, MENU, BAR = 30, 8, 300, 120
Json = dict[str, Any]
STYLE = """
body { margin: 0; background: #111217; color: #ccccdc; font: 14px Inter, Helvetica, sans-serif; }
.menu { position: absolute; left: 0; top: 0; width: 300px; height: 100%; border-right: 1px solid #333; }
.head { position: absolute; top: 20px; } .panel { position: absolute; background: #181b1f; border: 1px solid #2c2f36; overflow: hidden; }
.title { padding: 6px 8px; font-weight: 500; white-space: nowrap; overflow: hidden; } .row { position: absolute; font-weight: 500; }
table { border-collapse: collapse; table-layout: fixed; margin: 0 8px; font-size: 13px; } td, th { box-sizing: border-box; overflow: hidden; white-space: nowrap;
text-overflow: ellipsis; height: 34px; padding: 0 6px; text-align: left; font-weight: 400; border-bottom: 1px solid #2c2f36; }
th { font-weight: 500; } .number { text-align: right; } .values { display: flex; padding: 0 8px; } .value { flex: 1; position: relative; }
.name { font-size: 13px; } .figure { font-size: 22px; font-weight: 500; white-space: nowrap; } a { color: #6e9fff; }
.wide { outline: 3px solid red; } .text { padding: 0 12px; white-space: pre-wrap; }
"""


def page(board: Json, shown: dict[str, Json], frames: dict[str, Json], width: int) -> str:
    space = width - MENU - 32
    panels = [_place(panel, board["uid"], shown, frames, space) for panel in board["panels"]]
    labels = " ".join(f"[{v.get('label', v['name'])}]" for v in board["templating"]["list"])
    height = BAR + max(p["gridPos"]["y"] + p["gridPos"]["h"] for p in board["panels"]) * (CELL + GAP)
    head = f'<div class="head" style="left:{MENU + 16}px"><b>Claude metrics &rsaquo; {board["title"]}</b><br><br>{labels} [Claude metrics &#9662;]</div>'
    return f'<meta charset="utf-8"><style>{STYLE}body {{ height: {height}px; width: {width}px; }}</style><div class="menu"></div>{head}{"".join(panels)}'


def _place(panel: Json, uid: str, shown: dict[str, Json], frames: dict[str, Json], space: int) -> str:
    at = panel["gridPos"]
    unit = (space + GAP) / 24
    left, top = MENU + 16 + at["x"] * unit, BAR + at["y"] * (CELL + GAP)
    width, height = at["w"] * unit - GAP, at["h"] * (CELL + GAP) - GAP
    where = f"left:{left:.0f}px;top:{top}px;width:{width:.0f}px;height:{height}px"
    if panel["type"] == "row":
        return f'<div class="row" style="{where}">{"&#9656;" if panel["collapsed"] else "&#9662;"} {html.escape(panel["title"])}</div>'
    name = f"{uid}/{panel['id']} {panel['title']}/A"
    body = _body(panel, shown.get(name), frames.get(name), int(width), height - 34)
    return (
        f'<div class="panel" style="{where}"><div class="title">{html.escape(panel["title"])} &#9432;</div>{body}</div>'
    )


def _body(panel: Json, made: Json | None, frame: Json | None, width: int, height: int) -> str:
    if made is None or frame is None:
        return f'<div class="text">{html.escape(panel["options"].get("content", "(rules of Grafana)"))}</div>'
    if panel["type"] in ("stat", "gauge"):
        return _values(made, frame, width)
    if panel["type"] == "table":
        return _table(panel, made, width, height)
    return drawn(panel, made, frame, width, height)


def _values(made: Json, frame: Json, width: int) -> str:
    course = drawn({"type": "sparkline", "options": {}}, made, frame, width, 40) if made["values"][0]["course"] else ""
    cells = "".join(
        f'<div class="value"><div class="name">{html.escape(v["title"])}</div>'
        f'<div class="figure" style="color:{v["colour"]}">{html.escape(v["text"])}</div></div>'
        for v in made["values"]
    )
    return f'<div class="values">{cells}</div>{course}'


def _table(panel: Json, made: Json, width: int, height: int) -> str:
    own = {
        o["matcher"]["options"]: {p["id"]: p["value"] for p in o["properties"]}
        for o in panel["fieldConfig"]["overrides"]
    }
    names = [cell["column"] for cell in made["rows"][0]]
    fixed = {name: own.get(name, {}).get("custom.width", 0) for name in names}
    growing = max(150, width - 26 - sum(fixed.values()))
    wide = sum(fixed.values()) + growing > width - 16
    numbers = {name for name in names if own.get(name, {}).get("unit", "string") != "string"}

    def line(tag: str, texts: list[tuple[str, str, bool]]) -> str:
        cells = "".join(
            f'<{tag} class="{"number" if name in numbers else ""}" style="width:{fixed[name] or growing}px">'
            f"{'<a>' if linked else ''}{html.escape(text)}{'</a>' if linked else ''}</{tag}>"
            for name, text, linked in texts
        )
        return f"<tr>{cells}</tr>"

    rows = made["rows"][: max(1, (height - 36) // 36)]
    body = "".join(line("td", [(c["column"], c["text"], bool(c["links"])) for c in row]) for row in rows)
    return f'<table class="{"wide" if wide else ""}" style="width:{sum(fixed.values()) + growing}px">{line("th", [(name, name, False) for name in names])}{body}</table>'


def write(database: Path, now: int, folder: Path, width: int) -> None:
    tried = Tried(database.stem, suite.datasource(database), now)
    panels = list(library.panels(tried, 30))
    shown = {made["name"]: made for made in library.formatted(library.VERSIONS[-1], panels)}
    frames = {panel["name"]: panel["frame"] for panel in panels}
    for uid, board in suite.dashboards().items():
        (folder / f"{uid}-{width}.html").write_text(page(board, shown, frames, width), encoding="utf-8")


if __name__ == "__main__":
    for size in [int(text) for text in sys.argv[4:]] or [1280, 1600]:
        write(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), size)
    print(json.dumps(sorted(path.name for path in Path(sys.argv[3]).glob("*.html"))))
