"""Session explorer: which session do I want, what is a normal one, when do I work."""

from typing import Any

from grafana.src import panels as p
from grafana.src import sql
from grafana.src.board import build, link, session_link

HERE = "cm-sessions"
TEXT = """**Find a session**: filter above, or type a part of its title, first prompt or id into *Search*, then click its title.

The histogram shows what a normal session costs; points far up or right in the scatter plot are the outliers.
Hours and weekdays are those of your browser. A session counts where it began. Cost `-` means: no price known."""
_FOUND = f"""{sql.during("start_time")} AND {sql.place()} AND instr(lower(coalesce(title, '') || ' ' || coalesce(first_prompt, '')
  || ' ' || session_id), lower(replace(${{q:sqlstring}}, '\\"', '"'))) > 0"""
_SECONDS = f"{sql.SECONDS.format('end_time')} - {sql.SECONDS.format('start_time')}"
TABLE = f"""SELECT {sql.SECONDS.format("start_time")} AS "Start", {sql.NAMED.format("project")} AS "Project",
  {sql.NAMED.format("branch")} AS "Branch", agent AS "Agent",
  coalesce(title, first_prompt, session_id) AS "Session", {_SECONDS} AS "Duration", user_message_count AS "Turns",
  tool_calls AS "Tools", failed_tool_calls AS "Failed", total_tokens AS "Tokens", total_cost_usd AS "Cost",
  commits AS "Commits", lines_added AS "Lines added", lines_removed AS "Lines removed", session_id,
  {sql.SECONDS.format("start_time")} * 1000 - 60000 AS from_ms, {sql.SECONDS.format("end_time")} * 1000 + 60000 AS to_ms,
  replace({sql.NAMED.format("project")}, '"', '″') AS project_key
FROM v_sessions WHERE {_FOUND} ORDER BY start_time DESC LIMIT 500"""
TOTALS = f"""SELECT count(*) AS "Sessions", total(total_cost_usd) AS "Cost", total(total_cost_usd) / nullif(count(*), 0) AS "Per session"
FROM v_sessions WHERE {_FOUND}"""
COSTS = f'SELECT total_cost_usd + 0.0 AS "Cost" FROM v_sessions WHERE {_FOUND} AND total_cost_usd IS NOT NULL'
SCATTER = f"""SELECT {_SECONDS} AS "Duration", total_cost_usd + 0.0 AS "Cost" FROM v_sessions
WHERE {_FOUND} AND total_cost_usd IS NOT NULL ORDER BY 1 LIMIT 5000"""
_ACTIVE = 'coalesce(active.hours, 0.0) AS "Active hours"'
BY_HOUR = f"""WITH RECURSIVE active AS MATERIALIZED (
  SELECT (time + {sql.EAST}) / 3600 % 24 AS n, total(active_ms) / 3600000 AS hours FROM v_activity
  WHERE {sql.ACTIVITY} GROUP BY 1
),
hours(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM hours WHERE n < 23)
SELECT printf('%02d', hours.n) AS "Hour", {_ACTIVE} FROM hours LEFT JOIN active ON active.n = hours.n ORDER BY 1"""
BY_WEEKDAY = f"""WITH active AS MATERIALIZED (
  SELECT (time + {sql.EAST} + 259200) / 86400 % 7 AS n, total(active_ms) / 3600000 AS hours FROM v_activity
  WHERE {sql.ACTIVITY} GROUP BY 1
),
days(n, name) AS (VALUES (0, 'Mon'), (1, 'Tue'), (2, 'Wed'), (3, 'Thu'), (4, 'Fri'), (5, 'Sat'), (6, 'Sun'))
SELECT days.name AS "Weekday", {_ACTIVE} FROM days LEFT JOIN active ON active.n = days.n ORDER BY days.n"""


def dashboard() -> dict[str, Any]:
    totals = p.stat(1, "Found", "What the filters and the search leave.", (0, 0, 24, 4), TOTALS)
    p.column(p.column(totals, "Cost", unit="currencyUSD", decimals=2), "Per session", unit="currencyUSD", decimals=2)
    parts = [
        totals, _table(),
        p.histogram(3, "Cost per session", "What a normal session costs.", (0, 18, 12, 9), COSTS, "currencyUSD"),
        _scatter(),
        p.bars(5, "Hours of the day", "When you work: active hours by hour of the day.", (0, 27, 12, 8), BY_HOUR, "Hour", "h"),
        p.bars(6, "Days of the week", "When you work: active hours by weekday.", (12, 27, 12, 8), BY_WEEKDAY, "Weekday", "h"),
        p.words(7, "How to read this", (0, 35, 24, 5), TEXT),
    ]  # fmt: skip
    return build(HERE, "Claude metrics / Session explorer", "Find a session; see what is normal.", parts)


def _table() -> Any:
    found = p.table(
        2, "Sessions", "The newest 500 that fit. Click a title to open the session.", (0, 4, 24, 14), TABLE, "Start"
    )
    p.linked(found, "Session", "Open the session", session_link())
    p.linked(
        found, "Project", "Project", link(HERE, "cm-projects", project="${__data.fields.project_key:percentencode}")
    )
    p.column(found, "Cost", unit="currencyUSD", custom__cellOptions={"type": "gauge", "mode": "basic"}, min=0)
    p.column(found, "Duration", unit="s")
    return p.hidden(found, "session_id", "from_ms", "to_ms", "project_key")


def _scatter() -> Any:
    series = {
        "x": {"matcher": {"id": "byName", "options": "Duration"}},
        "y": {"matcher": {"id": "byName", "options": "Cost"}},
    }
    options = {
        "mapping": "manual", "series": [series], "tooltip": {"mode": "single", "sort": "none"},
        "legend": {"showLegend": False, "displayMode": "list", "placement": "bottom", "calcs": []},
    }  # fmt: skip
    custom = {"show": "points", "pointSize": {"fixed": 6}, "fillOpacity": 50}
    found = p.panel("xychart", 4, "Cost against duration", "Outliers: expensive for their length, or very long.",
                    (12, 18, 12, 9), SCATTER, "short", options, custom)  # fmt: skip
    return p.column(p.column(found, "Cost", unit="currencyUSD"), "Duration", unit="s")
