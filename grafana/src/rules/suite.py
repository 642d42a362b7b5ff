"""The generated files as the rules see them: dashboards by uid, alert rules, the provider, and walks over panels."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

Json = dict[str, Any]


@dataclass(frozen=True)
class Suite:
    boards: dict[str, Json]
    alerts: list[Json]
    provider: Json


def load(folder: Path) -> Suite:
    """The files below a `grafana` folder."""
    boards = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((folder / "dashboards").glob("*.json"))]
    provisioning = folder / "provisioning"
    groups = _yaml(provisioning / "alerting" / "claude-metrics.yaml")["groups"]
    provider = _yaml(provisioning / "dashboards" / "claude-metrics.yaml")["providers"][0]
    return Suite(
        {board["uid"]: board for board in boards}, [rule for group in groups for rule in group["rules"]], provider
    )


def _yaml(path: Path) -> Json:
    made: Json = yaml.safe_load(path.read_text(encoding="utf-8"))
    return made


def panels(suite: Suite, *kinds: str) -> Iterator[tuple[str, Json]]:
    """(`cm-overview/9 Cost by model`, panel) of these kinds, those in closed sections too."""
    for uid, board in suite.boards.items():
        nested = [inner for row in board["panels"] for inner in row.get("panels", [])]
        for panel in [*board["panels"], *nested]:
            if panel["type"] in kinds or (not kinds and panel["type"] != "row"):
                yield f"{uid}/{panel['id']} {panel['title']}", panel


def query(panel: Json) -> str:
    return "\n".join(target["rawQueryText"] for target in panel.get("targets", []))


def properties(panel: Json, matcher: str = "byName") -> dict[str, Json]:
    """The properties of each field that an override names."""
    made: dict[str, Json] = {}
    for override in panel["fieldConfig"]["overrides"]:
        if override["matcher"]["id"] == matcher:
            own = {item["id"]: item["value"] for item in override["properties"]}
            made[override["matcher"]["options"]] = {**made.get(override["matcher"]["options"], {}), **own}
    return made


def columns(panel: Json) -> dict[str, Json]:
    """The visible columns of a table in their order: the fields that its query names and no override hides."""
    named = properties(panel)
    return {name: named.get(name, {}) for name in fields(panel) if not named.get(name, {}).get("custom.hidden")}


def fields(panel: Json) -> list[str]:
    """The names of the columns that a table's query gives to its outermost rows, as far as they are quoted."""
    text = query(panel)
    text = text[text.index("shown AS MATERIALIZED (") :] if "shown AS MATERIALIZED (" in text else text
    return list(dict.fromkeys(re.findall(r'\bAS "([^"]+)"', text)))


def urls(panel: Json) -> Iterator[str]:
    config = panel["fieldConfig"]
    for link in config["defaults"].get("links", []):
        yield link["url"]
    for own in properties(panel).values():
        for link in own.get("links", []):
            yield link["url"]
