"""Projects & branches: who spends, what was active when, who works differently."""

from typing import Any

from grafana_foundation_sdk.builders import dashboard as d

from grafana.src import buckets, charts, links, sql
from grafana.src import panels as p
from grafana.src.board import Section, build, commits_note
from grafana.src.tables import Column, Hidden, table

HERE = "cm-projects"
TEXT = """**Who spends, and what was active when?** A project is the name of the folder a session ran in; a branch is the
one the session last was on. Click a project to filter by it, again to see its sessions in *Sessions*.
The timeline shows the hours of activity of the ten most expensive projects."""
_PROJECT = sql.NAMED.format("project")
COSTS = f"""WITH shown AS MATERIALIZED (
  SELECT {_PROJECT} AS "Project", total(cost_usd) AS "Cost" FROM v_usage WHERE {sql.USAGE} GROUP BY 1 ORDER BY 2 DESC LIMIT 12
)
SELECT * FROM shown UNION ALL SELECT 'nothing in this range', 0.0 WHERE NOT EXISTS (SELECT 1 FROM shown)"""
_BY_PLACE = "SELECT place_id, {sums} FROM {view} WHERE {where} GROUP BY place_id"
_TOKENS = """total(cost_usd) AS cost_usd, total(requests) AS requests, total(input_tokens) AS input_tokens,
    total(cache_read_tokens) AS cache_read_tokens, total(cache_creation_tokens) AS cache_creation_tokens,
    total(subagent_cost_usd) AS subagent_cost_usd"""
_CALLS = "total(calls) AS calls, total(failed) AS failed, total(denied) AS denied, total(unfinished) AS unfinished"
MIX = f"""usage AS MATERIALIZED ({_BY_PLACE.format(sums=_TOKENS, view="v_usage", where=sql.USAGE)}),
begun AS MATERIALIZED (SELECT place_id, count(*) AS sessions FROM v_sessions WHERE {sql.during("start_time")} GROUP BY +place_id),
active AS MATERIALIZED ({_BY_PLACE.format(sums="total(active_ms) AS ms, total(turns) AS turns", view="v_activity", where=sql.ACTIVITY)})"""
TOOLS = f"tools AS MATERIALIZED ({_BY_PLACE.format(sums=_CALLS, view='v_tools', where=sql.ACTIVITY)})"
_TOP = f"""project IN (SELECT project FROM (SELECT project, total(cost_usd) AS cost FROM v_usage WHERE {sql.USAGE}
  GROUP BY 1 ORDER BY 2 DESC LIMIT 10))"""
TIMELINE = buckets.by_label(
    "total(active_ms) / 3600000", "project", "v_activity", f"{sql.ACTIVITY} AND {_TOP}", "project", top=10
)
BY_TIME = buckets.by_label("total(cost_usd)", "project", "v_usage", sql.USAGE, "project")


def dashboard() -> dict[str, Any]:
    over_time = charts.chart(
        3,
        "Cost over time",
        "The eight most expensive projects and all others.",
        (24, 9),
        BY_TIME,
        "currencyUSD",
        name="project",
    )
    sections = [
        Section("Who spends", [charts.gauges(1, "Cost by project", "The twelve most expensive.", (12, 10), COSTS, "currencyUSD", decimals=2),
                               _branches(), charts.grey_other(over_time)]),
        Section("What was active when", [_timeline()]), Section("Who works differently", [_mix(), _tools()]),
        Section("How to read this", [p.words(6, "How to read this", (24, 5), TEXT)], closed=True),
    ]  # fmt: skip
    note = commits_note(f"{sql.during('committed_at')} AND {sql.place()}")
    return build(HERE, "Projects & branches", "Who spends, and what was active when.", sections, note=note)


def _branches() -> d.Panel:
    only = links.dashboard(HERE, HERE, project=links.text_of("project_key"), branch=links.text_of("branch_key"))
    columns = [
        Column("Branch", "text", 0, sql.NAMED.format("branch"), more={"links": links.cell("Only this branch", only)}),
        Column("Cost", "usd", 85, "total(cost_usd)"),
        Column("Project", "text", 110, _PROJECT),
        Column("Requests", "count", 82, "total(requests)"),
    ]
    return table(
        2,
        "Branches",
        "Cost by project and branch; click a branch to filter by it.",
        (12, 10),
        columns,
        f"FROM v_usage WHERE {sql.USAGE} GROUP BY 1, 3 ORDER BY 2 DESC LIMIT 50",
        Hidden("project_key", sql.key("project")),
        Hidden("branch_key", sql.key("branch")),
        sort="Cost",
    )


def _timeline() -> d.Panel:
    made = charts.timeline(4, "Project timeline", "Which project was active when; the colour tells how many hours.", (24, 8),
                           p.series(TIMELINE), "suffix:h", "never", False, decimals=1,
                           steps=[(None, "light-blue"), (1, "blue"), (4, "dark-blue")])  # fmt: skip
    return made.display_name("${__field.labels.project}")


def _mix() -> d.Panel:
    project = links.text_of("project_key")
    both = [
        *links.cell("Only this project", links.dashboard(HERE, HERE, project=project)),
        *links.cell("Its sessions", links.dashboard(HERE, "cm-sessions", project=project)),
    ]
    columns = [
        Column("Project", "text", 180, _PROJECT, more={"links": both}),
        Column("Cost", "usd", 0, "total(cost_usd)", bar=True),
        Column("Sessions begun", "count", 125, "total(sessions)"),
        Column("Turns", "count", 62, "total(turns)"),
        Column("Active", "ms", 90, "total(ms)"),
        Column("Requests", "count", 82, "total(requests)"),
        Column("Hit ratio", "share", 80, sql.HIT_RATIO),
        Column("By subagents", "share", 108, sql.ratio("total(subagent_cost_usd)", "total(cost_usd)")),
    ]
    return table(5, "Projects side by side", "Who works differently. Click to filter by the project.", (24, 9), columns,
                 """FROM usage JOIN v_places AS p ON p.place_id = usage.place_id
  LEFT JOIN active ON active.place_id = usage.place_id LEFT JOIN begun ON begun.place_id = usage.place_id
  GROUP BY project_key ORDER BY 2 DESC LIMIT 50""", Hidden("project_key", "project_key"), with_=MIX, sort="Cost")  # fmt: skip


def _tools() -> d.Panel:
    columns = [
        Column("Project", "text", 180, _PROJECT),
        Column("Failure rate", "share", 0, sql.FAILURE_RATE, bar=True, more={"max": 1}),
        Column("Failed", "count", 75, sql.FAILED),
        Column("Tool calls", "count", 90, "total(calls)"),
        Column("Denied", "count", 75, "total(denied)"),
    ]
    return table(
        7,
        "Tools by project",
        "Where tool calls fail.",
        (24, 8),
        columns,
        "FROM tools JOIN v_places AS p ON p.place_id = tools.place_id GROUP BY project_key ORDER BY 4 DESC LIMIT 50",
        with_=TOOLS,
        sort="Tool calls",
        nothing="No tool call in this range",
    )
