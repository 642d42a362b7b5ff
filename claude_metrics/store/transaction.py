"""One transaction: all of its statements take effect together, or none does."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Take the write lock, commit at the end, and roll back whatever ends the block early.

    The lock is taken at once (`begin immediate`), because a transaction that reads first and writes later fails when
    another writer came between. An interrupt (`KeyboardInterrupt`, `SystemExit`) rolls back too.
    """
    connection.execute("begin immediate")
    try:
        yield
        connection.execute("commit")
    except BaseException:
        if connection.in_transaction:  # some errors, a full disk for one, have rolled back already
            connection.execute("rollback")
        raise
