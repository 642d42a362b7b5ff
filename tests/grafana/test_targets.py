"""Every target of every panel, annotation and rule runs under the plugin's rules on every kind of database."""

import pytest

from tests.grafana import rules, suite
from tests.grafana.conftest import Tried
from tests.grafana.emulator import Range, old_sqlstring, sqlstring

pytestmark = pytest.mark.slow

TARGETS = list(suite.targets())


def session_of(tried: Tried) -> str:
    found = tried.source.plain("select session_id from sessions order by tool_calls desc, session_id limit 1")
    return found[0][0] if found else ""


@pytest.mark.parametrize("target", TARGETS, ids=repr)
def test_a_target_gives_what_its_panel_needs(target: suite.Target, tried: Tried) -> None:
    for when in (
        suite.range_of(target.board, tried.now, 330),
        suite.wider(suite.range_of(target.board, tried.now), 400),
        Range(tried.now * 1000 - 5 * 3_600_000, tried.now * 1000, -210),
    ):
        frame = suite.run(tried.source, target, when, session=session_of(tried))
        assert not frame.truncated, f"values that do not fit their column's type: {frame.truncated}"
        assert_fits(target, frame)


def assert_fits(target: suite.Target, frame: object) -> None:
    fields = {f.name: f for f in frame.fields}  # type: ignore[attr-defined]
    kinds = [f.kind for f in fields.values() if any(v is not None for v in f.values)]
    match target.kind:
        case "timeseries" | "heatmap":
            assert "string" not in kinds
            times = next(f for f in fields.values() if f.kind == "time").values
            assert times == sorted(times)
        case "stat" | "gauge":
            if target.body["queryType"] == "time series":
                assert [f.labels.keys() for f in fields.values() if f.kind != "time"] == [{"note"}]
            else:
                assert len(next(iter(fields.values())).values) == 1
        case "barchart":
            x = target.panel["options"]["xField"]
            assert fields[x].kind == "string" or not fields[x].values
            assert {f.kind for f in fields.values() if f.name != x and any(f.values)} <= {"int", "float"}
        case "bargauge":
            assert kinds == ["string", "float"]
        case "trend":
            x = fields[target.panel["options"]["xField"]].values
            assert x == sorted(set(x)), "the numbers along the axis ascend"
        case "histogram":
            assert set(kinds) <= {"float", "int"}
        case "annotation":
            assert {"time", "text"} <= fields.keys() <= {"time", "timeEnd", "title", "text", "tags"}
    for name in target.body["timeColumns"]:
        assert fields[name].kind == "time"
        assert all(v is None or 1e9 < v < 4e9 for v in fields[name].values), "times are unix seconds"


@pytest.mark.parametrize("board", suite.dashboards().values(), ids=lambda board: board["uid"])
def test_each_option_of_each_variable_can_be_chosen(board: suite.Json, tried: Tried) -> None:
    when = suite.wider(suite.range_of(board, tried.now), 400)
    for name, variable in suite.variables(board).items():
        if variable["type"] != "query":
            continue
        for _, value in suite.options(tried.source, board, name, when)[:20]:
            picked = value if name == "session" else [value]
            for target in (t for t in TARGETS if t.board is board and f"{name}:" in t.body["rawQueryText"]):
                suite.run(tried.source, target, when, **{name: picked})


@pytest.mark.parametrize("quote", [sqlstring, old_sqlstring], ids=["Grafana 11 and later", "Grafana 10"])
@pytest.mark.parametrize("name", ["agent", "project", "branch", "machine", "model"])
def test_the_options_divide_the_whole(odd_names: Tried, name: str, quote: object) -> None:
    """A name that is not matched as it is written would be missing from the sum."""
    spend = suite.target("cm-overview", 1)
    when = suite.wider(suite.range_of(spend.board, odd_names.now), 400)
    whole = suite.last(suite.run(odd_names.source, spend, when))
    found = suite.options(odd_names.source, spend.board, name, when)
    parts = [suite.last(suite.run(odd_names.source, spend, when, quote, **{name: [value]})) for _, value in found]
    assert len(found) > 1 and sum(parts) == pytest.approx(whole)
    several = [value for _, value in found[:3]]
    assert suite.last(suite.run(odd_names.source, spend, when, quote, **{name: several})) == pytest.approx(
        sum(parts[:3])
    )


@pytest.mark.parametrize("text", ['say "hi"', "it's", "größe", "🦜", "back\\slash", "%_x", "a,b{c}"])
def test_a_search_finds_what_was_typed(odd_names: Tried, text: str) -> None:
    table = suite.target("cm-sessions", 2)
    when = suite.wider(suite.range_of(table.board, odd_names.now), 400)
    found = suite.run(odd_names.source, table, when, q=text)["Session"]
    assert found and all(text in title for title in found)


@pytest.mark.parametrize("bucket", ["900", "3600", "86400", "604800"])
@pytest.mark.parametrize("east", [0, 345, -210])
def test_every_interval_keeps_the_sum(odd_names: Tried, bucket: str, east: int) -> None:
    chart = suite.target("cm-overview", 9)
    when = suite.range_of(chart.board, odd_names.now, east)
    frame = suite.run(odd_names.source, chart, when, bucket=bucket)
    spent = suite.last(suite.run(odd_names.source, suite.target("cm-overview", 1), when))
    assert sum(value or 0.0 for f in frame.fields if f.kind != "time" for value in f.values) == pytest.approx(spent)
    steps = {b - a for a, b in zip(frame["time"], frame["time"][1:], strict=False)}
    assert steps == {int(bucket)}, "no bucket is missing"


# Of the captured sessions one has no price, and the last ones, which are scripted, hardly read the cache.
WRONG = {("cm-unpriced", "captured"), ("cm-cache", "captured")}


@pytest.mark.parametrize("rule", suite.rules(), ids=lambda rule: rule["uid"])
def test_a_rule_is_silent_when_nothing_is_wrong(rule: suite.Json, tried: Tried) -> None:
    for query in (part["model"] for part in rule["data"][:-1]):
        assert query["rawQueryText"] == query["queryText"]
    now = tried.now + (30 * 86400 if tried.name == "odd_names" else 0)  # a month later all is quiet
    assert not rules.fires(tried.source, rule, now) or (rule["uid"], tried.name) in WRONG
