"""SQL for values over time: the range in buckets, the largest labels with the rest as "other", running totals.

The buckets are whole quarter hours, hours, days or weeks of the viewer's zone. An empty bucket has NULL and not 0, so that
tooltips leave it out; stacks treat it as nothing.
"""

from __future__ import annotations

from grafana.src import sql

TOP = 8
_LENGTH = "($__to - $__from) / 1000"
_BUCKETS = f"""buckets(step, shift) AS MATERIALIZED (
  SELECT step, {sql.EAST} + iif(step = 604800, 259200, 0) FROM (
    SELECT CASE WHEN $bucket > 0 AND {_LENGTH} / max($bucket, 1) <= 5000 THEN $bucket WHEN {_LENGTH} <= 21600 THEN 900
      WHEN {_LENGTH} <= 259200 THEN 3600 WHEN {_LENGTH} <= 15552000 THEN 86400 ELSE 604800 END AS step)
)"""
_GRID = """grid(time) AS (
  SELECT ($__from / 1000 + shift) / step * step - shift FROM buckets
  UNION ALL SELECT time + step FROM grid, buckets WHERE time + step < $__to / 1000
)"""
_BUCKET = "(time + shift) / step * step - shift"


def by_label(
    part: str, label: str, source: str, where: str, name: str, whole: str = "", shown: str = "label", top: int = TOP
) -> str:
    """A series for each of the largest labels and one for all others: `part`, or `part / whole`, per bucket.

    `shown` makes the label's text, once per label; labels with the same text are one series.
    """
    value = "nullif(series.part, 0.0)" if not whole else sql.ratio("series.part", "series.whole")
    return f"""WITH RECURSIVE {_BUCKETS},
facts AS MATERIALIZED (
  SELECT {_BUCKET} AS time, {label} AS label, {part} AS part, {whole or "0.0"} AS whole
  FROM buckets CROSS JOIN {source} WHERE {where} GROUP BY 1, 2
),
labels AS MATERIALIZED (SELECT label, coalesce({shown}, '(none)') AS name, total({"whole" if whole else "part"}) AS size FROM facts GROUP BY label),
ranked AS MATERIALIZED (SELECT name, row_number() OVER (ORDER BY abs(total(size)) DESC, name) AS n FROM labels GROUP BY name),
series AS MATERIALIZED (
  SELECT facts.time AS time, iif(n <= {top}, ranked.name, 'other') AS name, total(part) AS part, total(whole) AS whole
  FROM facts JOIN labels ON labels.label IS facts.label JOIN ranked ON ranked.name = labels.name GROUP BY 1, 2
),
names AS MATERIALIZED (
  SELECT DISTINCT name FROM series UNION ALL SELECT 'nothing in this range' WHERE NOT EXISTS (SELECT 1 FROM series)
),
{_GRID}
SELECT grid.time AS time, coalesce(names.name, '?') AS "{name}", {value} AS Value
FROM grid CROSS JOIN names LEFT JOIN series ON series.time = grid.time AND series.name = names.name
ORDER BY 1, 2"""


def by_model(part: str, whole: str = "") -> str:
    return by_label(part, "model", "v_usage", sql.USAGE, "model", whole, sql.model_name("label"))


def by_column(columns: dict[str, str], source: str, where: str) -> str:
    """Several named sums per bucket, without labels. Summed by quarter first: that needs no sorting."""
    sums = ", ".join(f'{value} AS "{name}"' for name, value in columns.items())
    again = ", ".join(f'total("{name}") AS "{name}"' for name in columns)
    shown = ", ".join(f'nullif(facts."{name}", 0.0) AS "{name}"' for name in columns)
    return f"""WITH RECURSIVE {_BUCKETS},
quarters AS (SELECT time AS at, {sums} FROM {source} WHERE {where} GROUP BY time),
facts AS MATERIALIZED (
  SELECT (at + shift) / step * step - shift AS time, {again} FROM buckets CROSS JOIN quarters GROUP BY 1
),
{_GRID}
SELECT grid.time AS time, {shown} FROM grid LEFT JOIN facts ON facts.time = grid.time ORDER BY 1"""


_COMPARED = """CASE WHEN began IS NULL THEN 'no records yet' WHEN began > (2 * $__from - $__to) / 1000 THEN 'no full period before'
    WHEN {empty} THEN 'nothing in the period before' ELSE {text} END"""


_SAME = """CASE WHEN abs({change}) < {least} THEN 'as in the period before' ELSE printf('{form} vs. period before', {change}) END"""


def course(part: str, rows: str, whole: str = "") -> str:
    """A running total, or a running `part / whole`, with its comparison as the label `note`.

    `rows` is a source with its conditions; `<when>` in it stands for the range and the period before it. A period
    that begins before the first record is not compared: it would look like a saving.
    """
    if whole:
        value, change = (
            sql.ratio("{0}.part", "{0}.whole"),
            _SAME.format(least=0.05, change="100.0 * ({0} - {1})", form="%+.1f points"),
        )
        text, empty = (
            change.format(value.format("present"), value.format("earlier")),
            "earlier.whole = 0.0 OR present.whole = 0.0",
        )
    else:
        value, empty = "{0}.part", "earlier.part = 0.0"
        text = _SAME.format(least=0.5, change="100.0 * (present.part / earlier.part - 1)", form="%+.0f %%")
    return f"""WITH RECURSIVE {_BUCKETS},
quarters AS MATERIALIZED (
  SELECT time, {part} AS part, {whole or "0.0"} AS whole FROM {rows.replace("<when>", sql.WITH_PERIOD_BEFORE)} GROUP BY time
),
facts AS MATERIALIZED (
  SELECT {_BUCKET} AS time, total(part) AS part, total(whole) AS whole
  FROM buckets CROSS JOIN quarters WHERE time >= $__from / 1000 GROUP BY 1
),
present AS MATERIALIZED (SELECT total(part) AS part, total(whole) AS whole FROM facts),
earlier AS MATERIALIZED (SELECT total(part) AS part, total(whole) AS whole FROM quarters WHERE time < $__from / 1000),
compared AS MATERIALIZED (
  SELECT {_COMPARED.format(empty=empty, text=text)} AS note
  FROM present CROSS JOIN earlier CROSS JOIN (SELECT first_request AS began FROM v_database)
),
{_GRID},
running AS (
  SELECT grid.time AS time, total(facts.part) OVER (ORDER BY grid.time) AS part, total(facts.whole) OVER (ORDER BY grid.time) AS whole
  FROM grid LEFT JOIN facts ON facts.time = grid.time
)
SELECT running.time AS time, coalesce(compared.note, '') AS note, {value.format("running")} AS Value
FROM running CROSS JOIN compared ORDER BY 1"""
