"""Colours: from a table and not from chance."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator

from grafana.src.colours import models
from grafana.src.rules.suite import Suite, panels, properties, query

DRAWN = ("timeseries", "barchart", "trend")


def no_color_comes_from_the_field_name(suite: Suite) -> Iterator[str]:
    """With this plugin every field is called Value, so that a colour by name is the same for all."""
    for name, panel in panels(suite):
        if panel["fieldConfig"]["defaults"].get("color", {}).get("mode") == "palette-classic-by-name":
            yield f"{name} colours by the field's name"


def one_thing_has_one_colour(suite: Suite) -> Iterator[str]:
    """A kind of token, an outcome or a sum has one colour on all dashboards."""
    seen: dict[str, set[str]] = defaultdict(set)
    for name, panel in panels(suite, *DRAWN):
        named = {field: own["color"] for field, own in properties(panel).items() if "color" in own}
        for field, colour in named.items():
            seen[field].add(json.dumps(colour, sort_keys=True))
        if (
            panel["targets"][0]["queryType"] == "time series"
            and "displayName" not in panel["fieldConfig"]["defaults"]
            and not named
        ):
            yield f"{name} leaves the colours of its columns to chance"
    for field, colours in seen.items():
        if len(colours) > 1:
            yield f"{field} has {len(colours)} colours"


def models_have_colours_of_their_own(suite: Suite) -> Iterator[str]:
    """Every chart by model knows all families and versions."""
    wanted = dict(models())
    for name, panel in panels(suite, "timeseries"):
        if panel["fieldConfig"]["defaults"].get("displayName") == "${__field.labels.model}":
            patterns = {
                pattern: own.get("color", {}).get("fixedColor")
                for pattern, own in properties(panel, "byRegexp").items()
            }
            if not wanted.items() <= patterns.items():
                yield f"{name} does not give models their colours"


def thresholds_are_written_down(suite: Suite) -> Iterator[str]:
    """Without thresholds Grafana makes everything above 80 red."""
    for name, panel in panels(suite):
        if query(panel) and not panel["fieldConfig"]["defaults"].get("thresholds", {}).get("steps"):
            yield f"{name} has Grafana's red at 80"
