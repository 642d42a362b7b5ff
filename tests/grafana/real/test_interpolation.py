"""@grafana/scenes replaces the variables of every query and link the way the emulator does, so the emulator can be believed."""

import json
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.grafana import suite
from tests.grafana.emulator import ALL, Range, interpolate
from tests.grafana.real import library

SCRIPT = Path(__file__).with_name("interpolate.cjs")
GRAFANA, SCENES = "11.6.9", "6.8.1"
PACKAGES = [
    f"@grafana/scenes@{SCENES}",
    *(f"@grafana/{name}@{GRAFANA}" for name in ("data", "runtime", "ui", "schema", "e2e-selectors")),
    "react-router-dom@6.30.1",
]
WHEN = Range(1_793_491_200_000, 1_795_132_800_000)
NAMES = {"agent": ["claude_code"], "project": ["it's", 'a "b"', "größe, x{y}"], "branch": ALL, "machine": ALL, "model": ALL, "tool": ["Bash"],
         "bucket": "3600", "context_window": "200000", "session": "3327e1", "q": "it's"}  # fmt: skip
FRAME = {
    "fields": [
        {"name": "Session", "type": "string", "values": ["Größe & more"], "config": {"unit": "string"}},
        {"name": "session_id", "type": "string", "values": ["3327111122223333"], "config": {"unit": "string"}},
        {"name": "project_key", "type": "string", "values": ["R＆D x"], "config": {"unit": "string"}},  # noqa: RUF001
        {"name": "branch_key", "type": "string", "values": ["main"], "config": {"unit": "string"}},
        {"name": "model_name", "type": "string", "values": ["Opus 5.5"], "config": {"unit": "string"}},
        {"name": "model_ids", "type": "string", "values": ["claude-opus-5-5"], "config": {"unit": "string"}},
        {"name": "from_ms", "type": "number", "values": [1_795_768_201_000], "config": {"unit": "short"}},
        {"name": "to_ms", "type": "number", "values": [1_795_771_621_000], "config": {"unit": "short"}},
    ]
}
pytestmark = [pytest.mark.client, pytest.mark.timeout(600)]


def replaced(board: suite.Json, texts: list[str]) -> list[str]:
    folder = library.ensure_packages(f"grafana-scenes-{SCENES}", PACKAGES)
    declared = suite.variables(board)
    variables = [
        {"name": n, "value": [ALL] if NAMES[n] == ALL else NAMES[n], "allValue": v.get("allValue")}
        for n, v in declared.items()
    ]
    moments = {
        name: datetime.fromtimestamp(at / 1000, UTC).isoformat()
        for name, at in (("from", WHEN.start), ("to", WHEN.end))
    }
    asked = json.dumps({**moments, "variables": variables, "frame": FRAME, "texts": texts})
    done = subprocess.run(
        ["node", str(SCRIPT), str(folder)], input=asked, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: list[str] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("board", suite.dashboards().values(), ids=lambda board: board["uid"])
def test_queries_are_sent_as_the_emulator_sends_them(board: suite.Json) -> None:
    queries = [target.body["rawQueryText"] for target in suite.targets() if target.board is board]
    declared = suite.variables(board)
    ours = [interpolate(query, NAMES, WHEN, declared) for query in queries]
    assert replaced(board, queries) == ours


@pytest.mark.parametrize("board", suite.dashboards().values(), ids=lambda board: board["uid"])
def test_links_lead_where_they_should(board: suite.Json) -> None:
    links = sorted({url for panel in suite.panels(board) for url in urls(panel) if "__field" not in url})
    for raw, url in zip(links, replaced(board, links), strict=True):
        assert "${" not in url and "Tri" not in url, url
        if "from_ms" in raw:
            assert "var-session=3327111122223333&from=1795768201000&to=1795771621000" in url
        if "project_key" in raw:
            assert "var-project=R%EF%BC%86D%20x" in url


def urls(panel: suite.Json) -> list[str]:
    return re.findall(r'"url": "([^"]+)"', json.dumps(panel["fieldConfig"], ensure_ascii=False))


def test_the_title_of_a_link_is_the_whole_text() -> None:
    board: dict[str, Any] = suite.dashboards()["cm-sessions"]
    assert replaced(board, ["Open the session: ${__value.text}"]) == ["Open the session: Größe & more"]
