"""What the charts of a page of many sessions draw."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import unavailable
from tests.support import browser, stored
from tests.support.pages import report_page
from tests.support.stored import request
from tests.support.tools import missing


@pytest.fixture
def charts(tmp_path: Path) -> Any:
    """Nine models, on the first and on the tenth of a month."""
    rows = [
        request(f"s{n}", f"2026-11-{day}T10:00:00.000Z", f"claude-opus-4-{n}", (1000 * n, 10, 0, 0))
        for n in range(1, 10)
        for day in ("01", "10")
    ]
    path, page = stored.store(tmp_path / "m.db", rows), tmp_path / "page.html"
    assert stored.run("report", "--html", page, "--tz", "UTC", "--db-path", path).returncode == 0
    found = re.search(r'id="data">(.*?)</script>', page.read_text(), re.DOTALL)
    assert found
    total = stored.rows(path, "select sum(cost_usd), sum(input_tokens) from v_usage")[0]
    return json.loads(found[1])["charts"], total


def test_days_without_use_are_drawn(charts: Any) -> None:
    cost = charts[0]["cost"]
    assert cost["labels"] == [f"2026-11-{day:02}" for day in range(1, 11)]
    assert all(points["points"][1:9] == [0] * 8 for points in cost["sets"])


@pytest.mark.parametrize("name", ["cost", "tokens"])
def test_each_series_has_a_colour_of_its_own_and_the_rest_is_other(charts: Any, name: str) -> None:
    sets = charts[0][name]["sets"]
    colours = [series["colour"] for series in sets]
    assert len(set(colours)) == len(colours) == 7 and sets[-1]["label"] == "other"


def test_what_is_drawn_adds_up_to_all(charts: Any) -> None:
    drawn, (cost, tokens) = charts
    assert sum(sum(series["points"]) for series in drawn["cost"]["sets"]) == pytest.approx(cost, abs=1e-4)
    assert sum(series["points"][0] for series in drawn["tokens"]["sets"]) == tokens


@pytest.mark.browser
def test_on_a_phone_plots_are_high_enough_and_costs_are_in_view(tmp_path: Path) -> None:
    program = browser.find() or unavailable(missing("chromium"))
    page = report_page(tmp_path)
    with browser.browser(program, tmp_path / "profile") as tab:
        tab.call("Emulation.setDeviceMetricsOverride", width=400, height=800, deviceScaleFactor=1, mobile=False)
        tab.open(page)
        assert tab.run("Chart.getChart('chart-cost').chartArea.height") >= 160
        assert tab.run("document.documentElement.scrollWidth") <= 400
        right = "Math.max(...[...document.querySelectorAll('td.number:last-child')].map(e => e.getBoundingClientRect().right))"
        assert tab.run(right) <= 400
