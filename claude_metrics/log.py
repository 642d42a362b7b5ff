"""The log file: rotating, private, and without any text of a conversation."""

from __future__ import annotations

import logging
import os
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

from claude_metrics import paths

BYTES, FILES = 10 * 2**20, 5
logger = logging.getLogger("claude_metrics")


class PrivateFile(RotatingFileHandler):
    """Each new file is 0600 whatever the umask."""

    def _open(self) -> TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.close(descriptor)
        return super()._open()


def to_file(path: Path | None = None) -> None:
    """Send the log to its file; where that cannot be written, nowhere."""
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
