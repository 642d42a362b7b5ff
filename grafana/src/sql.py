"""Pieces of SQL that panels share. Everything is read from `v_` views; sums are `total()`, for a first integer cuts fractions.

Times of quarter hours are unix seconds; a range holds the quarters that begin in it. A local day or month is that of the
viewer's browser at the range's end (`${__to:date:Z}`, +02:00).
"""

from __future__ import annotations

PLACE = ("agent", "project", "branch", "machine")
WITHIN = "time >= $__from / 1000 AND time < $__to / 1000"
BEFORE = "time >= (2 * $__from - $__to) / 1000 AND time < $__from / 1000"
EAST = "(strftime('%s', '2000-01-01', '${__to:date:Z}') - 946684800)"
MODEL = "+model IN (SELECT model FROM v_model_names WHERE model_key IN (${model:sqlstring}))"
TOOL = "+tool_name IN (SELECT tool_name FROM v_tool_names WHERE tool_key IN (${tool:sqlstring}))"
INPUT_SIDE = "total(input_tokens) + total(cache_creation_tokens) + total(cache_read_tokens)"


def during(column: str) -> str:
    """The range as a condition on a column of RFC 3339 text, which its index can answer."""
    text = "strftime('%Y-%m-%dT%H:%M:%fZ', {} / 1000.0, 'unixepoch')"
    return f"{column} >= {text.format('$__from')} AND {column} < {text.format('$__to')}"


def place(alias: str = "") -> str:
    """The variables agent, project, branch and machine as one condition, checked and not searched by (`+`): time comes first."""
    keys = " AND ".join(f"{name}_key IN (${{{name}:sqlstring}})" for name in PLACE)
    return f"+{alias}place_id IN (SELECT place_id FROM v_places WHERE {keys})"


USAGE = f"{WITHIN} AND {place()} AND {MODEL}"
ACTIVITY = f"{WITHIN} AND {place()}"
TOOLS = f"{WITHIN} AND {place()} AND {TOOL}"
NAMED = "coalesce({0}, '(none)')"
_MODEL_NAME = "replace(iif({0} = '', '(reported)', {0}), '\"', '″')"
MODEL_NAME = _MODEL_NAME.format("model")
AT = "(julianday({}) - 2440587.5) * 86400.0"
SECONDS = "CAST(strftime('%s', {}) AS INTEGER)"


def ratio(part: str, whole: str) -> str:
    """`part / whole`, NULL where there is nothing to divide by."""
    return f"{part} / nullif({whole}, 0.0)"


HIT_RATIO = ratio("total(cache_read_tokens)", f"({INPUT_SIDE})")
FAILURE_RATE = ratio("(total(failed) - total(denied))", "(total(calls) - total(unfinished) - total(denied))")

_LENGTH = "($__to - $__from) / 1000"
_BUCKETS = f"""buckets(step, shift) AS MATERIALIZED (
  SELECT step, {EAST} + iif(step = 604800, 259200, 0) FROM (
    SELECT CASE WHEN $bucket > 0 AND {_LENGTH} / max($bucket, 1) <= 5000 THEN $bucket WHEN {_LENGTH} <= 21600 THEN 900
      WHEN {_LENGTH} <= 259200 THEN 3600 WHEN {_LENGTH} <= 15552000 THEN 86400 ELSE 604800 END AS step)
)"""
_GRID = """grid(time) AS (
  SELECT ($__from / 1000 + shift) / step * step - shift FROM buckets
  UNION ALL SELECT time + step FROM grid, buckets WHERE time + step < $__to / 1000
)"""


def over_time(
    value: str, label: str, source: str, where: str, name: str, empty: str = "0.0", shown: str = "{0}"
) -> str:
    """A value per bucket and label for a chart; `empty` fills the buckets without rows, so that stacks add up.

    `shown` makes the label's text: once per label, not per row."""
    return f"""WITH RECURSIVE {_BUCKETS},
facts AS MATERIALIZED (
  SELECT (time + shift) / step * step - shift AS time, {label} AS label, {value} AS value
  FROM buckets CROSS JOIN {source} WHERE {where} GROUP BY 1, 2
),
{_GRID}
SELECT grid.time AS time, coalesce({shown.format("labels.label")}, '(none)') AS "{name}", coalesce(facts.value, {empty}) AS Value
FROM grid CROSS JOIN (SELECT DISTINCT label FROM facts) AS labels
LEFT JOIN facts ON facts.time = grid.time AND facts.label IS labels.label
ORDER BY 1, 2"""


def columns_over_time(columns: dict[str, str], source: str, where: str) -> str:
    """Several named sums per bucket, without labels. Summed by quarter first: that needs no sorting."""
    sums = ", ".join(f'{value} AS "{name}"' for name, value in columns.items())
    again = ", ".join(f'total("{name}") AS "{name}"' for name in columns)
    shown = ", ".join(f'coalesce(facts."{name}", 0.0) AS "{name}"' for name in columns)
    return f"""WITH RECURSIVE {_BUCKETS},
quarters AS (SELECT time AS at, {sums} FROM {source} WHERE {where} GROUP BY time),
facts AS MATERIALIZED (
  SELECT (at + shift) / step * step - shift AS time, {again} FROM buckets CROSS JOIN quarters GROUP BY 1
),
{_GRID}
SELECT grid.time AS time, {shown} FROM grid LEFT JOIN facts ON facts.time = grid.time ORDER BY 1"""


def by_model(value: str, empty: str = "0.0") -> str:
    return over_time(value, "model", "v_usage", USAGE, "model", empty, _MODEL_NAME)


CLASSES = range(11)
_SUMS = ", ".join(f"sum(d{n}) AS d{n}" for n in CLASSES)
_PICK = " ".join(f"WHEN {n} THEN d{n}" for n in CLASSES)


def _quantile(q: float, name: str) -> str:
    reached = f"{q} * n_all"
    inside = f"lower_ms + (upper_ms - lower_ms) * ({reached} - (upto - n)) / n"
    return f'min(iif(n > 0 AND upto >= {reached} AND upto - n < {reached}, {inside}, NULL)) AS "{name}"'


def durations() -> str:
    """Median and 95th percentile of each tool, interpolated within the classes of `v_duration_classes`."""
    return f"""WITH sums AS MATERIALIZED (SELECT tool_name, {_SUMS} FROM v_tools WHERE {ACTIVITY} GROUP BY tool_name HAVING {TOOL}),
counts AS (
  SELECT tool_name, class, lower_ms, upper_ms, CASE class {_PICK} END AS n FROM sums CROSS JOIN v_duration_classes
),
running AS (
  SELECT *, sum(n) OVER (PARTITION BY tool_name ORDER BY class) AS upto, sum(n) OVER (PARTITION BY tool_name) AS n_all
  FROM counts
)
SELECT coalesce(tool_name, '?') AS "Tool", {_quantile(0.5, "Median")}, {_quantile(0.95, "p95")}
FROM running WHERE n_all > 0 GROUP BY 1 ORDER BY 3 DESC LIMIT 20"""
