"""Every option of every panel stands in the types that Grafana's own package declares, in each version.

An option that a version does not know has no effect there: such ones are listed, with what happens instead.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from tests.grafana import suite
from tests.grafana.real import library

FOLDERS = {"state-timeline": "statetimeline"}
UNTYPED = ("row", "text", "alertlist")
IGNORED = {
    "10.4.8": {"hideZeros"},  # zeros are NULL in the queries, so that there is nothing to hide
    "13.2.3": {"hidden"},  # `hideFrom` hides the column there
}
CELL_OPTIONS = {"11.6.9": {"tooltip", "field"}, "10.4.8": {"tooltip", "field"}}  # the link's title is the tooltip there
pytestmark = pytest.mark.client


@cache
def declared(version: str, kind: str) -> str:
    """The text of the types for this panel, with those that panels share."""
    types = library.ensure(version) / "node_modules" / "@grafana" / "schema" / "dist"
    folder = FOLDERS.get(kind, kind)
    own = next(path for path in types.rglob("panelcfg/x/*_types.gen.d.ts") if path.parts[-4] == folder)
    return own.read_text() + next(types.rglob("common.gen.d.ts")).read_text()


def names(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from names(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from names(inner)


def options(panel: suite.Json) -> set[str]:
    config = panel["fieldConfig"]
    own = {
        p["id"].removeprefix("custom."): p["value"]
        for o in config["overrides"]
        for p in o["properties"]
        if p["id"].startswith("custom.")
    }
    return {*names(panel["options"]), *names(config["defaults"].get("custom", {})), *names(own)}


@pytest.mark.parametrize("version", library.VERSIONS)
def test_options_are_declared(version: str) -> None:
    allowed = IGNORED.get(version, set()) | CELL_OPTIONS.get(version, set())
    for board in suite.dashboards().values():
        for panel in (p for p in suite.panels(board) if p["type"] not in UNTYPED):
            text = declared(version, panel["type"])
            unknown = {name for name in options(panel) - allowed if not re.search(rf"\b{re.escape(name)}\??:", text)}
            assert unknown == set(), (board["uid"], panel["title"])


def test_an_option_that_is_misspelt_is_found() -> None:
    assert "xTickLabelSpacings" not in declared(library.VERSIONS[-1], "barchart")
