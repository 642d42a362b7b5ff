"""Tools: which are used, which fail, what is slow, what fills the context."""

from typing import Any

from grafana.src import panels as p
from grafana.src import sql
from grafana.src.board import build, session_link

HERE = "cm-tools"
TEXT = """**Rate, errors, duration of tool calls.**

*Failure rate* = failed / finished calls; calls you denied are apart. Median and p95 are interpolated within the classes
of the heatmap (10, 30, 100 ms ...). *Largest outputs* shows at most one call per session, tool and quarter hour.
MCP tools begin with `mcp__`; *Task* starts a subagent."""
_FINISHED = "total(calls) - total(unfinished) - total(denied)"
STATS = f"""SELECT total(calls) AS "Calls", total(failed) - total(denied) AS "Failed", total(denied) AS "Denied",
  total(unfinished) AS "Unfinished" FROM v_tools WHERE {sql.TOOLS}"""
BY_TOOL = f"""SELECT tool_name AS "Tool", total(calls) AS "Calls" FROM v_tools WHERE {sql.ACTIVITY}
GROUP BY tool_name HAVING {sql.TOOL} ORDER BY 2 DESC LIMIT 15"""
FAILURES = f"""SELECT tool_name AS "Tool", {_FINISHED} AS "Finished", total(failed) - total(denied) AS "Failed",
  {sql.FAILURE_RATE} AS "Failure rate", total(denied) AS "Denied", total(duration_ms) AS "Time",
  total(input_bytes) AS "Sent", total(output_bytes) AS "Returned"
FROM v_tools WHERE {sql.ACTIVITY} GROUP BY tool_name HAVING {sql.TOOL} ORDER BY 3 DESC LIMIT 50"""
_CLASS_NAMES = ("10 ms", "30 ms", "100 ms", "300 ms", "1 s", "3 s", "10 s", "30 s", "100 s", "300 s", "more")
HEATMAP = sql.columns_over_time({name: f"total(d{n})" for n, name in enumerate(_CLASS_NAMES)}, "v_tools", sql.TOOLS)
LARGEST = f"""WITH top AS MATERIALIZED (
  SELECT largest_call_id, largest_bytes FROM v_tools WHERE {sql.TOOLS} AND largest_bytes > 0 ORDER BY largest_bytes DESC LIMIT 20
)
SELECT c.time AS "Time", {sql.NAMED.format("c.project")} AS "Project", c.tool_name AS "Tool", c.output_bytes AS "Returned",
  coalesce(c.input_summary, '') AS "Input", c.session_id, c.time * 1000 - 1800000 AS from_ms, c.time * 1000 + 1800000 AS to_ms
FROM top JOIN v_tool_calls AS c ON c.tool_call_id = top.largest_call_id ORDER BY c.output_bytes DESC"""
RECENT = f"""SELECT time AS "Time", {sql.NAMED.format("project")} AS "Project", tool_name AS "Tool",
  coalesce(input_summary, '') AS "Input", duration_ms AS "Duration", session_id, time * 1000 - 1800000 AS from_ms,
  time * 1000 + 1800000 AS to_ms
FROM v_tool_calls WHERE success = 0 AND denied IS NOT 1 AND {sql.during("timestamp")} AND {sql.place()} AND {sql.TOOL}
ORDER BY timestamp DESC LIMIT 100"""


def dashboard() -> dict[str, Any]:
    parts = [*_stats(), *_charts(), *_tables(), p.words(11, "How to read this", (0, 51, 24, 5), TEXT)]
    return build(HERE, "Claude metrics / Tools", "Rate, errors and duration of tool calls.", parts)


def _stats() -> list[Any]:
    return [
        p.coloured(p.stat(1, "Calls", "Tool calls and how they ended.", (0, 0, 16, 4), STATS), "Calls", "Failed", "Denied"),
        p.stat(2, "Failure rate", "Failed of all finished calls; denied ones are apart.", (16, 0, 8, 4),
               f"SELECT {sql.FAILURE_RATE} AS v FROM v_tools WHERE {sql.TOOLS}", "percentunit", decimals=1,
               steps=[(None, p.GREEN), (0.1, p.YELLOW), (0.2, p.RED)]),
    ]  # fmt: skip


def _charts() -> list[Any]:
    over = {"Calls": f"{_FINISHED} - total(failed) + total(denied)", "Failed": "total(failed) - total(denied)",
            "Denied": "total(denied)"}  # fmt: skip
    calls = p.chart(3, "Calls over time", "Successful, failed and denied calls.", (0, 4, 12, 9),
                    sql.columns_over_time(over, "v_tools", sql.TOOLS), name="")  # fmt: skip
    options = {
        "calculate": False, "yAxis": {"axisPlacement": "left", "unit": "short"}, "cellGap": 1, "legend": {"show": True},
        "color": {"mode": "scheme", "scheme": "Oranges", "steps": 64, "exponent": 0.5, "fill": "dark-orange", "scale": "exponential",
                  "reverse": False},
        "rowsFrame": {"layout": "le"}, "tooltip": {"mode": "single", "yHistogram": False, "showColorScale": False},
        "showValue": "never", "filterValues": {"le": 1e-9}, "exemplars": {"color": "rgba(255,0,255,0.7)"},
    }  # fmt: skip
    heat = p.panel("heatmap", 5, "Durations over time", "How many calls took up to how long.", (0, 13, 12, 9),
                   p.Sql(HEATMAP, "time"), "short", options)  # fmt: skip
    return [
        p.coloured(calls, *over), p.gauges(4, "Calls by tool", "Which tools are used.", (12, 4, 12, 9), BY_TOOL, "short"), heat,
        p.bars(6, "Duration by tool", "What is slow: median and 95th percentile.", (12, 13, 12, 9), sql.durations(),
               "Tool", "ms", upright=False),
    ]  # fmt: skip


def _tables() -> list[Any]:
    rates = p.table(7, "Tools", "Which fail, and what fills the context.", (0, 22, 24, 9), FAILURES)
    p.column(rates, "Failure rate", unit="percentunit", decimals=1, custom__cellOptions={"type": "gauge", "mode": "basic"},
             min=0, max=1)  # fmt: skip
    for name, unit in (("Time", "ms"), ("Sent", "bytes"), ("Returned", "bytes")):
        p.column(rates, name, unit=unit)
    recent = p.table(8, "Recent failures", "The newest 100; click the input to open the session at that time.", (0, 31, 24, 10),
                     RECENT, "Time")  # fmt: skip
    largest = p.table(9, "Largest outputs", "What filled the context at once; click the input to open the session.",
                      (0, 41, 24, 10), LARGEST, "Time")  # fmt: skip
    p.column(p.column(recent, "Duration", unit="ms"), "Tool", custom__width=160)
    p.column(largest, "Returned", unit="bytes")
    links = [p.linked(found, "Input", "Open the session", session_link()) for found in (recent, largest)]
    return [rates, *(p.hidden(found, "session_id", "from_ms", "to_ms") for found in links)]
