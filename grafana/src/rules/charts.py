"""Charts: axes, legends, tooltips and marks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from grafana.src.rules.suite import Suite, panels, properties, query

WITH_DIRECTION = ("dtdurations", "dtdurationms", "dateTimeFromNow")
MOST_BARS, MOST_MARKS = 60, 50


def labels_of_bars_keep_a_distance(suite: Suite) -> Iterator[str]:
    """Categories are texts with room between their labels, and not hundreds of them."""
    for name, panel in panels(suite, "barchart"):
        options = panel["options"]
        if properties(panel).get(options["xField"], {}).get("unit") != "string":
            yield f"{name} writes its categories with a unit"
        if options["orientation"] == "vertical" and not options.get("xTickLabelSpacing"):
            yield f"{name} lets its labels overlap"
        limits = [int(number) for number in re.findall(r"\bLIMIT (\d+)", query(panel))]
        if any(limit > MOST_BARS for limit in limits):
            yield f"{name} has more than {MOST_BARS} bars"


def durations_have_no_direction(suite: Suite) -> Iterator[str]:
    """Some units of Grafana are about now: an axis of durations began at "seconds ago"."""
    for name, panel in panels(suite):
        used = {panel["fieldConfig"]["defaults"].get("unit"), *(own.get("unit") for own in properties(panel).values())}
        for unit in used & set(WITH_DIRECTION):
            yield f"{name} uses {unit}"


def legends_are_tables_with_totals(suite: Suite) -> Iterator[str]:
    """Beside a chart over time stands a table: the largest first."""
    for name, panel in panels(suite, "timeseries"):
        legend = panel["options"]["legend"]
        if (
            legend["displayMode"] != "table"
            or not legend["calcs"]
            or not legend.get("sortBy")
            or not legend.get("sortDesc")
        ):
            yield f"{name} has a legend without totals"


def tooltips_are_sorted_and_without_zeros(suite: Suite) -> Iterator[str]:
    """The largest first; what is not there is not listed. Empty buckets are NULL, for Grafana 10 cannot hide zeros."""
    for name, panel in panels(suite, "timeseries", "barchart", "trend"):
        tooltip = panel["options"]["tooltip"]
        if tooltip["sort"] != "desc" or not tooltip.get("hideZeros"):
            yield f"{name} lists zeros or is not sorted"
        if panel["type"] == "timeseries" and not re.search(r"nullif\([^)]*, 0\.0\)", query(panel)):
            yield f"{name} fills empty buckets with zeros"


def many_series_end_in_other(suite: Suite) -> Iterator[str]:
    """The eight largest have a series each, all others together one."""
    for name, panel in panels(suite, "timeseries"):
        if "displayName" in panel["fieldConfig"]["defaults"] and "'other'" not in query(panel):
            yield f"{name} has a series for everything"


def panels_have_the_same_options_in_every_version(suite: Suite) -> Iterator[str]:
    """Grafana 11.1 gave the panel for x and y other options than 10.4 has."""
    for name, _ in panels(suite, "xychart"):
        yield f"{name} has options that another version does not know"


def marks_are_off_and_few(suite: Suite) -> Iterator[str]:
    """Commits as marks hide a chart: off by default, put together, at most 50."""
    for uid, board in suite.boards.items():
        for note in board["annotations"]["list"]:
            limit = re.search(r"LIMIT (\d+)$", note["target"]["queryText"])
            if (
                note["enable"]
                or "GROUP BY" not in note["target"]["queryText"]
                or not limit
                or int(limit[1]) > MOST_MARKS
            ):
                yield f"{uid} shows too many {note['name']}"
