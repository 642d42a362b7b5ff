"""What the options of every report come to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Selection:
    """The filter, the open database, and how the answer is to be shown."""

    where: Any
    connection: Any
    db_path: Path
    as_json: bool
    breakdown: bool
