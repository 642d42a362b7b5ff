"""The committed dashboards and rules as the tests see them: every target, variable, annotation and link by name."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.grafana.emulator import ALL, DataSource, Frame, Range, interpolate, sqlstring

GRAFANA = Path(__file__).resolve().parent.parent.parent / "grafana"
Json = dict[str, Any]
DAY_MS = 86_400_000


@cache
def dashboards() -> dict[str, Json]:
    """By uid."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((GRAFANA / "dashboards").glob("*.json"))]
    return {board["uid"]: board for board in found}


@cache
def rules() -> list[Json]:
    text = (GRAFANA / "provisioning" / "alerting" / "claude-metrics.yaml").read_text(encoding="utf-8")
    return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


def datasource(path: Path) -> DataSource:
    """The provisioned one, pointed at `path`."""
    text = (GRAFANA / "provisioning" / "datasources" / "claude-metrics.yaml").read_text(encoding="utf-8")
    settings = yaml.safe_load(text)["datasources"][0]["jsonData"]
    return DataSource(path, settings["pathPrefix"], settings["pathOptions"])


@dataclass(frozen=True)
class Target:
    """One query: `cm-overview/9 Cost by model/A`."""

    name: str
    kind: str  # the panel's type, or annotation
    body: Mapping[str, Any]
    board: Mapping[str, Any]
    panel: Mapping[str, Any]

    def __repr__(self) -> str:
        return self.name


def panels(board: Mapping[str, Any]) -> list[Json]:
    """All panels that show something, those in closed rows too."""
    outer = [p for p in board["panels"] if p["type"] != "row"]
    return outer + [p for row in board["panels"] if row["type"] == "row" for p in row["panels"]]


def targets() -> Iterator[Target]:
    for uid, board in dashboards().items():
        for panel in panels(board):
            for body in panel.get("targets", []):
                yield Target(f"{uid}/{panel['id']} {panel['title']}/{body['refId']}", panel["type"], body, board, panel)
        for note in board["annotations"]["list"]:
            yield Target(f"{uid}/annotation {note['name']}", "annotation", note["target"], board, note)


def target(board: str, panel: int) -> Target:
    return next(t for t in targets() if t.name.startswith(f"{board}/{panel} "))


def variables(board: Mapping[str, Any]) -> dict[str, Json]:
    return {variable["name"]: variable for variable in board["templating"]["list"]}


def defaults(board: Mapping[str, Any], **chosen: Any) -> dict[str, Any]:
    """All of everything, the automatic interval, no search; `session` must be chosen where there is one."""
    found: dict[str, Any] = {}
    for name, variable in variables(board).items():
        current = variable.get("current", {}).get("value", "")
        found[name] = ALL if variable.get("includeAll") else current
    return found | {name: value for name, value in chosen.items() if name in found}


def range_of(board: Mapping[str, Any], now: int, east: int = 0) -> Range:
    """The dashboard's own default range, ending at `now` (unix seconds)."""
    start = board["time"]["from"]
    if start == "now/M":
        days = int(re.match(r"\d{4}-\d\d-(\d\d)", _day(now))[1]) - 1  # type: ignore[index]
        return Range((now // 86400 - days) * DAY_MS, now * 1000, east)
    count, unit = re.fullmatch(r"now-(\d+)([hd])", start).groups()  # type: ignore[union-attr]
    return Range(now * 1000 - int(count) * (DAY_MS if unit == "d" else 3_600_000), now * 1000, east)


def _day(now: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(now, UTC).isoformat()


def ready(found: Target, when: Range, chosen: Mapping[str, Any], quote: Any = sqlstring) -> Json:
    """The target as the browser sends it."""
    text = interpolate(found.body["rawQueryText"], chosen, when, variables(found.board), quote)
    return {**found.body, "queryText": text}


def run(source: DataSource, found: Target, when: Range, quote: Any = sqlstring, **chosen: Any) -> Frame:
    return source.query(ready(found, when, defaults(found.board, **chosen), quote), when)


def last(frame: Frame) -> Any:
    """What a figure shows: the last value of its only series."""
    (series,) = (f for f in frame.fields if f.kind != "time")
    return series.values[-1]


def note(frame: Frame) -> str:
    """What a figure says of the period before."""
    (series,) = (f for f in frame.fields if f.kind != "time")
    return series.labels["note"]


def options(
    source: DataSource, board: Mapping[str, Any], name: str, when: Range, **chosen: Any
) -> list[tuple[str, str]]:
    """What a query variable offers: (text, value)."""
    variable = variables(board)[name]
    text = interpolate(variable["query"], defaults(board, **chosen), when, variables(board))
    frame = source.query({"queryText": text, "queryType": "table", "timeColumns": []}, when)
    names = [f.name for f in frame.fields]
    assert len(names) == 1 or names == ["__text", "__value"], names
    return [(str(row[0]), str(row[-1])) for row in frame.rows]


def wider(when: Range, days: int) -> Range:
    return replace(when, start=when.end - days * DAY_MS)
