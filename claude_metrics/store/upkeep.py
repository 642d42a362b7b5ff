"""Work on the database file as a whole: unused pages, what deleted rows leave behind, the planner's statistics."""

from __future__ import annotations

import sqlite3


def vacuum(connection: sqlite3.Connection) -> None:
    """Write the file anew without unused pages."""
    connection.execute("vacuum")


def scrub(connection: sqlite3.Connection) -> None:
    """Leave nothing of deleted rows in the file, its free pages or its journal."""
    connection.execute("pragma secure_delete = on")
    vacuum(connection)
    if connection.execute("pragma journal_mode").fetchone()[0] == "wal":
        connection.execute("pragma wal_checkpoint(truncate)")


def analyze(connection: sqlite3.Connection) -> None:
    """Bring the query planner's statistics up to date."""
    connection.execute("analyze")
