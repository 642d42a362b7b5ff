"""The handler of the log file, apart from `log`: the library behind it takes longer to load than all of `log`."""

from __future__ import annotations

import os
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler


class PrivateFile(RotatingFileHandler):
    """Each new file is 0600 whatever the umask."""

    def _open(self) -> TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.close(descriptor)
        return super()._open()
