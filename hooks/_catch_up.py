"""What `session_start.py` starts after the note: a sync of the last days, for sessions that no hook recorded.

Detached as the recorder's worker is (`_event.py`), at most once in ten minutes whatever number of sessions begin.
"""

import os
import sys
import time

from _event import PRIVATE_NAMES, absolute, default_spool, environment, installed_python, start

EVERY_S = 600
DAYS = 2


def database(given):
    """What `claude_metrics.paths.database_file()` says, unless it is given."""
    return given or environment().get("CLAUDE_METRICS_DB") or data_folder() + "/db/metrics.db"


def data_folder():
    return os.path.dirname(default_spool())


def start_if_due(db_path, now=None):
    """Whether it was started."""
    now = time.time() if now is None else now
    try:
        os.makedirs(data_folder(), 0o700, exist_ok=True)
        if not is_due(data_folder() + "/.catch-up", now):
            return False
    except OSError:  # a disk that cannot be written to has no room for what a sync finds either
        return False
    since = time.strftime("%Y-%m-%d", time.localtime(now - DAYS * 86400))
    arguments = ["-I", "-m", "claude_metrics", "sync", "--since", since]
    if db_path:
        arguments += ["--db-path", absolute(db_path)]
    return launch(arguments)


def is_due(marker, now):
    """Looks and notes the time under a lock, so that of two sessions that begin together one is told so."""
    file = os.open(marker, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0), 0o600)
    try:
        lock(file)
        noted = os.read(file, 32).decode("ascii", "replace").strip()
        if noted.isdecimal() and 0 <= now - int(noted) < EVERY_S:
            return False
        os.ftruncate(file, 0)
        os.pwrite(file, b"%d" % now, 0) if hasattr(os, "pwrite") else os.write(file, b"%d" % now)
        return True
    finally:
        os.close(file)


def lock(file):
    """Raises BlockingIOError, an OSError, when another hook is at it."""
    if sys.platform == "win32":  # two syncs at once do no harm
        return
    import fcntl

    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def launch(arguments):
    env = {name: value for name, value in environment().items() if not name.startswith(PRIVATE_NAMES)}
    candidates = [installed_python(default_spool()), sys.executable]
    os.chdir("/")  # not the project's folder: that may be deleted or unmounted
    for python in filter(None, candidates):
        try:
            start(python, [python, *arguments], env)
            return True
        except OSError:  # not there any more
            pass
    return False
