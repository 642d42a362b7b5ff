"""Record transcripts in this process, and compare databases: what two recordings must agree on."""

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from claude_metrics import config
from claude_metrics.agents import RECORDED
from claude_metrics.git.attribution import CommitReport
from claude_metrics.models import Source
from claude_metrics.recording import disk, ingest
from claude_metrics.store.connection import connect

TABLES = (
    "sessions",
    "token_usage",
    "model_usages",
    "tool_calls",
    "turns",
    "cost_states",
    "process_links",
    "usage_15min",
    "tool_calls_15min",
    "activity_15min",
    "observations",
    "session_summaries",
)
# When and by which door something was recorded may differ; what was recorded may not.
VOLATILE = {"updated_at", "recorded_by", "machine_id", "place_id"}


class Recorder:
    """A database, and the way by which sources are recorded into it."""

    def __init__(self, path: Path, content: str = "redacted") -> None:
        self.connection = connect(path)
        self.settings = config.Config(content=content)

    def record(self, sources: Iterable[Source]) -> ingest.Outcome:
        """What a sync does with changed sources, one transaction for all."""
        known = disk.cursors(self.connection)
        changed = [source for source in sources if not disk.unchanged(source, known)]
        batches = [ingest.read(s, known[str(s.path)][3] if str(s.path) in known else None, "redacted") for s in changed]
        return ingest.store(self.connection, batches, self.settings, "sync", commits=CommitReport([], {}, []))

    def sync(self, agent: str, root: Path) -> ingest.Outcome:
        return self.record(RECORDED[agent].find_sources(root))

    def dump(self) -> dict[str, list[Any]]:
        """Every row of every table that holds facts, sorted, money to the billionth."""
        return {table: sorted(self._rows(table), key=repr) for table in TABLES}

    def _rows(self, table: str) -> Iterable[tuple[Any, ...]]:
        cursor = self.connection.execute(f"select * from {table}")
        kept = [place for place, column in enumerate(cursor.description) if column[0] not in VOLATILE]
        for row in cursor:
            yield tuple(round(row[i], 9) if isinstance(row[i], float) else row[i] for i in kept)

    def totals(self) -> dict[str, tuple[float, ...]]:
        """Per session the figures that must never fall."""
        rows = self.connection.execute(
            """select session_id, total_cost_usd, input_tokens, output_tokens, cache_read_tokens,
                cache_creation_tokens, tool_calls, user_message_count, assistant_message_count from sessions"""
        )
        return {row[0]: tuple(value or 0 for value in row[1:]) for row in rows}

    def close(self) -> None:
        self.connection.close()


def rows_of(path: Path, sql: str, *values: object) -> list[sqlite3.Row]:
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    try:
        return connection.execute(sql, values).fetchall()
    finally:
        connection.close()
