"""Words: what is said when there is nothing, and what things are called."""

from __future__ import annotations

import re
from collections.abc import Iterator

from grafana.src.rules.suite import Suite, columns, panels, properties, query
from grafana.src.words import AGENTS

NUMBERS_ONLY = ("histogram", "trend")  # no row of these can hold words, so Grafana's own words are set
LATER_UNITS = ("sishort",)  # Grafana 10.4 does not know them and writes their name behind the number


def no_advice_in_place_of_a_value(suite: Suite) -> Iterator[str]:
    """`noValue` shrinks to 5 pixels, takes a threshold's colour, and cannot know whether nothing is good or bad."""
    for name, panel in panels(suite):
        text = panel["fieldConfig"]["defaults"].get("noValue", "")
        if text and (panel["type"] not in NUMBERS_ONLY or "claude-metrics" in text):
            yield f"{name} says: {text}"


def empty_tables_say_so(suite: Suite) -> Iterator[str]:
    """A table without rows has one that says what is so."""
    for name, panel in panels(suite, "table", "bargauge"):
        if not re.search(r"UNION ALL SELECT '[^']+'[^()]* WHERE NOT EXISTS \(SELECT 1 FROM shown\)$", query(panel)):
            yield f"{name} is empty without a word"


def empty_charts_say_so(suite: Suite) -> Iterator[str]:
    """A chart by label has a series whose name says that there is nothing."""
    for name, panel in panels(suite, "timeseries"):
        if "displayName" in panel["fieldConfig"]["defaults"] and "'nothing in this range'" not in query(panel):
            yield f"{name} is empty without a word"


def counts_of_sessions_say_which(suite: Suite) -> Iterator[str]:
    """Sessions that began in the range are not those with requests in it: a count says which it is."""
    for name, panel in panels(suite):
        counted = re.search(r"count\(DISTINCT session_id\)|FROM v_sessions", query(panel))
        titles = [panel["title"], *re.findall(r'AS "([^"]+)"', query(panel))]
        if counted and panel["type"] in ("stat", "table") and "Sessions" in titles:
            yield f"{name} counts sessions without saying which"


def agents_and_marks_are_words(suite: Suite) -> Iterator[str]:
    """Claude Code and not claude_code; a check mark and not 1."""
    for name, panel in panels(suite, "table"):
        if (
            "Agent" in columns(panel)
            and "cm-recorder/6" not in name
            and not all(shown in query(panel) for shown in AGENTS.values())
        ):
            yield f"{name} shows identifiers of agents"
        if re.search(r"reachable AS (\"|TEXT)", query(panel)) and not any(
            "mappings" in own for own in properties(panel).values()
        ):
            yield f"{name} shows 1 and 0"
    for uid, board in suite.boards.items():
        for variable in board["templating"]["list"]:
            if variable["name"] == "agent" and "Claude Code" not in variable["query"]:
                yield f"{uid} offers identifiers of agents"


def models_have_short_names(suite: Suite) -> Iterator[str]:
    """Opus 5.5, with the identifier in the tooltip of its cell."""
    for name, panel in panels(suite, "table", "timeseries", "state-timeline"):
        shows = "Model" in properties(panel) or "Model" in columns(panel) or 'AS "model"' in query(panel)
        if shows and "v_model_names" not in query(panel).replace("SELECT model FROM v_model_names", ""):
            yield f"{name} shows identifiers of models"
        own = columns(panel).get("Model", {}) if panel["type"] == "table" else {"custom.tooltip": True}
        if shows and "custom.tooltip" not in own:
            yield f"{name} hides the model's identifier"


def units_exist_in_every_version(suite: Suite) -> Iterator[str]:
    """From Grafana 10.4 to 13 a number is followed by its unit and not by an unknown unit's name."""
    for name, panel in panels(suite):
        used = {panel["fieldConfig"]["defaults"].get("unit"), *(own.get("unit") for own in properties(panel).values())}
        for unit in used & set(LATER_UNITS):
            yield f"{name} uses {unit}"
