"""Overview: how much, is it more than usual, where did it go, is anything wrong."""

from typing import Any

from grafana_foundation_sdk.builders import dashboard as d

from grafana.src import buckets, charts, colours, links, sql, stats, tables, words
from grafana.src import panels as p
from grafana.src.board import Section, build, commits_note
from grafana.src.tables import Column, Hidden, table

HERE = "cm-overview"
TEXT = """**What this shows**: cost, tokens and work of your AI coding sessions, from the local claude-metrics database.

Cost is an estimate at the list price of each request's day; a model without a known price adds tokens but no cost
(see *Recorder*). The small curves show how a number grew over the range; *period before* is the time of the same length
before it. A period that begins before the first record is not compared. *Sessions with requests* counts a session in every
range in which it made one; the *Sessions* dashboard lists those that began in the range.
Click a model, project or session to go deeper: range and filters come along. Times are those of your browser.
Commits can be shown in the charts with the switch above. Empty? Run `claude-metrics sync`, then choose a longer range."""

_USAGE = f"v_usage WHERE <when> AND {sql.place()} AND {sql.MODEL}"
_ACTIVITY = f"v_activity WHERE <when> AND {sql.place()}"
_TOOLS = f"v_tools WHERE <when> AND {sql.place()}"
_BEGUN = f"(SELECT min(time) AS time FROM {_USAGE} GROUP BY session_id, time >= $__from / 1000) AS begun WHERE true"
_SO_FAR = f"""WITH days(today, month) AS MATERIALIZED (
  SELECT ($__to / 1000 + {sql.EAST}) / 86400 * 86400 - {sql.EAST},
    strftime('%s', $__to / 1000 + {sql.EAST}, 'unixepoch', 'start of month') - {sql.EAST}
)
SELECT total(iif(time >= today, cost_usd, 0.0)) AS "Today", total(cost_usd) AS "Month to date"
FROM days CROSS JOIN v_usage WHERE time >= month AND time < $__to / 1000 AND {sql.place()} AND {sql.MODEL}"""
_KINDS = {
    "Input": "total(input_tokens)",
    "Output": "total(output_tokens)",
    "Cache read": "total(cache_read_tokens)",
    "Cache write": "total(cache_creation_tokens)",
}


def dashboard() -> dict[str, Any]:
    sections = [
        Section("", _stats()),
        Section("What it cost", _charts()),
        Section("Where it went", _tables()),
        Section("Alerts", [p.alerts(13, (24, 7))]),
        Section("How to read this", [p.words(14, "How to read this", (24, 8), TEXT)], closed=True),
    ]
    note = commits_note(f"{sql.during('committed_at')} AND {sql.place()}")
    return build(HERE, "Overview", "Cost, tokens and work at a glance.", sections, note=note)


def _stats() -> list[d.Panel]:
    size = (6, 4)
    return [
        stats.figure(1, "Spend", "Cost in the range, estimated at list prices.", size, buckets.course("total(cost_usd)", _USAGE),
                     "currencyUSD", decimals=2),
        stats.stat(2, "So far", "Cost of today and of this month, up to the end of the range.", size, _SO_FAR, "currencyUSD", decimals=2),
        stats.figure(5, "Active time", "Time between signs of a session, without pauses of five minutes and more.", size,
                     buckets.course("total(active_ms)", _ACTIVITY), "ms", decimals=1),
        stats.figure(3, "Sessions with requests", "Sessions that made a request in the range.", size, buckets.course("total(1)", _BEGUN)),
        stats.figure(6, "Turns", "Prompts you gave.", size, buckets.course("total(turns)", _ACTIVITY)),
        stats.figure(4, "Requests", "Billed requests to models.", size, buckets.course("total(requests)", _USAGE)),
        stats.figure(7, "Cache hit ratio", "Share of the input side that came from the cache; above 80 % is usual.", size,
                     buckets.course("total(cache_read_tokens)", _USAGE, sql.INPUT_SIDE), "percentunit", "no requests", decimals=1,
                     steps=[(None, colours.RED), (0.5, colours.YELLOW), (0.8, colours.GREEN)]),
        stats.figure(8, "Tool failure rate", "Failed of all finished tool calls; those you denied do not count.", size,
                     buckets.course(sql.FAILED, _TOOLS, sql.FINISHED), "percentunit", "no tool calls", decimals=1,
                     steps=[(None, colours.GREEN), (0.1, colours.YELLOW), (0.2, colours.RED)]),
    ]  # fmt: skip


def _charts() -> list[d.Panel]:
    cost = charts.by_model(
        9,
        "Cost by model",
        "When the money went, and to which model: the eight most expensive and all others.",
        (24, 9),
        buckets.by_model("total(cost_usd)"),
        "currencyUSD",
    )
    cost.data_links(
        [
            d.DashboardLink("Only ${__field.labels.model}").url(
                links.dashboard(HERE, "cm-models", model="${__field.labels.model:percentencode}")
            )
        ]
    )
    tokens = charts.chart(
        10,
        "Tokens by kind",
        "What the tokens consist of; cached ones are not part of the input.",
        (24, 8),
        buckets.by_column(_KINDS, "v_usage", sql.USAGE),
        "si:",
    )
    return [cost, p.coloured(tokens, *_KINDS)]


def _tables() -> list[d.Panel]:
    to_project = links.dashboard(HERE, "cm-projects", project=links.text_of("project_key"))
    projects = table(11, "Top projects", "Where the cost went; click for the project.", (9, 10), [
        Column("Project", "text", 130, sql.NAMED.format("project"), more={"links": links.cell("Open the project", to_project)}),
        Column("Cost", "usd", 0, "total(cost_usd)", bar=True),
    ], f"FROM v_usage WHERE {sql.USAGE} GROUP BY 1 ORDER BY 2 DESC LIMIT 10", Hidden("project_key", sql.key("project")))  # fmt: skip
    start, end = sql.SECONDS.format("s.start_time"), sql.SECONDS.format("s.end_time")
    sessions = table(12, "Top sessions", "The most expensive sessions in this range; click to open one.", (15, 10), [
        Column("Session", "text", 0, words.title("s."), more={"links": links.cell("Open the session", links.session())}),
        Column("Cost", "usd", 90, "top.cost"), Column("Start", "time", 130, start),
        Column("Project", "text", 110, sql.NAMED.format("s.project")),
    ], f"""FROM (SELECT session_id, total(cost_usd) AS cost FROM v_usage WHERE {sql.USAGE} GROUP BY 1 ORDER BY 2 DESC LIMIT 10) AS top
  JOIN v_sessions AS s ON s.session_id = top.session_id ORDER BY top.cost DESC""",
        *tables.session(start, end, "s.session_id"), nothing="No session with requests in this range")  # fmt: skip
    return [projects, sessions]
