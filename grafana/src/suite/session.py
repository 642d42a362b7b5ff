"""Session: what was this session, where did its time and money go, what exactly happened."""

from typing import Any

from grafana_foundation_sdk.builders import dashboard as d

from grafana.src import charts, links, sql, stats, tables, words
from grafana.src import panels as p
from grafana.src.board import Section, build
from grafana.src.colours import CATEGORIES, GREEN, RED, YELLOW, models
from grafana.src.suite.session_timeline import TIMELINE
from grafana.src.tables import Column, Hidden, table

HERE = "cm-session"
NEWEST = "(SELECT session_id FROM v_sessions WHERE start_time IS NOT NULL ORDER BY start_time DESC LIMIT 1)"
ONE = f"session_id = coalesce(nullif(${{session:sqlstring}}, ''), {NEWEST})"
TEXT = """**One session, step by step**: the one chosen above, or else the newest. Come here from the *Sessions* dashboard, then the
time range is the session's own; otherwise click the session's title, which sets it. Only the timeline needs it: the other
charts count the time from the session's start.

*Timeline* lanes: your turn, the model at work, what tools are for, waiting for you. *Context* is what the main thread sent with
each request, as a share of the context window chosen above; a sudden fall is a compaction."""
BARS = 60
_AT = sql.AT.format
_START, _END = sql.SECONDS.format("start_time"), sql.SECONDS.format("end_time")
FACTS = f"""SELECT total(total_cost_usd) AS "Cost", total(user_message_count) AS "Turns", total(tool_calls) AS "Tool calls",
  total(failed_tool_calls) AS "Failed", total(total_tokens) AS "Tokens" FROM v_sessions WHERE {ONE}"""
TIMES = f"""SELECT (SELECT total(active_ms) FROM v_activity WHERE {ONE}) AS "Active",
  (SELECT total(({_AT("end_time")} - {_AT("start_time")}) * 1000) FROM v_sessions WHERE {ONE}) AS "Start to end",
  (SELECT nullif(total(total_api_duration_ms), 0.0) FROM v_sessions WHERE {ONE}) AS "API wait\""""
_BEGAN = f"(SELECT {_AT('min(timestamp)')} FROM v_requests WHERE {ONE})"
CUMULATIVE = f"""SELECT {_AT("timestamp")} - {_BEGAN} AS "Since the start", max(spent) AS "Cost" FROM (
  SELECT timestamp, total(cost_usd) OVER (ORDER BY timestamp, id) AS spent FROM v_requests WHERE {ONE}
) GROUP BY timestamp ORDER BY 1"""
CONTEXT = f"""SELECT {_AT("timestamp")} - {_BEGAN} AS "Since the start",
  max(1.0 * (input_tokens + cache_read_tokens + cache_creation_tokens) / $context_window) AS "Context"
FROM v_requests WHERE {ONE} AND agent_id IS NULL AND kind = 'message' GROUP BY timestamp ORDER BY 1"""
KINDS = f"""WITH grouped AS MATERIALIZED (
  SELECT max(1, (coalesce(max(turn_index), 0) + {BARS}) / {BARS}) AS size FROM v_requests WHERE {ONE}
)
SELECT min(coalesce(turn_index, 0)) || iif(size = 1, '', '-' || max(coalesce(turn_index, 0))) AS "Turn", total(input_tokens) AS "Input",
  total(output_tokens) AS "Output", total(cache_read_tokens) AS "Cache read", total(cache_creation_tokens) AS "Cache write"
FROM grouped CROSS JOIN v_requests WHERE {ONE} GROUP BY coalesce(turn_index, 0) / size ORDER BY min(coalesce(turn_index, 0))"""


def dashboard() -> dict[str, Any]:
    sections = [
        Section("", [*_stats(), _about()]),
        Section("Where time and money went", [_timeline(), *_charts()]),
        Section("What happened", [_models(), _commits(), _turns(), _calls()]),
        Section("How to read this", [p.words(12, "How to read this", (24, 7), TEXT)], closed=True),
    ]
    return build(HERE, "Session", "One session, step by step.", sections, "now-24h", refresh="30s")


def _stats() -> list[d.Panel]:
    facts = stats.stat(1, "Session", "What it cost and did.", (14, 4), FACTS)
    p.field(facts, "Cost", unit="currencyUSD", decimals=2)
    p.field(facts, "Tokens", unit="si:")
    times = stats.stat(
        2, "Time", "Active: without pauses of five minutes and more.", (10, 4), TIMES, "ms", "n/a", decimals=1
    )
    return [facts, times]


def _about() -> d.Panel:
    columns = [
        Column("Title", "text", 0, words.title(), more={"links": links.cell("Fit the range to this session", links.session())}),
        Column("Start", "time", 130, _START), Column("Project", "text", 110, sql.NAMED.format("project")),
        Column("Branch", "text", 110, sql.NAMED.format("branch")), Column("Agent", "text", 95, words.agent("agent")),
        Column("Version", "text", 76, "coalesce(agent_version, '?')"), Column("Status", "text", 84, "coalesce(status, '?')"),
        Column("Own cost", "usd", 80, "reported_cost_usd"),
    ]  # fmt: skip
    return table(
        3,
        "About",
        "Who, where, how it ended; click the title to set the time range to that of the session.",
        (24, 4),
        columns,
        f"FROM v_sessions WHERE {ONE}",
        *tables.session(_START, _END),
        nothing="No session is recorded yet",
    )


def _timeline() -> d.Panel:
    made = charts.timeline(
        4,
        "Timeline",
        "Where the time went: your turns, the model, what tools were for, waiting for you.",
        (24, 8),
        p.Sql(TIMELINE.replace("<one>", ONE), "time"),
        "string",
    )
    made.color_scheme(d.FieldColor().mode("fixed").fixed_color("semi-dark-blue"))
    tools = [(shown, colour) for shown, colour in CATEGORIES.values()]
    p.field(made, "Tools", mappings=[_pattern(f"/^{shown}( |$)/", colour) for shown, colour in tools])
    p.field(made, "Model", mappings=[_pattern(pattern, colour) for pattern, colour in reversed(list(models()))])
    return p.field(made, "You", mappings=[_pattern("/^waiting$/", "light-yellow")])


def _pattern(pattern: str, colour: str) -> dict[str, Any]:
    """A colour for texts; the first pattern that fits counts, and the text stays."""
    return {"type": "regex", "options": {"pattern": pattern, "result": {"color": colour}}}


def _charts() -> list[d.Panel]:
    cost = charts.trend(5, "Cumulative cost", "When it got expensive, counted from the first request.", (12, 8), CUMULATIVE,
                        "Since the start", "s", "currencyUSD", line="stepAfter", decimals=2)  # fmt: skip
    context = charts.trend(6, "Context", "How full the context window was at each request of the main thread.", (12, 8), CONTEXT,
                           "Since the start", "s", "percentunit", "points", total="max",
                           steps=[(None, GREEN), (0.6, YELLOW), (0.8, RED)])  # fmt: skip
    kinds = charts.bars(
        7,
        "Tokens per turn",
        f"Which turns read everything anew; of long sessions some turns together, at most {BARS} bars.",
        (24, 8),
        KINDS,
        "Turn",
        "si:",
        stacked=True,
    )
    return [p.coloured(cost, "Cost"), context, p.coloured(kinds, "Input", "Output", "Cache read", "Cache write")]


def _models() -> d.Panel:
    columns = [
        Column("Model", "text", 0, sql.model_name("model"), more={"custom__tooltip": {"field": "model_id"}}),
        Column("Cost", "usd", 80, "cost_usd"),
        Column("Requests", "count", 82, "requests"),
        Column("Output", "tokens", 70, "output_tokens"),
    ]
    return table(
        8,
        "Models",
        "What each model did for this session.",
        (12, 7),
        columns,
        f"FROM v_session_models WHERE {ONE} ORDER BY cost_usd DESC",
        Hidden("model_id", "model"),
        sort="Cost",
        nothing="No model was asked",
    )


def _commits() -> d.Panel:
    columns = [
        Column("Subject", "text", 0, words.one_line("message")),
        Column("Added", "count", 65, "lines_added"),
        Column("Removed", "count", 78, "lines_deleted"),
        Column("Commit", "text", 95, "substr(sha, 1, 10)"),
        Column("Kept", "mark", 50, "CAST(reachable AS TEXT)"),
    ]
    return table(
        11,
        "Commits",
        "Made by this session (proven), or by its author meanwhile (inferred). Kept: a branch still reaches it.",
        (12, 7),
        columns,
        f"FROM v_commits WHERE {ONE} ORDER BY committed_at",
        nothing="No commit",
    )


def _turns() -> d.Panel:
    columns = [
        Column("Prompt", "text", 0, words.one_line("prompt")),
        Column("Cost", "price", 80, "cost_usd", more={"decimals": 3}),
        Column("Turn", "count", 56, "turn_index"),
        Column("Start", "time", 90, _AT("started_at"), more={"unit": "time:HH:mm:ss"}),
        Column("Duration", "ms", 85, f"({_AT('ended_at')} - {_AT('started_at')}) * 1000"),
        Column("Requests", "count", 82, "requests"),
        Column("Tools", "count", 60, "tool_calls"),
        Column("Input", "tokens", 70, "input_tokens"),
        Column("Output", "tokens", 70, "output_tokens"),
    ]
    return table(
        9,
        "Turns",
        "Each prompt and what followed; the first 1,000.",
        (24, 11),
        columns,
        f"FROM v_turns WHERE {ONE} ORDER BY turn_index LIMIT 1000",
        nothing="No prompt is recorded",
    )


def _calls() -> d.Panel:
    colours = {"failed": RED, "denied": "purple", "unfinished": YELLOW, "ok": GREEN}
    result = {
        "custom__cellOptions": {"type": "color-text"},
        "mappings": p.mapped({name: name for name in colours}, colours),
    }
    columns = [
        Column("Input", "text", 0, f"coalesce(nullif({words.one_line('input_summary')}, ''), '(no input)')"),
        Column("Duration", "ms", 85, "duration_ms"),
        Column("Result", "text", 95, "result", more=result),
        Column("Tool", "text", 140, "tool_name"),
        Column("Turn", "count", 56, "turn_index"),
        Column("Start", "time", 90, _AT("timestamp"), more={"unit": "time:HH:mm:ss"}),
        Column("Sent", "bytes", 85, "input_bytes"),
        Column("Returned", "bytes", 88, "output_bytes"),
    ]
    return table(
        10,
        "Tool calls",
        "The first 2,000, in order.",
        (24, 14),
        columns,
        f"FROM v_tool_calls WHERE {ONE} ORDER BY timestamp LIMIT 2000",
        nothing="No tool call",
    )
