"""Tools: which are used, which fail, what is slow, what fills the context."""

from typing import Any

from grafana_foundation_sdk.builders import dashboard as d

from grafana.src import buckets, charts, colours, durations, links, sql, stats, tables, words
from grafana.src import panels as p
from grafana.src.board import Section, build
from grafana.src.tables import Column, table

HERE = "cm-tools"
TEXT = """**Rate, errors, duration of tool calls.**

*Failure rate* = failed / finished calls; calls you denied are apart. Median and p95 are interpolated within the classes
of the heat map (10, 30, 100 ms ...). *Largest outputs* shows at most one call per session, tool and quarter hour.
MCP tools begin with `mcp__`; *Task* starts a subagent."""
_ROWS = f"v_tools WHERE <when> AND {sql.place()} AND {sql.TOOL}"
ENDS = f"""SELECT {sql.FINISHED} - {sql.FAILED} AS "Successful", {sql.FAILED} AS "Failed", total(denied) AS "Denied",
  total(unfinished) AS "Unfinished" FROM v_tools WHERE {sql.TOOLS}"""
OVER_TIME = {"Successful": f"{sql.FINISHED} - {sql.FAILED}", "Failed": sql.FAILED, "Denied": "total(denied)"}
BY_TOOL = f"""WITH shown AS MATERIALIZED (
  SELECT tool_name AS "Tool", total(calls) AS "Calls" FROM v_tools WHERE {sql.ACTIVITY}
  GROUP BY tool_name HAVING {sql.TOOL} ORDER BY 2 DESC LIMIT 12
)
SELECT * FROM shown UNION ALL SELECT 'nothing in this range', 0.0 WHERE NOT EXISTS (SELECT 1 FROM shown)"""
HEATMAP = buckets.by_column({name: f"total(d{n})" for n, name in enumerate(durations.NAMES)}, "v_tools", sql.TOOLS)
LARGEST = f"""top AS MATERIALIZED (
  SELECT largest_call_id, largest_bytes FROM v_tools WHERE {sql.TOOLS} AND largest_bytes > 0 ORDER BY largest_bytes DESC LIMIT 20
)"""


def dashboard() -> dict[str, Any]:
    recent, largest = _calls()
    sections = [
        Section("", _stats()),
        Section("What is used and what fails", [*_use(), _rates(), recent]),
        Section("What is slow", _slow()),
        Section("What fills the context", [largest]),
        Section("How to read this", [p.words(11, "How to read this", (24, 6), TEXT)], closed=True),
    ]
    return build(HERE, "Tools", "Rate, errors and duration of tool calls.", sections)


def _stats() -> list[d.Panel]:
    ends = stats.stat(
        1,
        "How they ended",
        "Tool calls by their end; denied: you said no, unfinished: no result was recorded.",
        (12, 4),
        ENDS,
    )
    return [
        stats.figure(12, "Tool calls", "All tool calls of the range.", (6, 4), buckets.course("total(calls)", _ROWS)),
        stats.figure(
            2,
            "Failure rate",
            "Failed of all finished calls; denied ones are apart.",
            (6, 4),
            buckets.course(sql.FAILED, _ROWS, sql.FINISHED),
            "percentunit",
            "no tool calls",
            decimals=1,
            steps=[(None, colours.GREEN), (0.1, colours.YELLOW), (0.2, colours.RED)],
        ),
        p.coloured(ends, "Successful", "Failed", "Denied", "Unfinished"),
    ]


def _use() -> list[d.Panel]:
    calls = charts.chart(
        3,
        "Calls over time",
        "Successful, failed and denied calls.",
        (14, 10),
        buckets.by_column(OVER_TIME, "v_tools", sql.TOOLS),
    )
    return [
        p.coloured(calls, *OVER_TIME),
        charts.gauges(4, "Calls by tool", "The twelve most used.", (10, 10), BY_TOOL, "locale"),
    ]


def _rates() -> d.Panel:
    columns = [
        Column("Tool", "text", 180, "tool_name"),
        Column("Failed", "count", 75, sql.FAILED),
        Column("Failure rate", "share", 0, sql.FAILURE_RATE, bar=True, more={"max": 1, "color": p.fixed(colours.RED)}),
        Column("Finished", "count", 85, sql.FINISHED),
        Column("Denied", "count", 75, "total(denied)"),
        Column("Time", "ms", 95, "total(duration_ms)"),
        Column("Sent", "bytes", 90, "total(input_bytes)"),
        Column("Returned", "bytes", 90, "total(output_bytes)"),
    ]
    return table(
        7,
        "Tools",
        "Which fail, how long they took together, and what they sent and returned.",
        (24, 9),
        columns,
        f"FROM v_tools WHERE {sql.ACTIVITY} GROUP BY tool_name HAVING {sql.TOOL} ORDER BY 2 DESC LIMIT 50",
        sort="Failed",
        nothing="No tool call in this range",
    )


def _slow() -> list[d.Panel]:
    bars = charts.bars(6, "Duration by tool", "The ten slowest: median and 95th percentile.", (12, 10), durations.by_tool(), "Tool", "ms",
                       upright=False, total="max")  # fmt: skip
    heat = charts.heatmap(
        5, "Durations over time", "How many calls took up to how long.", (12, 10), HEATMAP, "locale", "Oranges"
    )
    return [heat, p.coloured(bars, "Median", "95th percentile")]


def _calls() -> tuple[d.Panel, d.Panel]:
    def name(alias: str) -> Column:
        text = f"coalesce(nullif({words.one_line(alias + 'input_summary')}, ''), '(no input)')"
        return Column("Input", "text", 0, text, more={"links": links.cell("Open the session", links.session())})

    def rest(alias: str) -> list[Column]:
        return [
            Column("Tool", "text", 150, f"{alias}tool_name"),
            Column("Project", "text", 120, sql.NAMED.format(f"{alias}project")),
            Column("Time", "time", 130, f"{alias}time"),
        ]

    around = ("time - 1800", "time + 1800")
    recent = table(
        8,
        "Recent failures",
        "The newest 100; click the input to open the session at that time.",
        (24, 10),
        [name(""), Column("Duration", "ms", 85, "duration_ms"), *rest("")],
        f"FROM v_tool_calls WHERE success = 0 AND result = 'failed' AND {sql.during('timestamp')} AND {sql.place()} AND {sql.TOOL}"
        " ORDER BY timestamp DESC LIMIT 100",
        *tables.session(*around),
        sort="Time",
        nothing="Nothing failed in this range",
    )
    largest = table(
        9,
        "Largest outputs",
        "What filled the context at once; click the input to open the session.",
        (24, 10),
        [name("c."), Column("Returned", "bytes", 90, "c.output_bytes"), *rest("c.")],
        "FROM top JOIN v_tool_calls AS c ON c.tool_call_id = top.largest_call_id ORDER BY c.output_bytes DESC",
        *tables.session("c.time - 1800", "c.time + 1800", "c.session_id"),
        with_=LARGEST,
        sort="Returned",
        nothing="No tool call with an output in this range",
    )
    return recent, largest
