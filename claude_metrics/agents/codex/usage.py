"""What a Codex rollout says of tokens.

Clients of 2026 write a `token_usage_record` per answer. Older ones wrote only a running total (`token_count`), often
the same one twice: there a request is what the total grew by. A fork's total begins with its parent's.
"""

from __future__ import annotations

from typing import NamedTuple

from claude_metrics.agents._json import Json, count, obj

Total = list[int]
_COLUMNS = (
    "input_tokens", "cached_input_tokens", "cache_write_input_tokens", "output_tokens", "reasoning_output_tokens",
)  # fmt: skip


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
    """The running total. `recorded`: this turn's answers have records of their own, the total only repeats them."""

    def __init__(self, state: Json, forked: bool = False) -> None:
        self.total: Total | None = state.get("total", None if forked else [0] * len(_COLUMNS))
        self.recorded: bool = bool(state.get("recorded"))
        self.answered: bool = bool(state.get("answered"))

    def begin_turn(self) -> None:
        self.recorded = self.answered = False

    def record(self, usage: Total) -> None:
        self.recorded = True
        if self.total is not None:
            self.total = [a + b for a, b in zip(self.total, usage, strict=True)]

    def grown(self, info: Json) -> Total | None:
        """What the total grew by since it was last seen, or None."""
        total, last = figures(obj(info.get("total_token_usage"))), figures(obj(info.get("last_token_usage")))
        before, self.total = self._before(total, last), total
        grown = [max(0, a - b) for a, b in zip(total, before, strict=True)]
        return grown if any(grown) and not self.recorded else None

    def _before(self, total: Total, last: Total) -> Total:
        if self.total is None:
            # A fork's first total is its parent's alone, or with the first answer of its own.
            return [a - b for a, b in zip(total, last, strict=True)] if self.answered else total
        if total[0] + total[3] < self.total[0] + self.total[3]:
            return [0] * len(total) if total == last else total
        return self.total

    def snapshot(self) -> Json:
        return {"total": self.total, "recorded": self.recorded, "answered": self.answered}
