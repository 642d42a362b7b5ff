"""Models & cache: which model for what price, is caching working, what does it earn."""

from typing import Any

from grafana.src import panels as p
from grafana.src import sql
from grafana.src.board import build, commits_note

HERE = "cm-models"
TEXT = """**Which model, for what price, and does the cache work?**

*Hit ratio* = cache reads / (input + cache writes + cache reads). *Savings* = what the reads would have cost as fresh input,
less what the writes cost more than fresh input; at list prices, without long-context tiers. *At other models' prices*
multiplies your tokens with each model's newest price list: another model would have needed other tokens.
*Speed* is measured over sessions that used one model only and whose agent tells the time it waited for the API."""
_NAME = f'{sql.MODEL_NAME} AS "Model"'
_TOKENS = """total(input_tokens) AS "Input", total(output_tokens) AS "Output", total(cache_read_tokens) AS "Cache read",
  total(cache_creation_tokens) AS "Cache write\""""
TABLE = f"""SELECT {_NAME}, total(requests) AS "Requests", {_TOKENS}, total(cost_usd) AS "Cost",
  1000 * {sql.ratio("total(cost_usd)", "total(output_tokens)")} AS "Cost per 1k output", {sql.HIT_RATIO} AS "Hit ratio",
  total(cache_savings_usd) AS "Savings", total(unpriced_tokens) AS "Unpriced"
FROM v_usage WHERE {sql.USAGE} GROUP BY model ORDER BY 7 DESC"""
WHAT_IF = f"""WITH used(fresh, sent, read, written) AS MATERIALIZED (
  SELECT total(input_tokens), total(output_tokens), total(cache_read_tokens), total(cache_creation_tokens)
  FROM v_usage WHERE {sql.USAGE}
)
SELECT {sql.MODEL_NAME} AS "Model",
  (fresh * input_usd + sent * output_usd + read * cache_read_usd + written * cache_write_5m_usd) / 1e6 AS "Would cost",
  input_usd AS "Input", output_usd AS "Output", cache_read_usd AS "Cache read", cache_write_5m_usd AS "Cache write",
  coalesce(day, '') AS "Prices of"
FROM v_prices CROSS JOIN used WHERE fresh + sent + read + written > 0 ORDER BY 2"""
SPEED = f"""WITH alone AS MATERIALIZED (
  SELECT s.session_id, s.total_api_duration_ms AS ms, max(m.model) AS model, total(m.requests) AS requests,
    total(m.output_tokens) AS sent
  FROM v_sessions AS s CROSS JOIN v_session_models AS m ON m.session_id = s.session_id
  WHERE {sql.during("s.start_time")} AND {sql.place("s.")} AND s.total_api_duration_ms > 0
  GROUP BY +s.session_id HAVING count(*) = 1
),
ordered AS (
  SELECT *, ms / requests AS wait, row_number() OVER (PARTITION BY model ORDER BY ms / requests) AS n,
    count(*) OVER (PARTITION BY model) AS sessions FROM alone WHERE requests > 0 AND {sql.MODEL}
)
SELECT {_NAME}, max(sessions) AS "Sessions", min(iif(n >= 0.5 * sessions, wait, NULL)) AS "Wait p50",
  min(iif(n >= 0.95 * sessions, wait, NULL)) AS "Wait p95", 1000 * total(sent) / total(ms) AS "Output tokens/s"
FROM ordered GROUP BY model ORDER BY 2 DESC"""


def dashboard() -> dict[str, Any]:
    table = p.table(4, "Models", "Requests, tokens, cost and cache by model.", (0, 13, 24, 9), TABLE)
    for name in ("Cost", "Cost per 1k output", "Savings"):
        p.column(table, name, unit="currencyUSD")
    what_if = p.table(9, "At other models' prices", "The same tokens at each model's newest price list (USD per million).",
                      (0, 31, 14, 9), WHAT_IF)  # fmt: skip
    speed = p.table(10, "Speed", "Wait per request (of sessions with one model), and output per second of waiting.",
                    (14, 31, 10, 9), SPEED)  # fmt: skip
    p.column(p.column(speed, "Wait p50", unit="ms"), "Wait p95", unit="ms")
    parts = [
        *_stats(), *_charts(), p.column(table, "Hit ratio", unit="percentunit", decimals=1),
        p.column(what_if, "Would cost", unit="currencyUSD"), speed, p.words(11, "How to read this", (0, 40, 24, 6), TEXT),
    ]  # fmt: skip
    return build(HERE, "Claude metrics / Models & cache", "Prices, caching and speed by model.", parts,
                 note=commits_note(f"{sql.during('committed_at')} AND {sql.place()}"))  # fmt: skip


def _stats() -> list[Any]:
    return [
        p.stat(1, "Cache hit ratio", "Share of the input side that came from the cache.", (0, 0, 8, 4),
               f"SELECT {sql.HIT_RATIO} AS v FROM v_usage WHERE {sql.USAGE}", "percentunit", decimals=1,
               steps=[(None, p.RED), (0.5, p.YELLOW), (0.8, p.GREEN)]),
        p.stat(2, "Cache savings", "What the cache saved, net of the dearer writes.", (8, 0, 8, 4),
               f"SELECT total(cache_savings_usd) AS v FROM v_usage WHERE {sql.USAGE}", "currencyUSD", decimals=2),
        p.stat(3, "By subagents", "Share of the cost that subagents caused.", (16, 0, 8, 4),
               f"SELECT {sql.ratio('total(subagent_cost_usd)', 'total(cost_usd)')} AS v FROM v_usage WHERE {sql.USAGE}",
               "percentunit", decimals=1),
    ]  # fmt: skip


def _charts() -> list[Any]:
    return [
        p.chart(5, "Cost by model", "When and by which model.", (0, 4, 12, 9), sql.by_model("total(cost_usd)"), "currencyUSD"),
        p.chart(6, "Output tokens by model", "What each model wrote.", (12, 4, 12, 9), sql.by_model("total(output_tokens)")),
        p.chart(7, "Cache hit ratio by model", "Is caching working? Gaps: nothing was asked.", (0, 22, 12, 9),
                sql.by_model(sql.HIT_RATIO, "NULL"), "percentunit", "line", False),
        p.chart(8, "Cache savings by model", "What the cache earns, net of the dearer writes.", (12, 22, 12, 9),
                sql.by_model("total(cache_savings_usd)"), "currencyUSD"),
    ]  # fmt: skip
