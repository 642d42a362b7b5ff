"""What a report's output depends on besides its rows."""

from __future__ import annotations

from dataclasses import dataclass, field

from claude_metrics.config import zones


@dataclass(frozen=True, slots=True)
class Presentation:
    """The form (`as_json`, a `breakdown` by model), the time zone, and what stands beside the rows.

    `short_ids` are session ids by their shortest unique beginning; `understated` is how many sessions of old clients
    there are and how many output tokens they did not write down; `incomplete` counts sessions by what they
    miss. `rate` is how much of `currency` one USD is.
    """

    zone: zones.Zone = None
    as_json: bool = False
    breakdown: bool = False
    short_ids: dict[str, str] = field(default_factory=dict)
    understated: tuple[int, int] = (0, 0)
    incomplete: dict[str, int] = field(default_factory=dict)
    group_by: tuple[str, ...] = ()
    order: str | None = None
    limit: int | None = None
    as_csv: bool = False
    as_markdown: bool = False
    currency: str | None = None
    rate: float | None = None
