"""What a Codex rollout says of tokens.

Clients of 2026 write a `token_usage_record` per answer. Older ones wrote only a running total (`token_count`), often
the same one twice: there a request is what the total grew by. A fork's total begins with its parent's. Two totals may
alternate in one rollout (https://github.com/farion1231/cc-switch/issues/5854), and a total may fall in the middle of
one (https://github.com/steipete/CodexBar/issues/3510): the event's `last_token_usage` is the request there.
"""

from __future__ import annotations

from typing import NamedTuple

from claude_metrics.agents._json import Json, count, obj, text

Total = list[int]
MOST_TOTALS = 8
_COLUMNS = (
    "input_tokens",
    "cached_input_tokens",
    "cache_write_input_tokens",
    "output_tokens",
    "reasoning_output_tokens",
)


class Tokens(NamedTuple):
    """Disjoint but for `reasoning`, which is within `output`."""

    input: int
    output: int
    cache_write: int
    cache_read: int
    reasoning: int


def figures(usage: Json) -> Total:
    return [count(usage.get(column)) for column in _COLUMNS]


def tokens(total: Total) -> Tokens:
    """Codex counts cached tokens, read and written, within the input."""
    given, cached, written, output, reasoning = total
    return Tokens(max(0, given - cached - written), output, written, cached, reasoning)


class Meter:
    """The running totals of a rollout. Mostly there is one; a second model's may alternate with it.

    `recorded`: this turn's answers have records of their own, a total only repeats them.
    """

    def __init__(self, state: Json, forked: bool = False) -> None:
        forked = forked or (bool(state) and state.get("total") is None and not state.get("totals"))
        start = {} if forked else {"": [0] * len(_COLUMNS)}
        self.totals: dict[str, Total] = state.get("totals") or _single(state) or start
        self.total: Total | None = state.get("total")
        self.recorded: bool = bool(state.get("recorded"))
        self.answered: bool = bool(state.get("answered"))

    def begin_turn(self) -> None:
        self.recorded = self.answered = False

    def record(self, usage: Total) -> None:
        self.recorded = True
        for name, total in self.totals.items():
            if name == self._current():
                self.totals[name] = self.total = _plus(total, usage)

    def grown(self, event: Json) -> Total | None:
        """The request that a `token_count` event tells of, or None when it repeats what was told before."""
        info = obj(event.get("info"))
        total, last = figures(obj(info.get("total_token_usage"))), figures(obj(info.get("last_token_usage")))
        name = text(obj(event.get("rate_limits")).get("limit_id")) or ""
        usage = self._usage(name, total, last)
        self.total = total
        return usage if any(usage) and not self.recorded else None

    def begin_at(self, event: Json) -> None:
        """A subagent's totals go on from the one that its parent had."""
        self.total = figures(obj(obj(event.get("info")).get("total_token_usage")))
        self.totals = {"": self.total}

    def _usage(self, name: str, total: Total, last: Total) -> Total:
        if not self.totals:  # a fork's first total is its parent's alone, or with the first answer of its own
            self.totals[name] = total
            return last if self.answered else [0] * len(total)
        if total in self.totals.values():
            return [0] * len(total)
        same = next((key for key, before in self.totals.items() if _plus(before, last) == total), None)
        if same is not None:  # the name may change while the total goes on
            del self.totals[same]
            self.totals[name if name not in self.totals else same] = total
            return last
        before = self.totals.get(name, [0] * len(total))
        if _falls(before, total) and len(self.totals) < MOST_TOTALS:
            self.totals[f"{name}{len(self.totals)}"] = before  # it may be another counter's, that of the former goes on
        self.totals[name] = total
        if any(last) and (_falls(before, total) or len(self.totals) > 1):
            return last
        return [max(0, a - b) for a, b in zip(total, before, strict=True)]

    def _current(self) -> str:
        return next((name for name, total in self.totals.items() if total == self.total), next(iter(self.totals), ""))

    def snapshot(self) -> Json:
        return {"totals": self.totals, "total": self.total, "recorded": self.recorded, "answered": self.answered}


def _single(state: Json) -> dict[str, Total]:
    """What version 0.1.0 noted: one total."""
    return {"": state["total"]} if state.get("total") and "totals" not in state else {}


def _plus(total: Total, usage: Total) -> Total:
    return [a + b for a, b in zip(total, usage, strict=True)]


def _falls(before: Total, total: Total) -> bool:
    return total[0] + total[3] < before[0] + before[3]
