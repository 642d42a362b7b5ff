"""The log file: rotating, private, and without any text of a conversation."""

from __future__ import annotations

import logging
from pathlib import Path

from claude_metrics import paths

BYTES, FILES = 10 * 2**20, 5
logger = logging.getLogger("claude_metrics")


def to_file(path: Path | None = None) -> None:
    """Send the log to its file; where that cannot be written, nowhere."""
    from claude_metrics.log_file import PrivateFile  # 4 ms, which a command that logs nothing does not spend

    path = path or paths.log_file()
    try:
        paths.private_dir(path.parent)
        handler: logging.Handler = PrivateFile(path, maxBytes=BYTES, backupCount=FILES - 1, encoding="utf-8")
    except OSError:
        handler = logging.NullHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(process)d %(message)s"))
    logger.handlers[:] = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False
