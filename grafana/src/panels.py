"""The parts that every panel shares: its query, title, size, unit, colours and overrides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from grafana_foundation_sdk.builders import dashboard as d
from grafana_foundation_sdk.cog import builder, variants
from grafana_foundation_sdk.models import common as mc
from grafana_foundation_sdk.models import dashboard as m

from grafana.src.colours import COLOURS, GREY

SOURCE = mc.DataSourceRef(type_val="frser-sqlite-datasource", uid="claude-metrics")
Size = tuple[int, int]
Steps = Sequence[tuple[float | None, str]]
NEUTRAL: Steps = ((None, "text"),)


class Query(variants.Dataquery):
    """One target as the plugin saves it."""

    def __init__(self, sql: str, times: Sequence[str], kind: str, ref: str) -> None:
        self.sql, self.times, self.kind, self.ref = sql, list(times), kind, ref

    def to_json(self) -> dict[str, Any]:
        return {
            "refId": self.ref,
            "datasource": SOURCE,
            "queryType": self.kind,
            "timeColumns": self.times,
            "rawQueryText": self.sql,
            "queryText": self.sql,
        }


class Sql(builder.Builder[Query]):
    def __init__(self, sql: str, *times: str, kind: str = "table", ref: str = "A") -> None:
        self.query = Query(sql, times, kind, ref)

    def build(self) -> Query:
        return self.query


def series(sql: str, ref: str = "A") -> Sql:
    return Sql(sql, "time", kind="time series", ref=ref)


def panel(
    kind: str,
    number: int,
    title: str,
    text: str,
    size: Size,
    target: Sql | str = "",
    unit: str = "",
    options: Mapping[str, Any] | None = None,
    custom: Mapping[str, Any] | None = None,
    steps: Steps = (),
    decimals: int | None = None,
) -> d.Panel:
    """A panel without `noValue`, which shrinks and takes a threshold's colour: queries return a row that says what is so.

    The thresholds are always written down, for without them Grafana makes everything above 80 red.
    """
    width, height = size
    made = d.Panel().type(kind).id(number).title(title).description(text).datasource(SOURCE)
    made.grid_pos(m.GridPos(x=0, y=0, w=width, h=height)).options(dict(options or {})).custom(dict(custom or {}))
    made.thresholds(thresholds(steps or NEUTRAL))
    if unit:
        made.unit(unit)
    if decimals is not None:
        made.decimals(decimals)
    if steps:
        made.color_scheme(d.FieldColor().mode(m.FieldColorModeId.THRESHOLDS))
    if target:
        made.with_target(Sql(target) if isinstance(target, str) else target)
    return made


def thresholds(steps: Steps) -> d.ThresholdsConfig:
    made = [m.Threshold(value=value, color=colour) for value, colour in steps]
    return d.ThresholdsConfig().mode(m.ThresholdsMode.ABSOLUTE).steps(made)


def steps_of(steps: Steps) -> dict[str, Any]:
    """Thresholds as the value of an override."""
    return {"mode": "absolute", "steps": [{"value": value, "color": colour} for value, colour in steps]}


def fixed(colour: str) -> dict[str, str]:
    return {"mode": "fixed", "fixedColor": colour}


def override(target: d.Panel, matcher: str, options: str, **properties: Any) -> d.Panel:
    """What fields look like: unit, decimals, links, `custom__hidden` for custom.hidden."""
    values = [m.DynamicConfigValue(id_val=key.replace("__", "."), value=value) for key, value in properties.items()]
    return target.with_override(m.MatcherConfig(id_val=matcher, options=options), values)


def field(target: d.Panel, name: str, **properties: Any) -> d.Panel:
    return override(target, "byName", name, **properties)


def coloured(target: d.Panel, *names: str) -> d.Panel:
    """The same colour for the same thing on every dashboard."""
    for name in names:
        field(target, name, color=fixed(COLOURS[name]))
    return target


def mapped(words: Mapping[str, str], colours: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """Value mappings: `null` stands for a missing value, `/.../` for a pattern, all else for the value itself."""
    made, plain = [], {}
    for index, (value, text) in enumerate(words.items()):
        shown = {"text": text, "index": index, **({"color": colours[value]} if colours and value in colours else {})}
        if value == "null":
            made.append({"type": "special", "options": {"match": "null+nan", "result": {"color": GREY, **shown}}})
        else:
            plain[value] = shown
    return [*made, {"type": "value", "options": plain}] if plain else made


def words(number: int, title: str, size: Size, content: str) -> d.Panel:
    options = {"mode": "markdown", "content": content}
    return panel(
        "text", number, title, "What this dashboard answers, and how its numbers are made.", size, options=options
    )


def alerts(number: int, size: Size) -> d.Panel:
    """The alert rules by importance, so that what fires stands first."""
    options = {
        "alertName": "",
        "dashboardAlerts": False,
        "folder": "",
        "groupBy": [],
        "groupMode": "default",
        "maxItems": 20,
        "sortOrder": 3,
        "viewMode": "list",
        "alertInstanceLabelFilter": '{app="claude-metrics"}',
        "stateFilter": {"firing": True, "pending": True, "noData": False, "normal": True, "error": True},
    }
    return panel("alertlist", number, "Alerts", "The alert rules; what fires stands first.", size, options=options)
