"""SQL for the durations of tool calls, from the counts per class that the views keep."""

from __future__ import annotations

from claude_metrics.reports import durations
from grafana.src import sql

NAMES = ("10 ms", "30 ms", "100 ms", "300 ms", "1 s", "3 s", "10 s", "30 s", "100 s", "300 s", "more")
SHOWN = 10


def by_tool() -> str:
    """Median and 95th percentile of each tool, as `report tools` gives them; the slowest first."""
    percentiles = durations.by_tool(sql.ACTIVITY, sql.TOOL)
    return f"""WITH found AS MATERIALIZED ({percentiles}),
shown AS (SELECT tool_name AS "Tool", p50_ms AS "Median", p95_ms AS "95th percentile" FROM found ORDER BY 3 DESC LIMIT {SHOWN})
SELECT * FROM shown UNION ALL SELECT 'nothing in this range', 0.0, 0.0 WHERE NOT EXISTS (SELECT 1 FROM shown)"""
