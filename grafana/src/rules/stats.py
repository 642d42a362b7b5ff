"""Single numbers and the month's budget."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from grafana.src.rules.suite import Suite, panels, query
from grafana.src.tables import width_px

NOTE = "${__field.labels.note}"
LETTER = 0.58  # of the size, on average


def missing_numbers_have_words(suite: Suite) -> Iterator[str]:
    """A number that cannot be known is mapped to words in a neutral colour."""
    for name, panel in panels(suite, "stat", "gauge"):
        special = [m for m in panel["fieldConfig"]["defaults"].get("mappings", []) if m["type"] == "special"]
        shown = [m["options"]["result"] for m in special if m["options"]["match"] in ("null", "null+nan")]
        if not shown or any(
            not result.get("text") or result.get("color") not in ("text", "#808080") for result in shown
        ):
            yield f"{name} has no words for a missing number"


def letters_have_a_fixed_size(suite: Suite) -> Iterator[str]:
    """Words keep their size, and fit beside the other numbers of the panel at 1280 pixels."""
    for name, panel in panels(suite, "stat", "gauge"):
        size = panel["options"].get("text", {}).get("valueSize", 0)
        if not 16 <= size <= 40:
            yield f"{name} lets its letters shrink"
            continue
        longest = max(
            (len(text) for text in re.findall(r'"text": "([^"]+)"', json.dumps(panel["fieldConfig"]))), default=0
        )
        columns = 1 if panel["type"] == "gauge" else max(1, len(re.findall(r'AS "[^"]+"', query(panel))))
        if longest * size * LETTER > width_px(panel["gridPos"]["w"]) / columns:
            yield f"{name}: its words do not fit"


def figures_show_their_course_and_a_comparison(suite: Suite) -> Iterator[str]:
    """A single number of a range shows how it grew and how it compares with the period before."""
    for name, panel in panels(suite, "stat"):
        single = re.search(r"\bAS v\b", query(panel)) or panel["targets"][0]["queryType"] == "time series"
        config = panel["fieldConfig"]["defaults"]
        if single and (panel["options"]["graphMode"] != "area" or config.get("displayName") != NOTE):
            yield f"{name} is a number without a course"


def a_period_before_the_first_record_is_not_compared(suite: Suite) -> Iterator[str]:
    """What was not recorded is no saving."""
    for name, panel in panels(suite, "stat"):
        if "2 * $__from - $__to" in query(panel) and "first_request" not in query(panel):
            yield f"{name} compares with a period that was not recorded"


def no_budget_draws_no_line(suite: Suite) -> Iterator[str]:
    """A budget of 0 means that there is none."""
    for name, panel in panels(suite):
        text = query(panel)
        bare = re.findall(r"(?<!nullif\()\b(?:monthly|daily)_usd\b(?! AS)", text)
        if bare:
            yield f"{name} draws a budget of 0"


def the_month_is_drawn_to_its_end(suite: Suite) -> Iterator[str]:
    """The course of the month goes on with a projection, and says what it assumes."""
    for name, panel in panels(suite):
        if panel["title"] == "Course of the month" and not (
            '"Projected"' in query(panel) and "projected" in panel["description"]
        ):
            yield f"{name} ends today"
