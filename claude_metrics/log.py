"""The log file: rotating, private, and without any text of a conversation."""

from __future__ import annotations

import logging
import os
from io import TextIOWrapper
from pathlib import Path

from claude_metrics import paths

BYTES, FILES = 10 * 2**20, 5
logger = logging.getLogger("claude_metrics")


def to_file(path: Path | None = None) -> None:
    """Send the log to its file; where that cannot be written, nowhere."""
    path = path or paths.log_file()
    try:
        paths.private_dir(path.parent)
        handler = _rotating(path)
    except OSError:
        handler = logging.NullHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(process)d %(message)s"))
    logger.handlers[:] = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False


def _rotating(path: Path) -> logging.Handler:
    from logging.handlers import RotatingFileHandler  # 4 ms, which a command that logs nothing does not spend

    class PrivateFile(RotatingFileHandler):
        """Each new file is 0600 whatever the umask."""

        def _open(self) -> TextIOWrapper:
            descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            os.close(descriptor)
            return super()._open()

    return PrivateFile(path, maxBytes=BYTES, backupCount=FILES - 1, encoding="utf-8")
