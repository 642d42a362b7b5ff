"""SQL for the durations of tool calls, from the counts per class that the views keep."""

from __future__ import annotations

from grafana.src import sql

CLASSES = range(11)
NAMES = ("10 ms", "30 ms", "100 ms", "300 ms", "1 s", "3 s", "10 s", "30 s", "100 s", "300 s", "more")
SHOWN = 10
_SUMS = ", ".join(f"sum(d{n}) AS d{n}" for n in CLASSES)
_PICK = " ".join(f"WHEN {n} THEN d{n}" for n in CLASSES)


def _quantile(q: float, name: str) -> str:
    reached = f"{q} * n_all"
    inside = f"lower_ms + (upper_ms - lower_ms) * ({reached} - (upto - n)) / n"
    return f'min(iif(n > 0 AND upto >= {reached} AND upto - n < {reached}, {inside}, NULL)) AS "{name}"'


def by_tool() -> str:
    """Median and 95th percentile of each tool, interpolated within the classes of `v_duration_classes`."""
    return f"""WITH sums AS MATERIALIZED (SELECT tool_name, {_SUMS} FROM v_tools WHERE {sql.ACTIVITY} GROUP BY tool_name HAVING {sql.TOOL}),
counts AS (
  SELECT tool_name, class, lower_ms, upper_ms, CASE class {_PICK} END AS n FROM sums CROSS JOIN v_duration_classes
),
running AS (
  SELECT *, sum(n) OVER (PARTITION BY tool_name ORDER BY class) AS upto, sum(n) OVER (PARTITION BY tool_name) AS n_all
  FROM counts
),
shown AS MATERIALIZED (
  SELECT coalesce(tool_name, '?') AS "Tool", {_quantile(0.5, "Median")}, {_quantile(0.95, "95th percentile")}
  FROM running WHERE n_all > 0 GROUP BY 1 ORDER BY 3 DESC LIMIT {SHOWN}
)
SELECT * FROM shown UNION ALL SELECT 'nothing in this range', 0.0, 0.0 WHERE NOT EXISTS (SELECT 1 FROM shown)"""
