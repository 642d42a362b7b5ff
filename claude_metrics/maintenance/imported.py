"""What a merge came to, counted session by session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from claude_metrics.maintenance.group import Row
from claude_metrics.models import Batch


@dataclass(slots=True)
class Imported:
    """Sessions by what became of them; `lost` ones could not be read from a damaged file."""

    sessions: int = 0
    new: int = 0
    updated: int = 0
    unchanged: int = 0
    requests: int = 0
    lost: list[str] = field(default_factory=list)

    def count(self, before: Mapping[str, Row], after: Mapping[str, Row], batch: Batch) -> None:
        """Add what writing `batch` made of the stored rows of its sessions."""
        updated = sum(after[name] != row for name, row in before.items())
        self.sessions += len(batch.sessions)
        self.new += len(after.keys() - before.keys())
        self.updated += updated
        self.unchanged += len(before) - updated
        self.requests += len(batch.requests)
