"""Sessions: which session do I want, what is a normal one, when do I work."""

from typing import Any

from grafana_foundation_sdk.builders import dashboard as d

from grafana.src import charts, links, sql, stats, tables, words
from grafana.src import panels as p
from grafana.src.board import Section, build
from grafana.src.tables import Column, Hidden, table

HERE = "cm-sessions"
TEXT = """**Find a session**: filter above, or type a part of its title, first prompt or id into *Search*, then click its title.

The histogram shows what a normal session costs; points far up or right in the scatter plot are the outliers.
Hours and weekdays are those of your browser. A session counts where it began; *with requests* are those of them that made
one (the *Overview* counts every session that made a request in the range, also one that began before it). An empty cost
means: no price known."""
_FOUND = f"""{sql.during("start_time")} AND {sql.place()} AND instr(lower(coalesce(title, '') || ' ' || coalesce(first_prompt, '')
  || ' ' || session_id), lower(replace(${{q:sqlstring}}, '\\"', '"'))) > 0"""
_START, _END = sql.SECONDS.format("start_time"), sql.SECONDS.format("end_time")
TOTALS = f"""SELECT count(*) AS "Sessions begun", total(total_tokens > 0) AS "of them with requests", total(total_cost_usd) AS "Cost",
  total(total_cost_usd) / nullif(count(*), 0) AS "Per session" FROM v_sessions WHERE {_FOUND}"""
COSTS = f'SELECT total_cost_usd + 0.0 AS "Cost" FROM v_sessions WHERE {_FOUND} AND total_cost_usd IS NOT NULL'
SCATTER = f"""SELECT {_END} - {_START} AS "Duration", max(total_cost_usd) + 0.0 AS "Cost" FROM v_sessions
WHERE {_FOUND} AND total_cost_usd IS NOT NULL GROUP BY 1 ORDER BY 1 LIMIT 5000"""
_ACTIVE = 'coalesce(active.hours, 0.0) AS "Active hours"'
BY_HOUR = f"""WITH RECURSIVE active AS MATERIALIZED (
  SELECT (time + {sql.EAST}) / 3600 % 24 AS n, total(active_ms) / 3600000 AS hours FROM v_activity
  WHERE {sql.ACTIVITY} GROUP BY 1
),
hours(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM hours WHERE n < 23)
SELECT printf('%02d:00', hours.n) AS "Hour", {_ACTIVE} FROM hours LEFT JOIN active ON active.n = hours.n ORDER BY 1"""
BY_WEEKDAY = f"""WITH active AS MATERIALIZED (
  SELECT (time + {sql.EAST} + 259200) / 86400 % 7 AS n, total(active_ms) / 3600000 AS hours FROM v_activity
  WHERE {sql.ACTIVITY} GROUP BY 1
),
days(n, name) AS (VALUES (0, 'Mon'), (1, 'Tue'), (2, 'Wed'), (3, 'Thu'), (4, 'Fri'), (5, 'Sat'), (6, 'Sun'))
SELECT days.name AS "Weekday", {_ACTIVE} FROM days LEFT JOIN active ON active.n = days.n ORDER BY days.n"""
_HOURS = ", ".join(f"""total(iif(hour / 2 = {n}, minutes, 0.0)) AS "{2 * n + 2:02d}:00\"""" for n in range(12))
DAYS_AND_HOURS = f"""WITH RECURSIVE active AS MATERIALIZED (
  SELECT (time + {sql.EAST}) / 86400 * 86400 - {sql.EAST} AS day, (time + {sql.EAST}) / 3600 % 24 AS hour, total(active_ms) / 60000 AS minutes
  FROM v_activity WHERE {sql.ACTIVITY} GROUP BY 1, 2
),
days(day) AS (
  SELECT ($__from / 1000 + {sql.EAST}) / 86400 * 86400 - {sql.EAST} UNION ALL SELECT day + 86400 FROM days WHERE day + 86400 < $__to / 1000
)
SELECT days.day AS time, {_HOURS} FROM days LEFT JOIN active ON active.day = days.day GROUP BY days.day ORDER BY 1"""


def dashboard() -> dict[str, Any]:
    totals = stats.stat(1, "Found", "What the filters and the search leave.", (24, 3), TOTALS, missing="no session")
    for name in ("Cost", "Per session"):
        p.field(totals, name, unit="currencyUSD", decimals=2)
    sections = [
        Section("", [totals, _table()]),
        Section("What is normal", [_costs(), _scatter()]),
        Section("When you work", _when()),
        Section("How to read this", [p.words(7, "How to read this", (24, 6), TEXT)], closed=True),
    ]
    return build(HERE, "Sessions", "Find a session; see what is normal.", sections)


def _table() -> d.Panel:
    to_project = links.dashboard(HERE, "cm-projects", project=links.text_of("project_key"))
    columns = [
        Column("Session", "text", 0, words.title(), more={"links": links.cell("Open the session", links.session())}),
        Column("Cost", "usd", 100, "total_cost_usd", bar=True), Column("Start", "time", 130, _START),
        Column("Project", "text", 100, sql.NAMED.format("project"), more={"links": links.cell("Open the project", to_project)}),
        Column("Agent", "text", 95, words.agent("agent")), Column("Duration", "s", 85, f"{_END} - {_START}"),
        Column("Turns", "count", 60, "user_message_count"), Column("Tools", "count", 60, "tool_calls"),
        Column("Tokens", "tokens", 70, "total_tokens"), Column("Commits", "count", 72, "commits"),
    ]  # fmt: skip
    return table(2, "Sessions begun", "The newest 500 that fit. Click a title to open the session.", (24, 14), columns,
                 f"FROM v_sessions WHERE {_FOUND} ORDER BY start_time DESC LIMIT 500", *tables.session(_START, _END),
                 Hidden("project_key", sql.key("project")), sort="Start", nothing="No session began in this range")  # fmt: skip


def _costs() -> d.Panel:
    made = charts.histogram(3, "Cost per session", "What a normal session costs.", (12, 9), COSTS, "currencyUSD")
    return made.no_value("No session with a cost in this range")


def _scatter() -> d.Panel:
    """A trend with points: the options of Grafana's panel for x and y are others in every version."""
    text = "Outliers: expensive for their length, or very long. Of sessions of the same length the most expensive."
    made = charts.trend(4, "Cost against duration", text, (12, 9), SCATTER, "Duration", "s", "currencyUSD", "points", total="max",
                        decimals=2)  # fmt: skip
    made.no_value("No session with a cost in this range")
    return p.coloured(made, "Cost")


def _when() -> list[d.Panel]:
    hours = charts.bars(5, "Hours of the day", "Active hours by the hour in which they were.", (12, 8), BY_HOUR, "Hour", "suffix:h",
                        labelled=False, decimals=1)  # fmt: skip
    days = charts.bars(6, "Days of the week", "Active hours by weekday.", (12, 8), BY_WEEKDAY, "Weekday", "suffix:h", labelled=False,
                       decimals=1)  # fmt: skip
    both = charts.heatmap(
        8,
        "Days and hours",
        "Active minutes in each two hours of each day; a row is named by its end.",
        (24, 10),
        DAYS_AND_HOURS,
        "suffix:min",
        "Blues",
    )
    return [p.coloured(hours, "Active hours"), p.coloured(days, "Active hours"), both]
