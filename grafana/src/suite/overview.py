"""Overview: how much, is it more than usual, where did it go, is anything wrong."""

from typing import Any

from grafana.src import panels as p
from grafana.src import sql
from grafana.src.board import build, commits_note, link, session_link

HERE = "cm-overview"
TEXT = """**What this shows**: cost, tokens and work of your AI coding sessions, from the local claude-metrics database.

Cost is an estimate at the list price of each request's day; a model without a known price adds tokens but no cost
(see *Recorder health*). Click a model, project or session to go deeper: range and filters come along.
Times are those of your browser. Empty? Run `claude-metrics sync`, then choose a longer range."""

_SPEND = f"""SELECT total(iif(time >= $__from / 1000, cost_usd, 0.0)) AS "In range",
  total(iif(time < $__from / 1000, cost_usd, 0.0)) AS "Period before"
FROM v_usage WHERE time >= (2 * $__from - $__to) / 1000 AND time < $__to / 1000 AND {sql.place()} AND {sql.MODEL}"""
_SO_FAR = f"""WITH days(today, month) AS MATERIALIZED (
  SELECT ($__to / 1000 + {sql.EAST}) / 86400 * 86400 - {sql.EAST},
    strftime('%s', $__to / 1000 + {sql.EAST}, 'unixepoch', 'start of month') - {sql.EAST}
)
SELECT total(iif(time >= today, cost_usd, 0.0)) AS "Today", total(cost_usd) AS "Month to date"
FROM days CROSS JOIN v_usage WHERE time >= month AND time < $__to / 1000 AND {sql.place()} AND {sql.MODEL}"""
_KINDS = {
    "Input": "total(input_tokens)", "Output": "total(output_tokens)", "Cache read": "total(cache_read_tokens)",
    "Cache write": "total(cache_creation_tokens)",
}  # fmt: skip
TOP_PROJECTS = f"""SELECT {sql.NAMED.format("project")} AS "Project", total(cost_usd) AS "Cost",
  replace({sql.NAMED.format("project")}, '"', '″') AS project_key
FROM v_usage WHERE {sql.USAGE} GROUP BY 1 ORDER BY 2 DESC LIMIT 10"""
TOP_SESSIONS = f"""SELECT {sql.SECONDS.format("s.start_time")} AS "Start", {sql.NAMED.format("s.project")} AS "Project",
  coalesce(s.title, s.first_prompt, s.session_id) AS "Session", top.cost AS "Cost", s.session_id AS session_id,
  {sql.SECONDS.format("s.start_time")} * 1000 - 60000 AS from_ms, {sql.SECONDS.format("s.end_time")} * 1000 + 60000 AS to_ms
FROM (SELECT session_id, total(cost_usd) AS cost FROM v_usage WHERE {sql.USAGE} GROUP BY 1 ORDER BY 2 DESC LIMIT 10) AS top
JOIN v_sessions AS s ON s.session_id = top.session_id ORDER BY top.cost DESC"""


def dashboard() -> dict[str, Any]:
    cost = p.chart(9, "Cost by model", "When the money went, and to which model. Estimated at list prices.", (0, 8, 24, 9),
                   sql.by_model("total(cost_usd)"), "currencyUSD")  # fmt: skip
    cost.data_links([_to_models()])
    tokens = p.chart(10, "Tokens by kind", "What the tokens consist of; cached ones are not part of the input.", (0, 17, 24, 8),
                     sql.columns_over_time(_KINDS, "v_usage", sql.USAGE), name="")  # fmt: skip
    projects = p.table(11, "Top projects", "Where the cost went; click for the project.", (0, 25, 9, 9), TOP_PROJECTS)
    p.column(projects, "Cost", unit="currencyUSD", custom__cellOptions={"type": "gauge", "mode": "basic"}, min=0)
    p.linked(
        projects, "Project", "Project", link(HERE, "cm-projects", project="${__data.fields.project_key:percentencode}")
    )
    sessions = p.table(12, "Top sessions", "The most expensive sessions in this range; click to open one.", (9, 25, 15, 9),
                       TOP_SESSIONS, "Start")  # fmt: skip
    p.linked(p.column(sessions, "Cost", unit="currencyUSD"), "Session", "Open the session", session_link())
    parts = [
        *_stats(), cost, p.coloured(tokens, *_KINDS), p.hidden(projects, "project_key"),
        p.hidden(sessions, "session_id", "from_ms", "to_ms"), p.alerts(13, (0, 34, 9, 8)),
        p.words(14, "How to read this", (9, 34, 15, 8), TEXT),
    ]  # fmt: skip
    return build(HERE, "Claude metrics / Overview", "Cost, tokens and work at a glance.", parts, note=commits_note(
        f"{sql.during('committed_at')} AND {sql.place()}"))  # fmt: skip


def _to_models() -> Any:
    from grafana_foundation_sdk.builders import dashboard as d

    return d.DashboardLink("Model").url(link(HERE, "cm-models", model="${__field.labels.model:percentencode}"))


def _stats() -> list[Any]:
    spend = p.stat(1, "Spend", "Cost in the range, and in the period of the same length before.", (0, 0, 8, 4), _SPEND,
                   "currencyUSD", decimals=2)  # fmt: skip
    return [
        spend,
        p.stat(2, "So far", "Cost of today and of this month, up to the end of the range.", (8, 0, 8, 4), _SO_FAR,
               "currencyUSD", decimals=2),
        p.stat(3, "Sessions", "Sessions with requests in the range.", (16, 0, 4, 4),
               f"SELECT count(DISTINCT session_id) AS v FROM v_usage WHERE {sql.USAGE}"),
        p.stat(4, "Requests", "Billed requests to models.", (20, 0, 4, 4),
               f"SELECT total(requests) AS v FROM v_usage WHERE {sql.USAGE}"),
        p.stat(5, "Active time", "Time between signs of a session, without pauses of five minutes and more.", (0, 4, 6, 4),
               f"SELECT total(active_ms) AS v FROM v_activity WHERE {sql.ACTIVITY}", "ms"),
        p.stat(6, "Turns", "Prompts you gave.", (6, 4, 6, 4),
               f"SELECT total(turns) AS v FROM v_activity WHERE {sql.ACTIVITY}"),
        p.stat(7, "Cache hit ratio", "Share of the input side that came from the cache; above 80 % is usual.", (12, 4, 6, 4),
               f"SELECT {sql.HIT_RATIO} AS v FROM v_usage WHERE {sql.USAGE}", "percentunit", decimals=1,
               steps=[(None, p.RED), (0.5, p.YELLOW), (0.8, p.GREEN)]),
        p.stat(8, "Tool failure rate", "Failed of all finished tool calls; those you denied do not count.", (18, 4, 6, 4),
               f"SELECT {sql.FAILURE_RATE} AS v FROM v_tools WHERE {sql.ACTIVITY}", "percentunit", decimals=1,
               steps=[(None, p.GREEN), (0.1, p.YELLOW), (0.2, p.RED)]),
    ]  # fmt: skip
