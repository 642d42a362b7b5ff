"""The pages in a real browser: no complaint on the console, the right figures, usable by keys, deaf to hostile text."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import unavailable
from tests.support import browser
from tests.support.captured import CAPTURES
from tests.support.pages import HOSTILE, hostile_page, report_page, session_page
from tests.support.tools import missing

pytestmark = pytest.mark.browser

TRUTH = json.loads((CAPTURES / "claude-code/print-basic/oracle.json").read_text())
CLIENT = next(iter(TRUTH["sessions"].values()))
BACKGROUND, LIGHT, DARK = "getComputedStyle(document.body).backgroundColor", "rgb(251, 251, 250)", "rgb(20, 22, 26)"
KINDS = ("inputTokens", "outputTokens", "cacheReadInputTokens", "cacheCreationInputTokens")
CLEAN = "JSON.stringify([window.pwned, document.title.length > 0])"


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[browser.Page]:
    program = browser.find() or unavailable(missing("chromium"))
    with browser.browser(program, tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    makers = {"session": session_page, "report": report_page, "hostile": hostile_page}
    return {name: make(tmp_path_factory.mktemp(name)) for name, make in makers.items()}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["session", "report", "hostile"])
def test_it_renders_without_a_word_on_the_console_and_loads_nothing(
    tab: browser.Page, pages: dict[str, Path], name: str, dark: bool
) -> None:
    tab.dark(dark)
    tab.open(pages[name])
    assert tab.said == []
    assert tab.requested == [pages[name].as_uri()]
    assert tab.run("getComputedStyle(document.body).backgroundColor") == (
        "rgb(20, 22, 26)" if dark else "rgb(251, 251, 250)"
    )


def test_a_script_that_is_not_the_pages_own_would_be_stopped(tab: browser.Page, pages: dict[str, Path]) -> None:
    """That the console is clean means something: this is what a breach of the policy looks like."""
    tab.open(pages["session"])
    tab.run("document.body.append(Object.assign(document.createElement('script'), {text: 'window.pwned = 9'})), 1")
    assert tab.run("window.pwned === undefined")
    assert any("Content Security Policy" in said for said in tab.said)


def test_the_figures_are_the_captured_sessions(tab: browser.Page, pages: dict[str, Path]) -> None:
    tab.open(pages["session"])
    [usage] = CLIENT["client_model_usage"].values()
    tokens = sum(
        usage[name] for name in ("inputTokens", "outputTokens", "cacheReadInputTokens", "cacheCreationInputTokens")
    )
    assert tab.text("#figure-cost") == f"${CLIENT['client_cost_usd']:.4f}"
    assert tab.text("#figure-tokens") == f"{tokens:,}"
    assert tab.text("#figure-requests") == str(len(CLIENT["served_usage"]))
    assert tab.text("#figure-lines") == "+{} -{}".format(*CLIENT["client_lines"])
    assert (tab.text("#figure-turns"), tab.text("#figure-tool-calls")) == ("1", "5")


def charts(tab: browser.Page, name: str) -> dict[str, Any]:
    return json.loads(
        tab.run(f"JSON.stringify(JSON.parse(document.getElementById('data').textContent).charts['{name}'])")
    )


def test_the_charts_draw_the_sessions_turns_calls_and_cost(tab: browser.Page, pages: dict[str, Path]) -> None:
    tab.open(pages["session"])
    drawn = {each["label"]: len(each["points"]) for each in charts(tab, "timeline")["sets"]}
    assert drawn == {"turns": 1, "ok": 4, "failed or denied": 1}
    assert charts(tab, "cost")["sets"][0]["points"][-1]["y"] == pytest.approx(CLIENT["client_cost_usd"], abs=1e-6)
    for name in ("timeline", "cost", "tokens"):
        inked = f"""(() => {{ const canvas = document.getElementById('chart-{name}');
            const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
            return new Set(new Uint32Array(pixels.buffer)).size }})()"""
        assert tab.run(inked) > 5, f"{name} is blank"


def test_the_keyboard_reaches_everything(tab: browser.Page, pages: dict[str, Path]) -> None:
    tab.open(pages["session"])
    visited = []
    for _ in range(60):
        tab.press("Tab")
        visited.append(tab.run("document.activeElement.id || document.activeElement.tagName"))
        if visited[-1] == "BODY":
            break
    assert visited[0] == "A" and visited[1] == "theme"
    assert {"chart-timeline", "chart-cost", "chart-tokens", "SUMMARY", "BUTTON"} <= set(visited)


def test_arrow_keys_read_a_chart_out(tab: browser.Page, pages: dict[str, Path]) -> None:
    tab.open(pages["session"])
    tab.run("document.getElementById('chart-timeline').focus()")
    told = []
    for _ in range(6):
        tab.press("ArrowRight")
        told.append(tab.text("#chart-timeline-point"))
    assert "turn 1: add a greeting module" in told[0]
    assert [line.split()[2] for line in told[1:]] == ["Write", "Bash", "Bash", "Edit", "Bash"]
    assert "(failed" in told[2]
    assert tab.said == []


def test_keys_walk_the_turns_open_them_and_switch_the_colours(tab: browser.Page, pages: dict[str, Path]) -> None:
    tab.dark(False)
    tab.open(pages["session"])
    tab.press("j")
    assert tab.run("document.activeElement.tagName") == "SUMMARY"
    tab.press("Enter")
    assert tab.run("document.querySelector('details').open") is True
    assert "Done: two commits." in tab.text("details")
    tab.press("e")
    assert tab.run("document.querySelector('details').open") is False
    tab.press("t")
    assert tab.run(BACKGROUND) == DARK
    assert tab.said == []


def test_tables_sort_by_their_heads_with_the_keyboard(tab: browser.Page, pages: dict[str, Path]) -> None:
    tab.open(pages["report"])
    rows = "[...document.querySelectorAll('[aria-label=Sessions] tbody tr')]"
    column = f"{rows}.map(row => Number(row.cells[7].dataset.value))"
    tab.run("document.querySelectorAll('[aria-label=Sessions] th button')[7].focus()")
    tab.press("Enter")
    costs = tab.run(column)
    assert len(costs) == 3 and costs == sorted(costs, reverse=True)
    tab.press("Enter")
    assert tab.run(column) == sorted(costs)
    assert tab.run("document.querySelector('[aria-sort]').getAttribute('aria-sort')") == "ascending"


def test_a_hostile_transcript_does_nothing_and_can_be_read(tab: browser.Page, pages: dict[str, Path]) -> None:
    tab.open(pages["hostile"])
    tab.press("e")
    tab.run("document.querySelectorAll('a').forEach(link => link.click()), 1")
    for _ in range(30):
        tab.press("ArrowRight")
    assert tab.run(CLEAN) == "[null,true]"
    assert tab.said == [] and tab.requested == [pages["hostile"].as_uri()]
    assert not any(event.get("method") == "Page.javascriptDialogOpening" for event in tab.events)
    body = tab.text("body")
    for text in HOSTILE:
        if text.isprintable():
            assert text in body, text
    assert tab.run("document.querySelectorAll('a').length") == 1
    assert tab.run("document.querySelectorAll('img, svg, iframe').length") == 0
