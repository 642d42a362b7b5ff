"""Budgets & alerts: will the month hold, how is the course, which day broke it."""

from typing import Any

from grafana.src import panels as p
from grafana.src import sql
from grafana.src.board import build

HERE = "cm-budget"
TEXT = """**Will the budget hold?** Set it with `claude-metrics config set budget_daily_usd 20` and
`... budget_monthly_usd 300`; it is taken over with the next recording. Without a budget its gauge is empty.

The month is that of the end of the range, in your browser's zone; *projected* goes on at the pace so far. The alert rules
count days in the zone of the machine that records. They send nowhere until you give Grafana a contact point."""
MONTH = f"""month(began, ended, now) AS MATERIALIZED (
  SELECT strftime('%s', here, 'unixepoch', 'start of month') - {sql.EAST},
    strftime('%s', here, 'unixepoch', 'start of month', '+1 month') - {sql.EAST}, $__to / 1000
  FROM (SELECT $__to / 1000 + {sql.EAST} AS here)
)"""
_SPENT = """spent(usd) AS MATERIALIZED (
  SELECT total(cost_usd) FROM month CROSS JOIN v_usage WHERE time >= began AND time < now
)"""
SHARE = f"""WITH {MONTH}, {_SPENT} SELECT usd / nullif(monthly_usd, 0.0) AS "Of the monthly budget" FROM spent CROSS JOIN v_budgets"""
PROJECTED = f"""WITH {MONTH}, {_SPENT} SELECT usd AS "Month to date",
  usd * (ended - began) / max(now - began, 86400) AS "Projected", nullif(monthly_usd, 0.0) AS "Budget"
FROM spent CROSS JOIN month CROSS JOIN v_budgets"""
DAYS = f"""WITH RECURSIVE {MONTH},
days(time) AS (SELECT began FROM month UNION ALL SELECT time + 86400 FROM days, month WHERE time + 86400 < now),
spent AS MATERIALIZED (
  SELECT (v_usage.time - began) / 86400 AS n, total(cost_usd) AS usd FROM month CROSS JOIN v_usage
  WHERE time >= began AND time < now GROUP BY 1
)"""
CUMULATIVE = f"""{DAYS}
SELECT days.time AS time, total(spent.usd) OVER (ORDER BY days.time) AS "Spend",
  monthly_usd * ((days.time - began) / 86400 + 1) * 86400.0 / (ended - began) AS "Budget"
FROM days CROSS JOIN month CROSS JOIN v_budgets LEFT JOIN spent ON spent.n = (days.time - began) / 86400 ORDER BY 1"""
PER_DAY = f"""{DAYS}
SELECT days.time AS time, coalesce(spent.usd, 0.0) AS "Spend", nullif(daily_usd, 0.0) AS "Budget"
FROM days CROSS JOIN month CROSS JOIN v_budgets LEFT JOIN spent ON spent.n = (days.time - began) / 86400 ORDER BY 1"""


def dashboard() -> dict[str, Any]:
    line = {"custom.drawStyle": "line", "custom.lineWidth": 2, "custom.fillOpacity": 0}
    daily = p.chart(4, "Spend per day", "Which day broke the daily budget.", (0, 17, 24, 9), PER_DAY, "currencyUSD", stacked=False,
                    name="")  # fmt: skip
    p.column(daily, "Budget", **{key.replace(".", "__"): value for key, value in line.items()})
    course = p.chart(3, "Course of the month", "Cumulative spend against an even spread of the budget.", (0, 8, 24, 9),
                     CUMULATIVE, "currencyUSD", "line", False, "stepAfter", "")  # fmt: skip
    parts = [
        p.gauge(1, "Month to date", "Share of the monthly budget that is spent.", (0, 0, 8, 8), SHARE, "percentunit", decimals=0,
                most=1.2, steps=[(None, p.GREEN), (0.8, p.YELLOW), (1, p.RED)]),
        p.stat(2, "Month", "Spent so far; at this pace until the month's end; the budget.", (8, 0, 16, 8), PROJECTED, "currencyUSD",
               decimals=2),
        p.coloured(course, "Spend", "Budget"), p.coloured(daily, "Spend", "Budget"), p.alerts(5, (0, 26, 12, 9)),
        p.words(6, "How to read this", (12, 26, 12, 9), TEXT),
    ]  # fmt: skip
    return build(HERE, "Claude metrics / Budgets & alerts", "Will the month hold?", parts, "now/M")
