"""Session: what was this session, where did its time and money go, what exactly happened."""

from typing import Any

from grafana.src import panels as p
from grafana.src import sql
from grafana.src.board import build

HERE = "cm-session"
ONE = "session_id = ${session:sqlstring}"
TEXT = """**One session, step by step.** Come here from the *Session explorer*: the link sets the range to the session's own time.
With another range the charts are empty while the tables stay.

*Timeline* lanes: your turn, the model at work, tools, waiting for you. *Context* is what the main thread sent with each
request, as a share of the context window chosen above; a sudden fall is a compaction."""
_AT = sql.AT.format
FACTS = f"""SELECT total(total_cost_usd) AS "Cost", total(user_message_count) AS "Turns", total(tool_calls) AS "Tool calls",
  total(failed_tool_calls) AS "Failed", total(commits) AS "Commits", total(total_tokens) AS "Tokens" FROM v_sessions WHERE {ONE}"""
TIMES = f"""SELECT (SELECT total(active_ms) FROM v_activity WHERE {ONE}) AS "Active",
  (SELECT total(({_AT("end_time")} - {_AT("start_time")}) * 1000) FROM v_sessions WHERE {ONE}) AS "From start to end",
  (SELECT total(total_api_duration_ms) FROM v_sessions WHERE {ONE}) AS "Waiting for the API\""""
ABOUT = f"""SELECT {sql.SECONDS.format("start_time")} AS "Start", {sql.NAMED.format("project")} AS "Project",
  {sql.NAMED.format("branch")} AS "Branch", agent AS "Agent", coalesce(agent_version, '?') AS "Version",
  coalesce(title, first_prompt, '') AS "Title", coalesce(status, '?') AS "Status", coalesce(end_reason, '-') AS "End",
  lines_added AS "Lines added", lines_removed AS "Lines removed", reported_cost_usd AS "Agent's own cost",
  coalesce(project_path, '?') AS "Folder", session_id AS "Id" FROM v_sessions WHERE {ONE}"""
TIMELINE = f"""WITH turns AS MATERIALIZED (
  SELECT turn_index AS n, {_AT("started_at")} AS began, {_AT("coalesce(ended_at, started_at)")} AS ended,
    lead({_AT("started_at")}) OVER (ORDER BY started_at, turn_index) AS next FROM v_turns WHERE {ONE} AND turn_index IS NOT NULL
),
requests AS MATERIALIZED (
  SELECT {_AT("timestamp")} AS ended, model FROM v_requests
  WHERE {ONE} AND agent_id IS NULL AND kind = 'message' ORDER BY timestamp LIMIT 2000
),
calls AS MATERIALIZED (
  SELECT {_AT("timestamp")} AS began, {_AT("coalesce(finished_at, timestamp)")} AS ended, tool_name FROM v_tool_calls
  WHERE {ONE} AND agent_id IS NULL AND timestamp IS NOT NULL ORDER BY timestamp LIMIT 2000
),
signs AS MATERIALIZED (
  SELECT began AS at FROM turns UNION SELECT ended FROM requests UNION SELECT ended FROM calls
),
thinking AS MATERIALIZED (
  SELECT lag(at) OVER (ORDER BY at) AS began, at FROM signs
),
steps(at, change, name) AS MATERIALIZED (
  SELECT began, 1, tool_name FROM calls WHERE ended > began UNION ALL SELECT ended, -1, NULL FROM calls WHERE ended > began
),
running AS MATERIALIZED (
  SELECT at, name, sum(change) OVER (ORDER BY at, change ROWS UNBOUNDED PRECEDING) AS n FROM steps
),
events(at, lane, value) AS MATERIALIZED (
  SELECT began, 1, 'turn ' || n FROM turns UNION ALL SELECT ended, 1, NULL FROM turns WHERE ended > began
  UNION ALL SELECT began, 2, model FROM requests JOIN thinking ON thinking.at = requests.ended WHERE began IS NOT NULL
  UNION ALL SELECT ended, 2, NULL FROM requests
  UNION ALL SELECT at, 3, CASE n WHEN 0 THEN NULL WHEN 1 THEN coalesce(name, 'tools') ELSE n || ' tools' END FROM running
  UNION ALL SELECT ended, 4, 'waiting' FROM turns WHERE next > ended UNION ALL SELECT next, 4, NULL FROM turns WHERE next > ended
),
numbered AS MATERIALIZED (
  SELECT row_number() OVER (ORDER BY at, value IS NOT NULL) AS n, at, lane, value FROM events
),
latest AS MATERIALIZED (
  SELECT n, at, max(iif(lane = 1, n, NULL)) OVER w AS l1, max(iif(lane = 2, n, NULL)) OVER w AS l2,
    max(iif(lane = 3, n, NULL)) OVER w AS l3, max(iif(lane = 4, n, NULL)) OVER w AS l4, max(n) OVER (PARTITION BY at) AS final
  FROM numbered WINDOW w AS (ORDER BY n ROWS UNBOUNDED PRECEDING)
)
SELECT latest.at AS time, a.value AS "Turn", b.value AS "Model", c.value AS "Tools", e.value AS "You"
FROM latest LEFT JOIN numbered AS a ON a.n = l1 LEFT JOIN numbered AS b ON b.n = l2
LEFT JOIN numbered AS c ON c.n = l3 LEFT JOIN numbered AS e ON e.n = l4 WHERE latest.n = final ORDER BY 1"""
CUMULATIVE = f"""SELECT {_AT("timestamp")} AS time, total(cost_usd) OVER (ORDER BY timestamp, id) AS "Cost"
FROM v_requests WHERE {ONE} ORDER BY 1"""
CONTEXT = f"""SELECT {_AT("timestamp")} AS time,
  1.0 * (input_tokens + cache_read_tokens + cache_creation_tokens) / $context_window AS "Context"
FROM v_requests WHERE {ONE} AND agent_id IS NULL AND kind = 'message' ORDER BY 1"""
KINDS = f"""SELECT 'turn ' || coalesce(turn_index, 0) AS "Turn", total(input_tokens) AS "Input", total(output_tokens) AS "Output",
  total(cache_read_tokens) AS "Cache read", total(cache_creation_tokens) AS "Cache write"
FROM v_requests WHERE {ONE} GROUP BY turn_index ORDER BY turn_index LIMIT 100"""
MODELS = f"""SELECT model AS "Model", requests AS "Requests", input_tokens AS "Input", output_tokens AS "Output",
  cache_read_tokens AS "Cache read", cache_creation_tokens AS "Cache write", cost_usd AS "Cost"
FROM v_session_models WHERE {ONE} ORDER BY cost_usd DESC"""
TURNS = f"""SELECT turn_index AS "Turn", {_AT("started_at")} AS "Start", coalesce(prompt, '') AS "Prompt", requests AS "Requests",
  tool_calls AS "Tools", input_tokens AS "Input", output_tokens AS "Output", cost_usd AS "Cost",
  ({_AT("ended_at")} - {_AT("started_at")}) * 1000 AS "Duration" FROM v_turns WHERE {ONE} ORDER BY turn_index LIMIT 1000"""
CALLS = f"""SELECT {_AT("timestamp")} AS "Start", turn_index AS "Turn", tool_name AS "Tool",
  CASE WHEN denied = 1 THEN 'denied' WHEN success IS NULL THEN 'unfinished' WHEN success THEN 'ok' ELSE 'failed' END AS "Result",
  duration_ms AS "Duration", input_bytes AS "Sent", output_bytes AS "Returned", coalesce(input_summary, '') AS "Input",
  coalesce(file_path, '') AS "File" FROM v_tool_calls WHERE {ONE} ORDER BY timestamp LIMIT 2000"""
COMMITS = f"""SELECT time AS "Time", substr(sha, 1, 10) AS "Commit", message AS "Subject", lines_added AS "Lines added",
  lines_deleted AS "Lines removed", attribution AS "Attribution", reachable AS "Reachable"
FROM v_commits WHERE {ONE} ORDER BY committed_at"""


def dashboard() -> dict[str, Any]:
    parts = [
        *_stats(), _timeline(), *_charts(), *_tables(), p.words(12, "How to read this", (0, 64, 24, 6), TEXT),
    ]  # fmt: skip
    return build(HERE, "Claude metrics / Session", "One session, step by step.", parts, "now-24h", refresh="30s")


def _stats() -> list[Any]:
    facts = p.stat(1, "Session", "What it cost and did.", (0, 0, 16, 4), FACTS)
    about = p.table(3, "About", "Who, where, how it ended.", (0, 4, 24, 4), ABOUT, "Start")
    return [
        p.column(facts, "Cost", unit="currencyUSD", decimals=4),
        p.stat(2, "Time", "Active: without pauses of five minutes and more.", (16, 0, 8, 4), TIMES, "ms"),
        p.column(about, "Agent's own cost", unit="currencyUSD"),
    ]


def _timeline() -> Any:
    options = {
        "mergeValues": True, "showValue": "auto", "alignValue": "left", "rowHeight": 0.85,
        "legend": {"showLegend": False, "displayMode": "list", "placement": "bottom", "calcs": []},
        "tooltip": {"mode": "single", "sort": "none"},
    }  # fmt: skip
    custom = {"fillOpacity": 70, "lineWidth": 0, "spanNulls": False}
    return p.panel("state-timeline", 4, "Timeline", "Where the time went: your turns, the model, tools, waiting for you.",
                   (0, 8, 24, 8), p.Sql(TIMELINE, "time"), "", options, custom)  # fmt: skip


def _charts() -> list[Any]:
    cost = p.chart(5, "Cumulative cost", "When it got expensive.", (0, 16, 12, 8), CUMULATIVE, "currencyUSD", "line", False,
                   "stepAfter", "")  # fmt: skip
    context = p.chart(6, "Context", "How full the context window was at each request of the main thread.", (12, 16, 12, 8),
                      CONTEXT, "percentunit", "points", False, name="",
                      steps=[(None, p.GREEN), (0.6, p.YELLOW), (0.8, p.RED)])  # fmt: skip
    kinds = p.bars(
        7, "Tokens per turn", "Which turns read everything anew.", (0, 24, 24, 8), KINDS, "Turn", stacked=True
    )
    return [p.coloured(cost, "Cost"), context, p.coloured(kinds, "Input", "Output", "Cache read", "Cache write")]


def _tables() -> list[Any]:
    models = p.table(8, "Models", "What each model did for this session.", (0, 32, 12, 7), MODELS)
    turns = p.table(9, "Turns", "Each prompt and what followed.", (0, 39, 24, 11), TURNS, "Start")
    calls = p.table(10, "Tool calls", "The first 2000, in order.", (0, 50, 24, 14), CALLS, "Start")
    commits = p.table(11, "Commits", "Made by this session (proven), or by its author meanwhile (inferred).", (12, 32, 12, 7),
                      COMMITS, "Time")  # fmt: skip
    colours = {"failed": p.RED, "denied": p.PURPLE, "unfinished": p.YELLOW, "ok": p.GREEN}
    mapping = {
        "type": "value",
        "options": {text: {"color": colour, "index": i} for i, (text, colour) in enumerate(colours.items())},
    }
    p.column(calls, "Result", mappings=[mapping], custom__cellOptions={"type": "color-text"})
    p.column(p.column(calls, "Sent", unit="bytes"), "Returned", unit="bytes")
    return [
        p.column(models, "Cost", unit="currencyUSD"), p.column(p.column(turns, "Cost", unit="currencyUSD"), "Duration", unit="ms"),
        p.column(calls, "Duration", unit="ms"), commits,
    ]  # fmt: skip
