"""Menus, titles, sections and links."""

from __future__ import annotations

import re
from collections.abc import Iterator

from grafana.src.rules.suite import Suite, panels, properties, urls

HELP = "How to read this"


def one_menu_leads_to_all_dashboards(suite: Suite) -> Iterator[str]:
    """Nine buttons take three lines; a menu takes one."""
    for uid, board in suite.boards.items():
        if [link["asDropdown"] for link in board["links"]] != [True]:
            yield f"{uid} has no menu"


def titles_are_short(suite: Suite) -> Iterator[str]:
    """The folder is named Claude metrics; a dashboard need not say it again."""
    for uid, board in suite.boards.items():
        if "/" in board["title"] or len(board["title"]) > 20:
            yield f"{uid} is titled {board['title']}"


def sections_fold_and_help_is_closed(suite: Suite) -> Iterator[str]:
    """Panels stand in sections that fold away; the explanation is there when it is wanted."""
    for uid, board in suite.boards.items():
        rows = [panel for panel in board["panels"] if panel["type"] == "row"]
        if not rows:
            yield f"{uid} has no sections"
        if any(panel["type"] == "text" for panel in board["panels"]):
            yield f"{uid} shows its explanation open"
        if not any(row["collapsed"] and row["title"] == HELP and row["panels"] for row in rows):
            yield f"{uid} has no closed explanation"


def links_carry_times_as_numbers(suite: Suite) -> Iterator[str]:
    """`${__data.fields.from_ms}` is the number as it is shown: 1.79 Tri. With `.numeric` it is the number."""
    for name, panel in panels(suite):
        for url in urls(panel):
            for column, rest in re.findall(r"\$\{__data\.fields\.(\w+_ms)([^}]*)\}", url):
                if rest != ".numeric":
                    yield f"{name} links with {column} as text"


def links_carry_names_that_end_no_parameter(suite: Suite) -> Iterator[str]:
    """A name in an address is a text column, encoded, and without the signs that Grafana 13 decodes again."""
    for name, panel in panels(suite, "table"):
        for url in urls(panel):
            for column, rest in re.findall(r"\$\{__data\.fields\.(\w+?)((?<!_ms)(?:[:.][^}]*)?)\}", url):
                if column.endswith("_ms"):
                    continue
                if rest != ":percentencode" or properties(panel).get(column, {}).get("unit") != "string":
                    yield f"{name} links with {column} as a number or not encoded"
