"""Which listed requests an agent's totals include: none includes those of a process that was killed before."""

from __future__ import annotations

from itertools import pairwise

from claude_metrics import clock
from claude_metrics.store.totals import NOTHING, ListedRequest, Sums, Total, difference, fits, same, summed

SLACK_S = 1.0


def covered_sums(rows: list[ListedRequest], prompts: list[str], totals: list[Total], base: Total) -> Sums:
    """Per model, the figures of the listed rows that some total includes."""
    covered: list[ListedRequest] = []
    end = ""
    timed = _durations_are_real(totals[0], base)
    for before, total in pairwise([base, *totals]):
        begin, end = end, end_of(total)
        gap = [row for row in rows if begin < row.main_at <= end]
        began = _process_start(before, total, end) if timed else 0.0
        covered += _covered_in_gap(gap, prompts, difference(total.models, before.models), began)
    return summed(covered)


def _durations_are_real(first: Total, base: Total) -> bool:
    """Whether durations can be used: a first process lasts from the session's beginning to its last record."""
    began = clock.to_seconds(first.started_at)
    lasts = began + first.total_duration_ms / 1000 + SLACK_S >= clock.to_seconds(first.as_of)
    return began > 0 and (lasts or base is not NOTHING)


def end_of(total: Total) -> str:
    """When a total was written: at least its processes' time after the session's beginning."""
    written = clock.to_seconds(total.started_at) + total.total_duration_ms / 1000
    return max(total.as_of, clock.from_seconds(written))


def _process_start(before: Total, total: Total, end: str) -> float:
    """The earliest that the process which wrote `total` can have begun; the first one notes it itself."""
    if before is NOTHING:
        return clock.to_seconds(total.started_at) - SLACK_S
    return clock.to_seconds(end) - (total.total_duration_ms - before.total_duration_ms) / 1000 - SLACK_S


def _covered_in_gap(gap: list[ListedRequest], prompts: list[str], grown: Sums, began: float) -> list[ListedRequest]:
    """Rows between two totals, without those of a killed process before the one that wrote the second.

    What adds up exactly is covered. Else rows from before the process are not, nor is a beginning (a process begins
    with a prompt) that holds more tokens than the total grew by.
    """
    if not gap or same(summed(gap), grown):
        return gap
    kept = [row for row in gap if clock.to_seconds(row.timestamp) >= began] or gap
    for cut in ["", *(p for p in prompts if kept[0].timestamp < p <= kept[-1].timestamp)]:
        later = [row for row in kept if row.timestamp >= cut]
        if fits(summed(later), grown):
            return later
    return kept
