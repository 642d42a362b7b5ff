"""Projects & branches: who spends, what was active when, who works differently."""

from typing import Any

from grafana.src import panels as p
from grafana.src import sql
from grafana.src.board import build, commits_note, link

HERE = "cm-projects"
TEXT = """**Who spends, and what was active when?** A project is the name of the folder a session ran in; a branch is the
one the session last was on. Click a project to filter by it, again to see its sessions in the *Session explorer*.
The timeline shows the hours of activity of the ten most expensive projects."""
_KEY = f"""replace({sql.NAMED.format("project")}, '"', '″')"""
COSTS = f"""SELECT {sql.NAMED.format("project")} AS "Project", total(cost_usd) AS "Cost"
FROM v_usage WHERE {sql.USAGE} GROUP BY 1 ORDER BY 2 DESC LIMIT 20"""
BRANCHES = f"""SELECT {sql.NAMED.format("project")} AS "Project", {sql.NAMED.format("branch")} AS "Branch",
  total(cost_usd) AS "Cost", total(requests) AS "Requests", count(DISTINCT session_id) AS "Sessions", {_KEY} AS project_key,
  replace({sql.NAMED.format("branch")}, '"', '″') AS branch_key
FROM v_usage WHERE {sql.USAGE} GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 50"""
_BY_PLACE = "SELECT place_id, {sums} FROM {view} WHERE {where} GROUP BY place_id"
_TOKENS = """total(cost_usd) AS cost_usd, total(requests) AS requests, total(input_tokens) AS input_tokens,
    total(cache_read_tokens) AS cache_read_tokens, total(cache_creation_tokens) AS cache_creation_tokens,
    total(subagent_cost_usd) AS subagent_cost_usd"""
_CALLS = "total(calls) AS calls, total(failed) AS failed, total(denied) AS denied, total(unfinished) AS unfinished"
MIX = f"""WITH usage AS MATERIALIZED ({_BY_PLACE.format(sums=_TOKENS, view="v_usage", where=sql.USAGE)}),
begun AS MATERIALIZED (SELECT place_id, count(*) AS sessions FROM v_sessions WHERE {sql.during("start_time")} GROUP BY +place_id),
active AS MATERIALIZED ({_BY_PLACE.format(sums="total(active_ms) AS ms, total(turns) AS turns", view="v_activity", where=sql.ACTIVITY)})
SELECT {sql.NAMED.format("project")} AS "Project", total(cost_usd) AS "Cost", total(sessions) AS "Begun", total(turns) AS "Turns",
  total(ms) AS "Active", total(requests) AS "Requests", {sql.HIT_RATIO} AS "Hit ratio", {sql.ratio("total(subagent_cost_usd)", "total(cost_usd)")} AS "By subagents", project_key
FROM usage JOIN v_places AS p ON p.place_id = usage.place_id
LEFT JOIN active ON active.place_id = usage.place_id LEFT JOIN begun ON begun.place_id = usage.place_id GROUP BY project_key ORDER BY 2 DESC LIMIT 50"""
TOOLS = f"""WITH tools AS MATERIALIZED ({_BY_PLACE.format(sums=_CALLS, view="v_tools", where=sql.ACTIVITY)})
SELECT {sql.NAMED.format("project")} AS "Project", total(calls) AS "Tool calls", total(failed) - total(denied) AS "Failed",
  {sql.FAILURE_RATE} AS "Failure rate", total(denied) AS "Denied"
FROM tools JOIN v_places AS p ON p.place_id = tools.place_id GROUP BY project_key ORDER BY 2 DESC LIMIT 50"""
_TOP = f"""project IN (SELECT project FROM (SELECT project, total(cost_usd) AS cost FROM v_usage WHERE {sql.USAGE}
  GROUP BY 1 ORDER BY 2 DESC LIMIT 10))"""
TIMELINE = sql.over_time("total(active_ms) / 3600000", "project", "v_activity", f"{sql.ACTIVITY} AND {_TOP}",
                         "project", "NULL")  # fmt: skip
BY_TIME = sql.over_time("total(cost_usd)", "project", "v_usage", sql.USAGE, "project")


def dashboard() -> dict[str, Any]:
    here = link(HERE, HERE, project="${__data.fields.project_key:percentencode}")
    mix = p.table(
        5, "Projects side by side", "Who works differently. Click to filter by the project.", (0, 26, 14, 10), MIX
    )
    for name, unit in (("Cost", "currencyUSD"), ("Active", "ms"), ("Hit ratio", "percentunit"),
                       ("By subagents", "percentunit")):  # fmt: skip
        p.column(mix, name, unit=unit)
    tools = p.table(7, "Tools by project", "Where tool calls fail.", (14, 26, 10, 10), TOOLS)
    p.column(tools, "Failure rate", unit="percentunit", decimals=1)
    sessions = link(HERE, "cm-sessions", project="${__data.fields.project_key:percentencode}")
    p.column(
        mix, "Project", links=[{"title": "Only this project", "url": here}, {"title": "Its sessions", "url": sessions}]
    )
    branches = p.table(
        2, "Branches", "Cost by project and branch; click a branch to filter by it.", (12, 0, 12, 10), BRANCHES
    )
    only = link(HERE, HERE, project="${__data.fields.project_key:percentencode}",
                branch="${__data.fields.branch_key:percentencode}")  # fmt: skip
    p.linked(p.column(branches, "Cost", unit="currencyUSD"), "Branch", "Only this branch", only)
    parts = [
        p.gauges(1, "Cost by project", "Who spends.", (0, 0, 12, 10), COSTS, "currencyUSD"),
        p.hidden(branches, "project_key", "branch_key"),
        p.chart(3, "Cost over time", "By project.", (0, 10, 24, 8), BY_TIME, "currencyUSD", name="${__field.labels.project}"),
        _timeline(), p.hidden(mix, "project_key"), tools, p.words(6, "How to read this", (0, 36, 24, 5), TEXT),
    ]  # fmt: skip
    return build(HERE, "Claude metrics / Projects & branches", "Who spends, and what was active when.", parts,
                 note=commits_note(f"{sql.during('committed_at')} AND {sql.place()}"))  # fmt: skip


def _timeline() -> Any:
    options = {
        "mergeValues": False, "showValue": "never", "alignValue": "left", "rowHeight": 0.85,
        "legend": {"showLegend": False, "displayMode": "list", "placement": "bottom", "calcs": []},
        "tooltip": {"mode": "single", "sort": "none"},
    }  # fmt: skip
    custom = {"fillOpacity": 70, "lineWidth": 0, "spanNulls": False}
    found = p.panel("state-timeline", 4, "Project timeline", "Which project was active when; the colour tells how many hours.",
                    (0, 18, 24, 8), p.series(TIMELINE), "h", options, custom,
                    steps=[(None, "light-blue"), (1, p.BLUE), (4, "dark-blue")])  # fmt: skip
    return found.display_name("${__field.labels.project}")
