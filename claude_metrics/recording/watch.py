"""Go on recording: a round, a pause, the next. One instance; a round that fails is logged; SIGTERM ends it cleanly."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType

from claude_metrics import paths
from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.lock import only_one, owner
from claude_metrics.log import logger

Said = Callable[[str], None]


def watch(once: Callable[[], None], interval_s: float, say: Said) -> None:
    """Call `once` every `interval_s` seconds until told to stop. Raises ClaudeMetricsError if another one does so."""
    lock = paths.data_dir() / ".watch.lock"
    with only_one(lock) as first:
        if not first:
            noted = owner(lock)
            who = f"process {int(noted['pid'])}" if noted else "another process"
            raise ClaudeMetricsError(
                f"{who} watches already; {lock}; end it first, a service with `claude-metrics setup --no-service`"
            )
        signal.signal(signal.SIGTERM, _end)
        pause = threading.Event()
        while True:
            _round(once, say)
            pause.wait(interval_s)


def _round(once: Callable[[], None], say: Said) -> None:
    try:
        once()
    except ClaudeMetricsError as error:
        logger.error("%s", error)
        say(str(error))
    except Exception as error:
        logger.exception("a round failed")
        say(f"{type(error).__name__}: {error}; {paths.log_file()}; trying again at the next round")


def _end(number: int, frame: FrameType | None) -> None:
    """Unwinds whatever runs: a transaction is rolled back, and the next start reads the same bytes again."""
    sys.exit(0)
