"""A dashboard: sections of panels from left to right, filters, one menu of dashboards, as JSON that Grafana 10.4 to 13 load."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from grafana_foundation_sdk.builders import dashboard as d
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as m

from grafana.src.panels import SOURCE, Query
from grafana.src.variables import VARIABLES, variable

SCHEMA_VERSION = 39  # Grafana 10.4's; every later one migrates it upwards
COLUMNS = 24
MOST_MARKS = 50
ROW_ID = 1000  # rows are numbered from here on, for panels keep their numbers when rows come and go
Json = dict[str, Any]


@dataclass(frozen=True)
class Section:
    """Panels under a heading that folds them away; without a title they stand on top, always seen."""

    title: str
    panels: Sequence[d.Panel] = field(default_factory=tuple)
    closed: bool = False


def commits_note(where: str) -> Json:
    """Commits as marks in charts: off until the reader wants them, put together to at most 50."""
    step = f"max(900, ($__to - $__from) / 1000 / {MOST_MARKS} + 1)"
    text = f"""SELECT min(time) AS time, count(*) || iif(count(*) = 1, ' commit', ' commits') AS title,
  substr(group_concat(substr(coalesce(message, sha), 1, 60), ' · '), 1, 200) AS text,
  coalesce(min(project), '(none)') AS tags
FROM v_commits WHERE {where} AND reachable GROUP BY (time - $__from / 1000) / {step} ORDER BY 1 LIMIT {MOST_MARKS}"""
    target = Query(text, ["time"], "table", "Anno").to_json()
    return {"name": "Commits", "enable": False, "iconColor": "purple", "datasource": SOURCE, "target": target}


def build(
    uid: str,
    title: str,
    text: str,
    sections: Sequence[Section],
    start: str = "now-30d",
    end: str = "now",
    refresh: str = "",
    note: Json | None = None,
) -> Json:
    """The dashboard as a dict ready for `dumps`."""
    made = d.Dashboard(title).uid(uid).description(text).tags(["claude-metrics"]).time(start, end).readonly()
    made.timezone("browser").tooltip(m.DashboardCursorSync.CROSSHAIR).refresh(refresh)
    made.link(_menu())
    for name in VARIABLES[uid]:
        made.with_variable(variable(name))
    board = _encoded(made.build())
    board["panels"] = _laid_out(sections)
    board["annotations"] = {"list": [_encoded(note)] if note else []}
    return _for_every_version(board)


def _menu() -> d.DashboardLink:
    """One menu with all dashboards of the suite; range and filters come along."""
    link = d.DashboardLink("Claude metrics").type("dashboards").tags(["claude-metrics"]).as_dropdown(True)
    return link.keep_time(True).include_vars(True).icon("external link")


def _laid_out(sections: Sequence[Section]) -> list[Json]:
    """Panels from left to right in lines of 24 units, each section below the one before."""
    made, y = [], 0
    for number, section in enumerate(sections):
        heading, y = _heading(section, ROW_ID + number, y)
        panels, y = _lines(section.panels, y)
        if section.closed:
            heading[0]["panels"] = panels
            made += heading
        else:
            made += [*heading, *panels]
    return made


def _heading(section: Section, number: int, y: int) -> tuple[list[Json], int]:
    if not section.title:
        return [], y
    at = {"x": 0, "y": y, "w": COLUMNS, "h": 1}
    row = {
        "type": "row",
        "id": number,
        "title": section.title,
        "collapsed": section.closed,
        "gridPos": at,
        "panels": [],
    }
    return [row], y + 1


def _lines(panels: Sequence[d.Panel], y: int) -> tuple[list[Json], int]:
    made, x, height = [], 0, 0
    for panel in map(_encoded, (panel.build() for panel in panels)):
        at = panel["gridPos"]
        if x + at["w"] > COLUMNS:
            x, y, height = 0, y + height, 0
        at.update(x=x, y=y)
        x, height = x + at["w"], max(height, at["h"])
        made.append(panel)
    return made, y + height


def _encoded(value: Any) -> Any:
    return json.loads(JSONEncoder(sort_keys=True).encode(value))


def _for_every_version(board: Json) -> Json:
    """Without the key that hides links in a menu from 12.3 on, and without an id, which Grafana gives."""
    board.update(schemaVersion=SCHEMA_VERSION, id=None)
    board["templating"].setdefault("list", [])
    for link in board.get("links", []):
        link.pop("placement", None)
    return board


def dumps(board: Json) -> str:
    return json.dumps(board, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
