"""Tables: each column says what it is, how wide it is and how it is computed; the whole must fit on a screen of 1280 pixels.

The first column names the row, the second is the key figure; one of all takes the width that is left. A table without
rows has one that says so in words. Columns that only links need are hidden.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from grafana_foundation_sdk.builders import dashboard as d

from grafana.src import panels as p
from grafana.src import words
from grafana.src.colours import BLUE

SCREEN_PX = 948  # what is left for panels at 1280 pixels beside Grafana's menu
GROWING_PX = 150  # the least for the column that takes what is left
KINDS: dict[str, dict[str, Any]] = {
    "text": {"unit": "string"},
    "time": {"unit": "time:YYYY-MM-DD HH:mm"},
    "count": {"unit": "locale", "decimals": 0},
    "tokens": {"unit": "si:"},
    "usd": {"unit": "currencyUSD", "decimals": 2},
    "price": {"unit": "currencyUSD"},
    "share": {"unit": "percentunit", "decimals": 1},
    "bytes": {"unit": "bytes"},
    "ms": {"unit": "ms"},
    "s": {"unit": "s"},
    "mark": {"unit": "string", "mappings": p.mapped(words.MARKS), "custom__align": "center"},
}
# Up to 12.1 a table's column is hidden by the one, later by the other.
UNSEEN: dict[str, Any] = {"custom__hidden": True, "custom__hideFrom": {"viz": True, "tooltip": False, "legend": False}}


@dataclass(frozen=True)
class Column:
    """`sql` gives its value; width 0: what is left; `bar`: also drawn as a bar; `more`: further properties of the field."""

    name: str
    kind: str
    width: int
    sql: str
    bar: bool = False
    more: dict[str, Any] = field(default_factory=dict)

    def properties(self) -> dict[str, Any]:
        own: dict[str, Any] = {"custom__width": self.width} if self.width else {"custom__minWidth": GROWING_PX}
        if self.bar:
            cell = {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}
            own |= {"custom__cellOptions": cell, "min": 0, "color": p.fixed(BLUE)}
        if self.kind == "text" and "links" not in self.more:
            own |= {"custom__inspect": True}
        return {**KINDS[self.kind], **own, **self.more}


@dataclass(frozen=True)
class Hidden:
    """A column that only links need."""

    name: str
    sql: str
    empty: str = "''"


def session(start: str, end: str, name: str = "session_id") -> tuple[Hidden, ...]:
    """What a link to a session needs: its identifier and its range with a minute before and after (unix seconds)."""
    return (
        Hidden("session_id", name),
        Hidden("from_ms", f"({start}) * 1000 - 60000", "$__from"),
        Hidden("to_ms", f"({end}) * 1000 + 60000", "$__to"),
    )


def width_px(units: int) -> int:
    """What a panel of so many of 24 units leaves for columns at 1280 pixels: without gaps, padding and scroll bar."""
    return (SCREEN_PX + 8) * units // 24 - 8 - 26


def needed_px(columns: Sequence[Column]) -> int:
    return sum(column.width or GROWING_PX for column in columns)


def table(
    number: int,
    title: str,
    text: str,
    size: p.Size,
    columns: Sequence[Column],
    source: str,
    *hidden: Hidden,
    with_: str = "",
    sort: str = "",
    nothing: str = words.NOTHING,
) -> d.Panel:
    """`source` is all from FROM on; `sort` is the column that the table is sorted by, the largest first."""
    assert needed_px(columns) <= width_px(size[0]), f"{title}: {needed_px(columns)} of {width_px(size[0])} px"
    sql = _sql(columns, source, hidden, with_, nothing)
    options = {"showHeader": True, "cellHeight": "sm", "sortBy": [{"displayName": sort, "desc": True}] if sort else []}
    custom = {"align": "auto", "filterable": False, "cellOptions": {"type": "auto"}}
    times = [column.name for column in columns if column.kind == "time"]
    made = p.panel("table", number, title, text, size, p.Sql(sql, *times), "", options, custom)
    for column in columns:
        p.field(made, column.name, **column.properties())
    for column in hidden:
        p.field(made, column.name, **UNSEEN, **({"unit": "string"} if column.empty == "''" else {}))
    return made


def _sql(columns: Sequence[Column], source: str, hidden: Sequence[Hidden], with_: str, nothing: str) -> str:
    """The rows, or the one that says that there are none: its words stand in the first column."""
    chosen = ",\n    ".join(f'{column.sql} AS "{column.name}"' for column in [*columns, *hidden])
    empty = [f"'{nothing}'", *("NULL" for _ in columns[1:]), *(column.empty for column in hidden)]
    return f"""WITH {f"{with_}, " if with_ else ""}shown AS MATERIALIZED (
  SELECT {chosen}
  {source}
)
SELECT * FROM shown UNION ALL SELECT {", ".join(empty)} WHERE NOT EXISTS (SELECT 1 FROM shown)"""
