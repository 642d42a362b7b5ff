"""Tests wait for a condition, never for a time: a busy machine makes them slower, not wrong."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE_S = 120  # far beyond what is waited for; only a condition that never comes lasts so long
HANG_S = 1000  # what a program that hangs sleeps: longer than any test may take


def wait_for(condition: Callable[[], T], seconds: float = PATIENCE_S) -> T:
    """The condition's first true value. A condition that does not come fails the test."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"waited {seconds:.0f} s in vain"
        time.sleep(0.02)
    return value
