"""Grafana's own library formats every cell and number of the seeded databases: what a reader sees is readable.

Skipped with the reason where npm cannot be reached.
"""

import re
from functools import cache

import pytest

from tests.grafana import suite
from tests.grafana.conftest import Tried
from tests.grafana.real import library

SCIENTIFIC = re.compile(r"\d[eE][+-]?\d")
IDENTIFIER = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-|\bclaude[-_]|\bcodex_cli|\bgemini_cli|^toolu_|^msg_")
LEFT_OVER = re.compile(r"\$\{|\bNaN\b|undefined|\bnull\b|\[object")
SPELLED = re.compile(r"\d (Bil|Tri|Mil|K)\b|\d (sishort|si:)|ago$")
FREE_TEXT = {"Session", "Title", "Prompt", "Input", "Subject", "Project", "Branch", "File", "Error", "Tool"}
pytestmark = pytest.mark.client
versions = pytest.mark.parametrize("version", library.VERSIONS)


@cache
def panels_of(tried: Tried, version: str) -> list[library.Json]:
    rows = tried.source.plain("select session_id from sessions order by tool_calls desc, session_id limit 1")
    session = rows[0][0] if rows else ""
    days = 400 if tried.name == "single" else 40
    return library.formatted(version, list(library.panels(tried, days, session)))


@pytest.fixture(params=["odd_names", "captured", "empty"])
def seeded(request: pytest.FixtureRequest) -> Tried:
    found: Tried = request.getfixturevalue(request.param)
    return found


@versions
def test_no_number_is_unreadable(seeded: Tried, version: str) -> None:
    for panel in panels_of(seeded, version):
        for text in library.texts(panel):
            assert not LEFT_OVER.search(text), (panel["name"], text)
        for text in own_texts(panel):
            assert not SPELLED.search(text) and not SCIENTIFIC.search(text), (panel["name"], text)


@versions
def test_no_identifier_is_shown(seeded: Tried, version: str) -> None:
    for panel in panels_of(seeded, version):
        for text in own_texts(panel):
            assert not IDENTIFIER.search(text), (panel["name"], text)


def own_texts(panel: library.Json) -> list[str]:
    """What the dashboards write, without what people and agents wrote."""
    cells = [cell["text"] for row in panel["rows"] for cell in row if cell["column"] not in FREE_TEXT]
    return [*cells, *(text for value in panel["values"] for text in (value["title"], value["text"]))]


@versions
def test_every_panel_says_something(seeded: Tried, version: str) -> None:
    """Also an empty database: stats have numbers or words, tables a row."""
    for panel in panels_of(seeded, version):
        if panel["type"] in ("table", "bargauge", "barchart"):
            assert (panel["rows"] and panel["rows"][0][0]["text"].strip()) or panel["name"].startswith(
                "cm-session/7"
            ), panel["name"]
        if panel["type"] in ("stat", "gauge"):
            assert panel["values"] and all(
                value["text"].strip() and value["title"].strip() for value in panel["values"]
            ), panel["name"]


@versions
def test_a_link_to_a_session_has_its_range(odd_names: Tried, version: str) -> None:
    seen = 0
    for panel in panels_of(odd_names, version):
        for cell in (cell for row in panel["rows"] for cell in row):
            for link in cell["links"]:
                assert not LEFT_OVER.search(link["href"] + link["title"]), link
                if "cm-session?" in link["href"]:
                    seen += 1
                    assert re.search(r"var-session=[\w-]*&from=\d{13}&to=\d{13}$", link["href"]), link
    assert seen > 100


@versions
def test_a_link_ends_no_parameter_early(odd_names: Tried, version: str) -> None:
    """Grafana 13 takes the encoding of an address back: a name must have no sign that ends a parameter."""
    for panel in panels_of(odd_names, version):
        for cell in (cell for row in panel["rows"] for cell in row):
            for link in cell["links"]:
                parameters = link["href"].partition("?")[2].split("&")
                assert all(re.match(r"(var-\w+|from|to)=[^#+]*$", part) for part in parameters), link


@versions
def test_overrides_fit_a_field(odd_names: Tried, version: str) -> None:
    """An override that fits nothing is a misspelling; patterns for models that are not there are none."""
    for panel in panels_of(odd_names, version):
        assert [name for name in panel["unused"] if not name.startswith("byRegexp ")] == [], panel["name"]


@versions
def test_models_and_kinds_of_tokens_have_stable_colours(odd_names: Tried, version: str) -> None:
    colours: dict[str, set[str]] = {}
    for panel in panels_of(odd_names, version):
        if panel["type"] == "timeseries" and not panel["name"].startswith("cm-projects"):
            for series in (s for s in panel["series"] if s["type"] != "time"):
                colours.setdefault(series["name"], set()).add(series["colour"])
    assert {name for name, own in colours.items() if len(own) > 1} == set()
    models = {
        next(iter(colours[name])) for name in ("Opus 5.5", "Sonnet 5", "Haiku 5.5", "GPT 6 codex", "unknown-model")
    }
    assert len(models) == 5, "one colour each"


@versions
def test_figures_have_a_course(odd_names: Tried, version: str) -> None:
    figures = [
        panel for panel in panels_of(odd_names, version) if len(panel["series"]) == 2 and panel["type"] == "stat"
    ]
    assert len(figures) > 10
    for panel in (p for p in figures if p["series"][0]["type"] == "time"):
        assert [value["course"] for value in panel["values"]] == [True], panel["name"]
        assert "period before" in panel["values"][0]["title"], panel["name"]


@versions
def test_nothing_recorded_is_said_in_words_and_not_in_a_threshold_colour(empty: Tried, version: str) -> None:
    shown = {panel["name"].rsplit("/", 1)[0]: panel for panel in panels_of(empty, version)}
    ratio = shown["cm-overview/7 Cache hit ratio"]["values"][0]
    budget = shown["cm-budget/1 Month to date"]["values"][0]
    neutral = shown["cm-overview/1 Spend"]["values"][0]["colour"]
    assert (ratio["title"], ratio["text"], ratio["colour"]) == ("no records yet", "no requests", neutral)
    assert (budget["text"], budget["colour"]) == ("no budget set", neutral)
    assert shown["cm-recorder/7 Failed recordings"]["rows"][0][0]["text"] == "Nothing failed in this range"


@versions
def test_a_legend_is_sorted_by_a_column_that_it_has(odd_names: Tried, version: str) -> None:
    """Grafana sorts by the name that it gives the sum, and not at all by a name it does not know."""
    sorted_by = {t.name: t.panel.get("options", {}).get("legend", {}).get("sortBy") for t in suite.targets()}
    seen = [panel for panel in panels_of(odd_names, version) if sorted_by[panel["name"]]]
    assert len(seen) > 15
    assert [panel["name"] for panel in seen if panel["totals"] != [sorted_by[panel["name"]]]] == []
