"""What the options that all reports share come to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # `--help` loads neither
    import sqlite3

    from claude_metrics.render.presentation import Presentation
    from claude_metrics.reports.query import Filter


@dataclass(frozen=True, slots=True)
class Selection:
    """The filter and the open database to ask, and the form in which the answer is shown."""

    where: Filter
    connection: sqlite3.Connection
    db_path: Path
    as_json: bool
    breakdown: bool

    def form(self, ids: bool = False, understated: bool = False) -> Presentation:
        """With `ids`, short session ids; with `understated`, what old clients did not write down."""
        from claude_metrics.render.presentation import Presentation
        from claude_metrics.reports import query, session_ids

        return Presentation(
            self.where.zone,
            self.as_json,
            self.breakdown,
            session_ids.all_shortened(self.connection) if ids and not self.as_json else {},
            query.understated(self.connection, self.where) if understated else (0, 0),
        )
