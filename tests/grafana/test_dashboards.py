"""What can be seen without a database: ids, places, units, variables, links, rules, and that the files are the generated ones."""

import itertools
import json
import re
import subprocess
import sys
import warnings
from urllib.parse import parse_qsl

import pytest

from grafana.src import durations
from tests.grafana import suite
from tests.grafana.conftest import Tried

BOARDS = list(suite.dashboards().values())
boards = pytest.mark.parametrize("board", BOARDS, ids=lambda board: board["uid"])
UNITS = {"ms", "s", "bytes", "locale", "percentunit", "currencyUSD", "string"}


def test_the_committed_files_are_the_generated_ones() -> None:
    command = [sys.executable, "-W", "ignore", "-m", "grafana.src", "--check"]
    done = subprocess.run(command, cwd=suite.GRAFANA.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_suite_is_complete() -> None:
    wanted = {"overview", "sessions", "session", "models", "tools", "git", "projects", "budget", "recorder"}
    assert set(suite.dashboards()) == {f"cm-{name}" for name in wanted}
    assert len({board["title"] for board in BOARDS}) == len(BOARDS)


@boards
def test_ids_are_unique_and_panels_do_not_overlap(board: suite.Json) -> None:
    panels = [*board["panels"], *(p for row in board["panels"] for p in row.get("panels", []))]
    assert len({p["id"] for p in panels}) == len(panels) and all(p["id"] > 0 for p in panels)
    cells = [(x, y) for p in panels for x, y in cells_of(p["gridPos"])]
    assert len(cells) == len(set(cells)), "panels overlap"
    assert max(x for x, _ in cells) < 24


def cells_of(at: dict[str, int]) -> itertools.product:
    return itertools.product(range(at["x"], at["x"] + at["w"]), range(at["y"], at["y"] + at["h"]))


@boards
def test_panels_are_described_and_their_units_known(board: suite.Json) -> None:
    from grafana_foundation_sdk.models import units

    known = {value for name, value in vars(units).items() if not name.startswith("_")}
    assert any(p["type"] == "text" for p in suite.panels(board)), "a dashboard explains itself"
    for panel in suite.panels(board):
        assert panel["title"] and panel["description"], panel["id"]
        config = panel["fieldConfig"]
        used = {config["defaults"].get("unit")} | {
            p["value"] for o in config["overrides"] for p in o["properties"] if p["id"] == "unit"
        }
        built = {unit for unit in used - {None} if unit.startswith(("time:", "suffix:", "si:"))}
        assert used - {None} - built <= known & UNITS, used


@boards
def test_targets_are_saved_as_the_plugin_saves_them(board: suite.Json) -> None:
    for target in (t.body for t in suite.targets() if t.board is board):
        assert {"refId", "datasource", "queryType", "timeColumns", "rawQueryText", "queryText"} == target.keys()
        assert target["rawQueryText"] == target["queryText"]
        assert target["datasource"] == {"type": "frser-sqlite-datasource", "uid": "claude-metrics"}
        assert target["queryType"] in ("table", "time series")
        if target["queryType"] == "time series":
            assert target["timeColumns"] == ["time"] and re.search(r"ORDER BY 1(, 2)?$", target["queryText"])


def queries() -> list[tuple[str, str]]:
    found = [(t.name, t.body["rawQueryText"]) for t in suite.targets()]
    found += [(r["uid"], part["model"]["rawQueryText"]) for r in suite.rules() for part in r["data"][:-1]]
    variables = ((b["uid"], v) for b in BOARDS for v in b["templating"]["list"] if v["type"] == "query")
    return [*found, *((f"{uid}/{v['name']}", f"{v['query']}\n{v.get('allValue', '')}") for uid, v in variables)]


def test_queries_read_views_only(empty: Tried) -> None:
    tables = {name for (name,) in empty.source.plain("select name from sqlite_master where type = 'table'")}
    views = {name for (name,) in empty.source.plain("select name from sqlite_master where type = 'view'")}
    for name, quoted in queries():
        text = re.sub(r'"[^"]*"', "", quoted)  # names of columns
        made = set(re.findall(r"\b(\w+)(?:\([\w, ]+\))? AS (?:NOT )?(?:MATERIALIZED )?\(", text, re.IGNORECASE))
        read = set(re.findall(r"\b(?:FROM|JOIN)\s+(\w+)", text, re.IGNORECASE)) - made
        assert read <= views and not read & tables, (name, read - views)


@boards
def test_variables_are_declared_used_and_quoted(board: suite.Json) -> None:
    declared = suite.variables(board)
    text = json.dumps([suite.panels(board), board["annotations"]], ensure_ascii=False)
    text += " ".join(str(v.get("query", "")) for v in declared.values())
    used = set(re.findall(r"\$\{(\w+)(?::\w+)?\}|\$(\w+)", text.replace("${__", "${#")))
    names = {a or b for a, b in used} - {""}
    assert {name for name in names if not name.startswith("__")} == set(declared)
    for name, form in re.findall(r"\$\{(\w+):(\w+)\}", text):
        assert name.startswith("__") or form in ("sqlstring", "queryparam"), (name, form)
    for name in re.findall(r"\$([a-z]\w*)", text):
        assert name in ("bucket", "context_window"), f"${name} must be quoted"
    for variable in (v for v in declared.values() if v.get("includeAll")):
        assert variable["multi"] and variable["allValue"].startswith("SELECT ") and variable["refresh"] == 2


def links_of(board: suite.Json) -> list[tuple[str, str]]:
    found = []
    for panel in suite.panels(board):
        config = panel["fieldConfig"]
        links = [*config["defaults"].get("links", [])]
        links += [
            link for o in config["overrides"] for p in o["properties"] if p["id"] == "links" for link in p["value"]
        ]
        found += [(panel["title"], link["url"]) for link in links]
    return found


@boards
def test_links_lead_to_dashboards_that_know_their_variables(board: suite.Json) -> None:
    for title, url in links_of(board):
        uid, _, query = url.removeprefix("/d/").partition("?")
        target = suite.variables(suite.dashboards()[uid])
        carried = re.findall(r"\$\{([a-z]\w*):queryparam\}", query)
        given = [name.removeprefix("var-") for name, _ in parse_qsl(query) if name.startswith("var-")]
        assert {*carried, *given} <= target.keys(), (title, url)
        assert set(carried) <= suite.variables(board).keys() and len({*carried, *given}) == len([*carried, *given])
        assert "${__url_time_range}" in query or ("from=" in query and "to=" in query), url


@boards
def test_links_use_columns_that_their_table_has(board: suite.Json, single: Tried) -> None:
    for panel in suite.panels(board):
        needed = set(re.findall(r"__data\.fields\.(\w+)", json.dumps(panel["fieldConfig"])))
        if needed:
            when = suite.wider(suite.range_of(board, single.now), 400)
            frame = suite.run(single.source, suite.target(board["uid"], panel["id"]), when)
            assert needed <= {f.name for f in frame.fields}


@boards
def test_overrides_name_columns_that_exist(board: suite.Json, single: Tried) -> None:
    session = single.source.plain("select session_id from sessions")[0][0]
    for panel in (p for p in suite.panels(board) if p.get("targets")):
        when = suite.wider(suite.range_of(board, single.now), 400)
        frame = suite.run(single.source, suite.target(board["uid"], panel["id"]), when, session=session)
        named = {o["matcher"]["options"] for o in panel["fieldConfig"]["overrides"] if o["matcher"]["id"] == "byName"}
        assert named <= {f.name for f in frame.fields}, panel["title"]


@boards
def test_the_json_survives_the_sdk(board: suite.Json) -> None:
    """Misspelt keys of dashboards, panels and variables disappear when the SDK reads and writes the file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from grafana_foundation_sdk.cog.encoder import JSONEncoder
        from grafana_foundation_sdk.models.dashboard import Dashboard

        again = json.loads(JSONEncoder().encode(Dashboard.from_json(board)))
    lost = list(missing(board, again, ""))
    assert not lost


def missing(given: object, kept: object, path: str) -> list[str]:
    if isinstance(given, dict) and isinstance(kept, dict):
        gone = [
            f"{path}.{key}"
            for key, value in given.items()
            if key not in kept and value not in (None, "", [], {}, False)
        ]
        return gone + [p for key in given.keys() & kept.keys() for p in missing(given[key], kept[key], f"{path}.{key}")]
    if isinstance(given, list) and isinstance(kept, list):
        return [p for n, (a, b) in enumerate(zip(given, kept, strict=False)) for p in missing(a, b, f"{path}[{n}]")]
    return []


@boards
def test_classic_json_without_traps(board: suite.Json) -> None:
    assert board["schemaVersion"] == 39 and board["id"] is None and board["editable"] is False
    assert "__inputs" not in board and board["tags"] == ["claude-metrics"] and board["timezone"] == "browser"
    assert all(link["keepTime"] and link["includeVars"] and "placement" not in link for link in board["links"])
    assert re.fullmatch(r"[\w-]{1,40}", board["uid"])


@pytest.mark.parametrize("rule", suite.rules(), ids=lambda rule: rule["uid"])
def test_rules_are_complete(rule: suite.Json) -> None:
    assert rule["noDataState"] == "OK" and rule["execErrState"] == "Error"
    panels = {panel["id"] for panel in suite.panels(suite.dashboards()[rule["dashboardUid"]])}
    assert rule["panelId"] in panels
    assert all("${" not in part["model"].get("queryText", "") for part in rule["data"]), (
        "the backend knows $__from and $__to only"
    )
    assert [part["refId"] for part in rule["data"]] == ["A", "B", "P", rule["condition"]]
    assert set(re.findall(r"\$([A-Z])", rule["data"][-1]["model"]["expression"])) == {"A", "B"}


def test_the_heat_map_names_the_classes_of_the_view(empty: Tried) -> None:
    rows = empty.source.plain("select upper_ms, is_open from v_duration_classes order by class")
    names = ["more" if is_open else f"{upper} ms" if upper < 1000 else f"{upper // 1000} s" for upper, is_open in rows]
    assert tuple(names) == durations.NAMES
