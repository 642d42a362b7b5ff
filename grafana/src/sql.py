"""Pieces of SQL that panels share. Everything is read from `v_` views; sums are `total()`, for a first integer cuts fractions.

Times of quarter hours are unix seconds; a range holds the quarters that begin in it. A local day or month is that of the
viewer's browser at the range's end (`${__to:date:Z}`, +02:00).
"""

from __future__ import annotations

PLACE = ("agent", "project", "branch", "machine")
WITHIN = "time >= $__from / 1000 AND time < $__to / 1000"
WITH_PERIOD_BEFORE = "time >= (2 * $__from - $__to) / 1000 AND time < $__to / 1000"
EAST = "(strftime('%s', '2000-01-01', '${__to:date:Z}') - 946684800)"
# A model is chosen by its short name; its identifier still works, for bookmarks have it.
MODEL = "+model IN (SELECT model FROM v_model_names WHERE model_name IN (${model:sqlstring}) OR model_key IN (${model:sqlstring}))"
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
AT = "(julianday({}) - 2440587.5) * 86400.0"
SECONDS = "CAST(strftime('%s', {}) AS INTEGER)"


# Grafana puts a backslash before a double quote, and from 13 on takes the encoding of a link back: these would end it.
_LOOK_ALIKES = {'"': "\u2033", "&": "\uff06", "#": "\uff03", "%": "\uff05", "+": "\uff0b"}


def key(column: str) -> str:
    """A name as a variable's value, the way `v_places` writes it."""
    made = NAMED.format(column)
    for sign, other in _LOOK_ALIKES.items():
        made = f"replace({made}, '{sign}', '{other}')"
    return made


def model_name(column: str) -> str:
    """A model's short name. The inner names are others than `model`, for they would hide the column."""
    names = "(SELECT model AS identifier, model_name AS short FROM v_model_names)"
    return f"coalesce((SELECT short FROM {names} WHERE identifier = {column}), {column}, '(none)')"


def ratio(part: str, whole: str) -> str:
    """`part / whole`, NULL where there is nothing to divide by."""
    return f"{part} / nullif({whole}, 0.0)"


FAILED = "total(failed)"
FINISHED = "(total(calls) - total(unfinished) - total(denied))"
HIT_RATIO = ratio("total(cache_read_tokens)", f"({INPUT_SIDE})")
FAILURE_RATE = ratio(FAILED, FINISHED)
