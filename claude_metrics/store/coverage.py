"""What each process of an agent billed: the total it wrote, less the total it began with; and the listed rows of that.

A process goes on from the last total that stood in the transcript when it began. Processes at work at once begin with
the same one, and neither's total contains the other's. What a killed process did is in no total.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import NamedTuple

from claude_metrics import clock
from claude_metrics.store.totals import ListedRequest, Sums, Total, difference, fits, same, summed

SLACK_S = 1.0  # the client's clock of durations starts a moment after the process
Floor = Callable[[Total], Total]


class Part(NamedTuple):
    """One process: the total it began with, those it wrote (the last is the whole), the listed rows they include."""

    before: Total
    totals: list[Total]
    covered: Sums

    @property
    def grown(self) -> Sums:
        return difference(self.totals[-1].models, self.before.models)


def parts(totals: list[Total], floor: Floor) -> list[Part]:
    """The processes that wrote `totals`, in the order of the transcript; `floor`: what one began with by itself."""
    groups: dict[int, list[Total]] = {}
    for total in totals:
        groups.setdefault(total.process or 0, []).append(total)
    return [Part(_before(process, group[-1], totals, floor), group, {}) for process, group in groups.items()]


def _before(process: int, last: Total, totals: list[Total], floor: Floor) -> Total:
    """The latest total before the process that its own total can have grown from.

    The process may have idled while another one wrote a total: its first record then does not follow on that one.
    """
    earlier = [s for s in reversed(totals) if (s.position or 0) < process and may_grow(s, last)]
    sure = (s for s in earlier if s.process == last.follows or lasted_since(s, last))
    return next(sure, earlier[0] if earlier else floor(last))


def may_grow(before: Total, after: Total) -> bool:
    """Whether a process that began with `before` can have written `after`: no figure falls, nor is its start later."""
    return (
        before.started_at >= after.started_at
        and before.total_duration_ms <= after.total_duration_ms
        and before.total_cost_usd <= after.total_cost_usd + 1e-9
        and fits(before.models, after.models)
    )


def lasted_since(before: Total, after: Total) -> bool:
    """Whether the process that grew from `before` began after that was written, by its duration."""
    return _began(before, after) >= clock.to_seconds(before.as_of) - SLACK_S


def end_of(total: Total) -> str:
    """When a total was written: at least its processes' time after the session's beginning."""
    written = clock.to_seconds(total.started_at) + total.total_duration_ms / 1000
    return max(total.as_of, clock.from_seconds(written))


def _began(before: Total, after: Total) -> float:
    """When the process that wrote `after` began; one that began with nothing noted it itself."""
    if not before.as_of:
        return clock.to_seconds(after.started_at)
    return clock.to_seconds(end_of(after)) - (after.total_duration_ms - before.total_duration_ms) / 1000


def in_windows(rows: Iterable[ListedRequest], totals: list[Total]) -> list[ListedRequest]:
    """Rows of a database that does not know processes: each is given to the first total after it."""
    ends = [(end_of(total), total.process or 0) for total in totals]
    return [
        row._replace(process=next((process for end, process in ends if row.main_at <= end), len(ends))) for row in rows
    ]


def covered(found: list[Part], rows: list[ListedRequest], prompts: list[str], timed: bool) -> list[Part]:
    """`found` with the listed rows that each total includes; every row is in one total or in none."""
    left: dict[int, list[ListedRequest]] = {}
    for row in rows:
        left.setdefault(row.process, []).append(row)
    writers = {part.totals[-1].process or 0 for part in found}
    done = []
    for part in found:
        gap = [row for process in _same_process(part, left, writers) for row in left[process]]
        began = _began(part.before, part.totals[-1]) - SLACK_S if timed else 0.0
        chosen = _covered_in_gap(gap, prompts, part.grown, began)
        kept = {id(row) for row in chosen}
        left = {process: [row for row in rest if id(row) not in kept] for process, rest in left.items()}
        done.append(part._replace(covered=summed(chosen)))
    return done


def _same_process(part: Part, left: dict[int, list[ListedRequest]], writers: set[int]) -> list[int]:
    """The chains of records that may be this process's: its own, and before it those it was rewound from.

    A chain that went on after this one began is another process, and a process in print mode is never rewound.
    """
    last = part.totals[-1]
    own, begin = last.process or 0, part.before.position or -1
    first = min((row.timestamp for row in left.get(own, [])), default="")
    before = [
        process
        for process in sorted(left)
        if last.interactive and begin < process < own and process not in writers and left[process]
        and max(row.timestamp for row in left[process]) < first
    ]  # fmt: skip
    return [*before, *([own] if own in left else [])]


def _covered_in_gap(gap: list[ListedRequest], prompts: list[str], grown: Sums, began: float) -> list[ListedRequest]:
    """Rows between two totals, without those of a killed process before the one that wrote the second.

    A process begins with a prompt. What adds up exactly is covered. Else rows from before the process are not, nor is
    a beginning that holds more tokens than the total grew by.
    """
    cuts = [0, *_cuts(gap, prompts)]
    exact = next((gap[cut:] for cut in cuts if same(summed(gap[cut:]), grown)), None)
    if exact is not None:
        return exact
    kept = [row for row in gap if clock.to_seconds(row.timestamp) >= began] or gap
    fitting = (kept[cut:] for cut in (0, *_cuts(kept, prompts)) if fits(summed(kept[cut:]), grown))
    return next(fitting, kept)


def _cuts(rows: list[ListedRequest], prompts: list[str]) -> list[int]:
    """Where a prompt stands between two rows, or one chain of records ends."""
    return [
        number
        for number, (one, two) in enumerate(pairwise(rows), 1)
        if one.process != two.process or any(one.timestamp < prompt <= two.timestamp for prompt in prompts)
    ]
