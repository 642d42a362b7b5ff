"""Tables: what matters is on the screen, and can be read."""

from __future__ import annotations

from collections.abc import Iterator

from grafana.src.rules.suite import Json, Suite, columns, panels, properties
from grafana.src.tables import GROWING_PX, width_px

FIGURES = ("locale", "si:", "currencyUSD", "percentunit", "bytes", "ms", "s")
LETTER_PX, PADDING_PX = 7.3, 14


def every_column_has_a_width(suite: Suite) -> Iterator[str]:
    """All columns have a width that holds their heading, but for one that takes what is left and has a least width."""
    for name, panel in panels(suite, "table"):
        for column, own in columns(panel).items():
            if not own.get("custom.width") and not own.get("custom.minWidth"):
                yield f"{name}: {column} has no width"
            elif own.get("custom.width", 1000) < len(column) * LETTER_PX + PADDING_PX:
                yield f"{name}: {column} is narrower than its heading"
        if sum("custom.width" not in own for own in columns(panel).values()) > 1:
            yield f"{name}: more than one column takes what is left"


def tables_fit_on_a_small_screen(suite: Suite) -> Iterator[str]:
    """At 1280 pixels, beside the menu, nothing must be scrolled sideways."""
    for name, panel in panels(suite, "table"):
        needed = sum(_width(own) for own in columns(panel).values())
        if needed > width_px(panel["gridPos"]["w"]):
            yield f"{name} needs {needed} of {width_px(panel['gridPos']['w'])} pixels"


def _width(own: Json) -> int:
    width: int = own.get("custom.width") or own.get("custom.minWidth") or GROWING_PX
    return width


def the_key_figure_comes_second(suite: Suite) -> Iterator[str]:
    """First what the row is about, as a text, then the number for which one looks at the table (or when it was)."""
    for name, panel in panels(suite, "table"):
        first, second = [own.get("unit", "") for own in columns(panel).values()][:2]
        if first != "string" or not (second in FIGURES or second.startswith("time:")):
            yield f"{name} does not begin with a text and its key figure"


def every_column_has_a_unit(suite: Suite) -> Iterator[str]:
    """A text is a `string`: a commit 3327... would be 3.33 Bil. Columns for links too."""
    for name, panel in panels(suite, "table"):
        named = properties(panel)
        if "unit" in panel["fieldConfig"]["defaults"]:
            yield f"{name} gives all columns one unit"
        for column, own in columns(panel).items():
            if "unit" not in own:
                yield f"{name}: {column} has no unit"
        for column, own in named.items():
            if own.get("custom.hidden") and not column.endswith("_ms") and own.get("unit") != "string":
                yield f"{name}: the hidden {column} is not a text"


def hidden_columns_are_hidden_in_every_version(suite: Suite) -> Iterator[str]:
    """Up to Grafana 12.1 `hidden` hides a column, from 12.2 on `hideFrom`."""
    for name, panel in panels(suite, "table"):
        for column, own in properties(panel).items():
            if bool(own.get("custom.hidden")) != bool(own.get("custom.hideFrom", {}).get("viz")):
                yield f"{name}: {column} is hidden in some versions only"


def long_texts_can_be_read_whole(suite: Suite) -> Iterator[str]:
    """A text that is cut has its whole in a tooltip: the title of its link, or Grafana's view of the value."""
    for name, panel in panels(suite, "table"):
        for column, own in columns(panel).items():
            titles = [link["title"] for link in own.get("links", [])]
            whole = any("${__value.text}" in title or "${__data.fields." in title for title in titles)
            if own.get("unit", "string") == "string" and not (
                whole or own.get("custom.inspect") or own.get("mappings")
            ):
                yield f"{name}: {column} is cut and cannot be read"
