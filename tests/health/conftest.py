"""A home with recorded sessions, and hooks that are installed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from claude_metrics.installer import install
from tests.health.examined import record
from tests.support.captured import Capture


@pytest.fixture
def recorded(capture: Callable[[str], Capture]) -> Path:
    """A home with sessions, the hook in place, all of it recorded."""
    for name in ("print-basic", "fork", "tui-compact"):
        capture(name)
    install.install("claude")
    return record()
