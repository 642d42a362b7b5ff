"""Keep workers out while the database as a whole is changed; their events wait in the spool."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.lock import only_one
from claude_metrics.recording import worker


@contextmanager
def alone(spool: Path, wait_s: float = 0) -> Iterator[None]:
    """Hold the worker's lock. Raises ClaudeMetricsError if a worker has it for longer than `wait_s`."""
    end = time.monotonic() + wait_s
    while True:
        with ExitStack() as stack:
            if stack.enter_context(only_one(worker.lock_file(spool))):
                yield
                return
        if time.monotonic() >= end:
            raise ClaudeMetricsError(f"a worker is recording just now; {spool}; try again in a minute")
        time.sleep(0.2)
