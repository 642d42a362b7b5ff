"""Budgets & alerts: will the month hold, how is the course, which day broke it."""

from typing import Any

from grafana_foundation_sdk.builders import dashboard as d

from grafana.src import charts, sql, stats
from grafana.src import panels as p
from grafana.src.board import Section, build
from grafana.src.colours import COLOURS, GREEN, RED, YELLOW

HERE = "cm-budget"
TEXT = """**Will the budget hold?** Set it with `claude-metrics config set budget_daily_usd 20` and
`... budget_monthly_usd 300`; it is taken over at once. Without a budget there is no line and no share of it.

The month is that of the end of the range, in your browser's zone, and it is drawn to its end. *Projected* assumes that the
rest of the month costs as much per day as the month so far (the first day counts as a whole one). The alert rules
count days in the zone of the machine that records. They send nowhere until you give Grafana a contact point."""
MONTH = f"""month(began, ended, now) AS MATERIALIZED (
  SELECT strftime('%s', there, 'unixepoch', 'start of month') - {sql.EAST},
    strftime('%s', there, 'unixepoch', 'start of month', '+1 month') - {sql.EAST}, $__to / 1000
  FROM (SELECT $__to / 1000 + {sql.EAST} AS there)
)"""
_SPENT = """spent(usd) AS MATERIALIZED (
  SELECT total(cost_usd) FROM month CROSS JOIN v_usage WHERE time >= began AND time < now
)"""
SHARE = f"""WITH {MONTH}, {_SPENT} SELECT usd / nullif(monthly_usd, 0.0) AS "Of the monthly budget" FROM spent CROSS JOIN v_budgets"""
PROJECTED = f"""WITH {MONTH}, {_SPENT} SELECT usd AS "Month to date",
  usd * (ended - began) / max(now - began, 86400) AS "Projected", nullif(monthly_usd, 0.0) AS "Budget"
FROM spent CROSS JOIN month CROSS JOIN v_budgets"""
_DAYS = f"""WITH RECURSIVE {MONTH},
days(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM days, month WHERE began + n * 86400 < ended),
spent AS MATERIALIZED (
  SELECT (v_usage.time - began) / 86400 + 1 AS n, total(cost_usd) AS usd FROM month CROSS JOIN v_usage
  WHERE time >= began AND time < now GROUP BY 1
)"""
CUMULATIVE = f"""{_DAYS},
sums AS MATERIALIZED (SELECT days.n AS n, total(spent.usd) OVER (ORDER BY days.n) AS usd FROM days LEFT JOIN spent ON spent.n = days.n),
pace(today, usd, per_day) AS MATERIALIZED (
  SELECT (now - began - 1) / 86400 + 1, max(usd), max(usd) * 86400.0 / max(now - began, 86400) FROM sums CROSS JOIN month
)
SELECT sums.n AS "Day", iif(sums.n <= today, sums.usd, NULL) AS "Spent",
  iif(sums.n >= today, pace.usd + per_day * max(sums.n - (now - began) / 86400.0, 0.0), NULL) AS "Projected",
  nullif(monthly_usd, 0.0) AS "Budget"
FROM sums CROSS JOIN month CROSS JOIN pace CROSS JOIN v_budgets ORDER BY 1"""
PER_DAY = f"""{_DAYS}
SELECT days.n AS "Day", nullif(spent.usd, 0.0) AS "Spent", nullif(daily_usd, 0.0) AS "Budget"
FROM days CROSS JOIN v_budgets LEFT JOIN spent ON spent.n = days.n ORDER BY 1"""


def dashboard() -> dict[str, Any]:
    steps = [(None, GREEN), (0.8, YELLOW), (1.0, RED)]
    share = stats.gauge(1, "Month to date", "Share of the monthly budget that is spent.", (8, 7), SHARE, "percentunit", "no budget set", 1.2,
                        decimals=0, steps=steps)  # fmt: skip
    month = stats.stat(
        2,
        "Month",
        "Spent so far; at this pace until the month's end; the budget.",
        (16, 7),
        PROJECTED,
        "currencyUSD",
        "no budget set",
        decimals=2,
    )
    sections = [
        Section("", [share, month, _course(), _days()]),
        Section("Alerts", [p.alerts(5, (24, 8))]),
        Section("How to read this", [p.words(6, "How to read this", (24, 6), TEXT)], closed=True),
    ]
    return build(HERE, "Budgets & alerts", "Will the month hold?", sections, "now/M")


def _course() -> d.Panel:
    made = charts.trend(3, "Course of the month", "Spent so far, and projected: the rest of the month costs as much per day as the month"
                        " so far.", (24, 9), CUMULATIVE, "Day", "locale", "currencyUSD", decimals=2)  # fmt: skip
    p.field(made, "Spent", color=p.fixed(COLOURS["Spent"]), custom__fillOpacity=20)
    p.field(
        made,
        "Projected",
        color=p.fixed(COLOURS["Projected"]),
        custom__lineStyle={"fill": "dash", "dash": [8, 8]},
        custom__fillOpacity=0,
    )
    return p.field(made, "Budget", color=p.fixed(COLOURS["Budget"]), custom__fillOpacity=0)


def _days() -> d.Panel:
    made = charts.trend(4, "Spent per day", "Which day of the month broke the daily budget.", (24, 9), PER_DAY, "Day", "locale",
                        "currencyUSD", "bars", total="max", decimals=2)  # fmt: skip
    p.field(made, "Spent", color=p.fixed(COLOURS["Spent"]))
    line = {
        "custom__drawStyle": "line",
        "custom__lineWidth": 2,
        "custom__fillOpacity": 0,
        "custom__showPoints": "never",
    }
    return p.field(made, "Budget", color=p.fixed(COLOURS["Budget"]), **line)
