"""A check's answer: one line, what to do about it, and where that is safe the deed itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from claude_metrics.config import Config

State = Literal["ok", "warn", "fail"]
Fix = Callable[[], str]


@dataclass(frozen=True)
class Situation:
    """What the checks look at."""

    db_path: Path
    spool: Path
    settings: Config
    may_change_hooks: bool = False  # the agents' settings are changed only when that was asked for


@dataclass(frozen=True)
class Check:
    """`fix` mends what is safe to mend and says what it did; it is absent where a person has to decide."""

    name: str
    state: State
    text: str
    remedy: str = ""
    fix: Fix | None = None


def ago(seconds: float) -> str:
    """`3 days`, `2 hours`: the largest unit that fits."""
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length:
            return plural(int(seconds // length), unit)
    return plural(max(0, int(seconds)), "second")


def plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
