"""Median and 95th percentile of the durations of tool calls, for reports and for the dashboards' SQL.

The views keep a count per class of duration (`d0` to `d10` of `v_tools`), so a percentile is the point inside its class
that is reached when the calls of the class are spread evenly over it. `v_duration_classes` holds the classes.
"""

from __future__ import annotations

CLASSES = range(11)
_COUNTS = ", ".join(f"sum(d{n}) as d{n}" for n in CLASSES)
_COUNT_OF_CLASS = "case class " + " ".join(f"when {n} then d{n}" for n in CLASSES) + " end"


def by_tool(condition: str, having: str = "true") -> str:
    """SQL for `tool_name`, `p50_ms` and `p95_ms` of the rows of `v_tools` under `condition`.

    Tools without a duration have no row. `having` is a condition on `tool_name`.
    """
    return f"""with sums as materialized (
  select tool_name, {_COUNTS} from v_tools where {condition} group by tool_name having {having}
),
counts as (select tool_name, lower_ms, upper_ms, class, {_COUNT_OF_CLASS} as n from sums cross join v_duration_classes),
running as (
  select *, sum(n) over (partition by tool_name order by class) as upto, sum(n) over (partition by tool_name) as n_all
  from counts
)
select tool_name, {_percentile(0.5)} as p50_ms, {_percentile(0.95)} as p95_ms
from running where n_all > 0 group by tool_name"""


def _percentile(part: float) -> str:
    reached = f"{part} * n_all"
    inside = f"lower_ms + (upper_ms - lower_ms) * ({reached} - (upto - n)) / n"
    return f"min(iif(n > 0 and upto >= {reached} and upto - n < {reached}, {inside}, null))"
