"""What waits in the spool longer than it should, and what was set aside: a look that takes a millisecond."""

from __future__ import annotations

import time

from claude_metrics import paths
from claude_metrics.recording import spool

LATE_S = 600  # a worker starts at once; what is older was left behind


def problems() -> list[str]:
    """One sentence for each, with the command that helps."""
    folder = paths.spool_dir()
    late = [event for event in spool.pending(folder) if time.time() - event.received_ns / 1e9 > LATE_S]
    failed = spool.failed(folder)
    lines = []
    if late:
        lines.append(f"{_events(len(late))} waiting to be recorded; run `claude-metrics worker`")
    if failed:
        lines.append(f"{_events(len(failed))} could not be recorded; run `claude-metrics doctor --fix`")
    return lines


def _events(count: int) -> str:
    return "1 event" if count == 1 else f"{count} events"
