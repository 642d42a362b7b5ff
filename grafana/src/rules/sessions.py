"""The session page."""

from __future__ import annotations

import json
from collections.abc import Iterator

from grafana.src.colours import CATEGORIES
from grafana.src.rules.suite import Suite, panels, properties, query

PAGE = "cm-session"


def the_newest_session_is_shown_when_none_is_chosen(suite: Suite) -> Iterator[str]:
    """Without a choice every panel shows the newest session, and the menu offers it first, whatever the range is."""
    for name, panel in panels(suite):
        text = query(panel)
        if "${session" in text and text.count("ORDER BY start_time DESC LIMIT 1)") < text.count("${session"):
            yield f"{name} is empty without a choice"
    for variable in suite.boards[PAGE]["templating"]["list"]:
        if variable["name"] == "session" and "UNION" not in variable["query"]:
            yield "the menu offers only sessions of the range"


def the_charts_fit_the_session(suite: Suite) -> Iterator[str]:
    """Charts count from the session's start; the title sets the range, which only the timeline needs."""
    for name, panel in panels(suite, "timeseries", "table"):
        if not name.startswith(f"{PAGE}/"):
            continue
        if panel["type"] == "timeseries":
            yield f"{name} is empty in another range"
        elif panel["title"] == "About" and "from_ms.numeric" not in json.dumps(panel["fieldConfig"]):
            yield f"{name} does not set the range"


def the_timeline_has_colours(suite: Suite) -> Iterator[str]:
    """A colour for each purpose of a tool and for each model."""
    for name, panel in panels(suite, "state-timeline"):
        if name.startswith(f"{PAGE}/"):
            named = properties(panel)
            tools, models = (named.get(lane, {}).get("mappings", []) for lane in ("Tools", "Model"))
            if len(tools) < len(CATEGORIES) or not models:
                yield f"{name} has one colour"
