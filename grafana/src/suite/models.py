"""Models & cache: which model for what price, is caching working, what does it earn."""

from typing import Any

from grafana_foundation_sdk.builders import dashboard as d

from grafana.src import buckets, charts, colours, links, sql, stats
from grafana.src import panels as p
from grafana.src.board import Section, build, commits_note
from grafana.src.tables import Column, Hidden, table

HERE = "cm-models"
TEXT = """**Which model, for what price, and does the cache work?** A model's full name is in the tooltip of its cell.

*Hit ratio* = cache reads / (input + cache writes + cache reads). *Savings* = what the reads would have cost as fresh input,
less what the writes cost more than fresh input; at list prices, without long-context tiers. *At other models' prices*
multiplies your tokens with each model's newest price list: another model would have needed other tokens.
*Speed* is measured over sessions that used one model only and whose agent tells the time it waited for the API."""
_ROWS = f"v_usage WHERE <when> AND {sql.place()} AND {sql.MODEL}"
_SUMMED = (
    "requests",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_creation_tokens",
    "cost_usd",
    "cache_savings_usd",
)
USED = f"""used AS MATERIALIZED (
  SELECT model, {", ".join(f"total({name}) AS {name}" for name in _SUMMED)} FROM v_usage WHERE {sql.USAGE} GROUP BY model
)"""
WHAT_IF = f"""used(fresh, sent, read, written) AS MATERIALIZED (
  SELECT total(input_tokens), total(output_tokens), total(cache_read_tokens), total(cache_creation_tokens)
  FROM v_usage WHERE {sql.USAGE}
)"""
_PRICE = "(fresh * input_usd + sent * output_usd + read * cache_read_usd + written * cache_write_5m_usd) / 1e6"
SPEED = f"""alone AS MATERIALIZED (
  SELECT s.session_id, s.total_api_duration_ms AS ms, max(m.model) AS model, total(m.requests) AS requests,
    total(m.output_tokens) AS sent
  FROM v_sessions AS s CROSS JOIN v_session_models AS m ON m.session_id = s.session_id
  WHERE {sql.during("s.start_time")} AND {sql.place("s.")} AND s.total_api_duration_ms > 0
  GROUP BY +s.session_id HAVING count(*) = 1
),
ordered AS (
  SELECT *, ms / requests AS wait, row_number() OVER (PARTITION BY model ORDER BY ms / requests) AS n,
    count(*) OVER (PARTITION BY model) AS sessions FROM alone WHERE requests > 0 AND {sql.MODEL}
)"""


def dashboard() -> dict[str, Any]:
    sections = [
        Section("", _stats()),
        Section("Which model", [*_costs(), _models()]),
        Section("Is caching working", _caching()),
        Section("Prices and speed", [_what_if(), _speed()]),
        Section("How to read this", [p.words(11, "How to read this", (24, 7), TEXT)], closed=True),
    ]
    note = commits_note(f"{sql.during('committed_at')} AND {sql.place()}")
    return build(HERE, "Models & cache", "Prices, caching and speed by model.", sections, note=note)


def _stats() -> list[d.Panel]:
    return [
        stats.figure(1, "Cache hit ratio", "Share of the input side that came from the cache.", (8, 4),
                     buckets.course("total(cache_read_tokens)", _ROWS, sql.INPUT_SIDE), "percentunit", "no requests", decimals=1,
                     steps=[(None, colours.RED), (0.5, colours.YELLOW), (0.8, colours.GREEN)]),
        stats.figure(2, "Cache savings", "What the cache saved, net of the dearer writes.", (8, 4),
                     buckets.course("total(cache_savings_usd)", _ROWS), "currencyUSD", decimals=2),
        stats.figure(3, "By subagents", "Share of the cost that subagents caused.", (8, 4),
                     buckets.course("total(subagent_cost_usd)", _ROWS, "total(cost_usd)"), "percentunit", "no cost", decimals=1),
    ]  # fmt: skip


def _costs() -> list[d.Panel]:
    return [
        charts.by_model(5, "Cost by model", "When and by which model.", (24, 9), buckets.by_model("total(cost_usd)"), "currencyUSD"),
        charts.by_model(6, "Output tokens by model", "What each model wrote.", (24, 8), buckets.by_model("total(output_tokens)"), "si:"),
    ]  # fmt: skip


def _models() -> d.Panel:
    only = links.dashboard(HERE, HERE, model=links.text_of("model_name"))
    columns = [
        Column("Model", "text", 0, sql.model_name("model"), more={"links": [
            {"title": "Only this model: ${__data.fields.model_ids}", "url": only}], "custom__tooltip": {"field": "model_ids"}}),
        Column("Cost", "usd", 100, "total(cost_usd)", bar=True), Column("Requests", "count", 80, "total(requests)"),
        Column("Input", "tokens", 66, "total(input_tokens)"), Column("Output", "tokens", 70, "total(output_tokens)"),
        Column("Cache read", "tokens", 92, "total(cache_read_tokens)"), Column("Cache write", "tokens", 96, "total(cache_creation_tokens)"),
        Column("Per 1k output", "price", 109, f"1000 * {sql.ratio('total(cost_usd)', 'total(output_tokens)')}"),
        Column("Hit ratio", "share", 80, sql.HIT_RATIO), Column("Savings", "usd", 78, "total(cache_savings_usd)"),
    ]  # fmt: skip
    return table(4, "Models", "Requests, tokens, cost and cache by model; click one to filter by it.", (24, 9), columns,
                 "FROM used GROUP BY 1 ORDER BY 2 DESC", Hidden("model_ids", "group_concat(model, ', ')"),
                 Hidden("model_name", sql.model_name("model")), with_=USED, sort="Cost", nothing="No request in this range")  # fmt: skip


def _caching() -> list[d.Panel]:
    return [
        charts.by_model(7, "Cache hit ratio by model", "Is caching working? Gaps: nothing was asked.", (12, 10),
                        buckets.by_model("total(cache_read_tokens)", sql.INPUT_SIDE), "percentunit", style="line", stacked=False,
                        total="mean", decimals=1),
        charts.by_model(8, "Cache savings by model", "What the cache earns, net of the dearer writes.", (12, 10),
                        buckets.by_model("total(cache_savings_usd)"), "currencyUSD"),
    ]  # fmt: skip


def _what_if() -> d.Panel:
    columns = [
        Column("Model", "text", 0, sql.model_name("model"), more={"custom__tooltip": {"field": "model_id"}}),
        Column("Would cost", "usd", 94, _PRICE),
        Column("Input", "price", 64, "input_usd"),
        Column("Output", "price", 70, "output_usd"),
    ]
    return table(
        9,
        "At other models' prices",
        "The same tokens at each model's newest price list (USD per million tokens).",
        (12, 9),
        columns,
        "FROM v_prices CROSS JOIN used WHERE fresh + sent + read + written > 0 ORDER BY 2",
        Hidden("model_id", "model"),
        with_=WHAT_IF,
        nothing="No request in this range",
    )


def _speed() -> d.Panel:
    columns = [
        Column("Model", "text", 0, sql.model_name("model"), more={"custom__tooltip": {"field": "model_id"}}),
        Column("Tokens/s", "count", 84, "1000 * total(sent) / total(ms)"),
        Column("Median wait", "ms", 100, "min(iif(n >= 0.5 * sessions, wait, NULL))"),
        Column("p95 wait", "ms", 80, "min(iif(n >= 0.95 * sessions, wait, NULL))"),
    ]
    return table(
        10,
        "Speed",
        "Output tokens per second of waiting, and the wait per request, in sessions with one model.",
        (12, 9),
        columns,
        "FROM ordered GROUP BY model ORDER BY max(sessions) DESC",
        Hidden("model_id", "model"),
        with_=SPEED,
        nothing="No session tells its waiting time",
    )
