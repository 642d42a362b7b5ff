"""The log file: rotating, private, and without any text of a conversation."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path

from claude_metrics import paths

BYTES, FILES = 10 * 2**20, 5
logger = logging.getLogger("claude_metrics")


def to_file(path: Path | None = None) -> bool:
    """Send the log to its file; where that cannot be written, nowhere. True when there is a file."""
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
    return not isinstance(handler, logging.NullHandler)


def _rotating(path: Path) -> logging.Handler:
    from logging.handlers import RotatingFileHandler  # 4 ms, which a command that logs nothing does not spend

    class PrivateFile(RotatingFileHandler):
        """Each new file is 0600 whatever the umask."""

        is_unwritable = False

        def _open(self) -> TextIOWrapper:
            descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            os.close(descriptor)
            return super()._open()

        def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (logging calls it so)
            """Say once, in one line, that the log cannot be written; logging would print a traceback each time."""
            if not self.is_unwritable:
                self.is_unwritable = True
                error = sys.exc_info()[1]
                reason = getattr(error, "strerror", None) or error
                with suppress(OSError, ValueError, AttributeError):
                    sys.stderr.write(f"claude-metrics: cannot write the log ({reason}); {path}; make room\n")

    return PrivateFile(path, maxBytes=BYTES, backupCount=FILES - 1, encoding="utf-8")
