"""Figures summed by model, and the cumulative totals that agents write of themselves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from claude_metrics.models import TOTAL_FIELDS

COLUMNS = TOTAL_FIELDS
WIDTH = len(COLUMNS)
Sums = dict[str, list[float]]


class Total(NamedTuple):
    """One cumulative total: per model the `COLUMNS`, then USD."""

    as_of: str
    started_at: str
    total_cost_usd: float
    total_duration_ms: int
    total_api_duration_ms: int
    lines_added: int
    lines_removed: int
    models: Sums
    process: int | None = None
    position: int | None = None
    follows: int | None = None
    fresh: int = 0
    interactive: int = 1


class ListedRequest(NamedTuple):
    """A listed request, and the process that made it.

    `main_at` is the last sign of the main thread before it (a subagent may outlast that).
    """

    timestamp: str
    model: str
    figures: list[float]
    main_at: str = ""
    process: int = 0


NOTHING = Total("", "", 0.0, 0, 0, 0, 0, {})


def summed(rows: Iterable[ListedRequest]) -> Sums:
    sums: Sums = {}
    for row in rows:
        into = sums.setdefault(row.model, [0] * (WIDTH + 1))
        for index, value in enumerate(row.figures):
            into[index] += value
    return sums


def added(several: Iterable[Sums]) -> Sums:
    """The sums of `several`, by model."""
    return summed(ListedRequest("", model, figures) for sums in several for model, figures in sums.items())


def difference(after: Sums, before: Sums) -> Sums:
    nothing = [0.0] * (WIDTH + 1)
    return {
        model: [max(0.0, a - b) for a, b in zip(figures, before.get(model, nothing), strict=True)]
        for model, figures in after.items()
    }


def same(one: Sums, two: Sums) -> bool:
    return fits(one, two) and fits(two, one)


def fits(sums: Sums, grown: Sums) -> bool:
    nothing = [0.0] * (WIDTH + 1)
    return all(
        value <= grown.get(model, nothing)[index]
        for model, figures in sums.items()
        for index, value in enumerate(figures[:WIDTH])
    )
