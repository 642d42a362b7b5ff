"""Look up many rows by their keys, some at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

STEP = 500


def by_key(
    connection: sqlite3.Connection, columns: str, table: str, key: str, keys: Sequence[object]
) -> Iterator[tuple[Any, ...]]:
    """The `columns` of the rows of `table` whose `key` is one of `keys`."""
    for start in range(0, len(keys), STEP):
        some = keys[start : start + STEP]
        yield from connection.execute(f"select {columns} from {table} where {key} in ({marks(some)})", some)


def marks(values: Sequence[object]) -> str:
    """A question mark for each value, for `in (...)` and `values (...)`."""
    return ", ".join("?" * len(values))
