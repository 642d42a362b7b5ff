"""Figures as bars and sparklines of characters; plain ones where the screen's encoding has no others."""

from __future__ import annotations

from collections.abc import Sequence

BLOCKS = "▁▂▃▄▅▆▇█"
LETTERS = ".:-=+*#@"


def sparkline(values: Sequence[float], unicode: bool = True) -> str:
    """One character for each value; a day without use is a gap."""
    marks = BLOCKS if unicode else LETTERS
    top = max(values, default=0)
    return "".join(marks[min(int(value / top * len(marks)), len(marks) - 1)] if value > 0 else " " for value in values)


def bar(value: float, top: float, width: int, unicode: bool = True) -> str:
    """As long as `value` is of `top`; something above nothing is at least one character."""
    length = max(1, round(value / top * width)) if value > 0 and top > 0 else 0
    return ("━" if unicode else "=") * length
