"""What killed commands left behind: each kind of work that was noted is completed or cleared away at the next start."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

from claude_metrics import config, paths
from claude_metrics.log import logger
from claude_metrics.maintenance import purge
from claude_metrics.maintenance.alone import alone
from claude_metrics.paths import work
from claude_metrics.store import backup
from claude_metrics.store import connection as database


def sweep() -> None:
    """Nothing is waited for: what somebody else is at, or what cannot be done now, is left to the next start."""
    if work.is_any():
        work.sweep(COMPLETE, _failed)
    database.roll_back(paths.database_file())


def remove_trial(details: work.Details, remember: bool = True) -> None:
    """Take out the made-up session of a doctor: its events, its rows, and what a copy holds of it.

    `remember`: its hook may still be at work, so that the session may come later.
    """
    db_path, spool, session_id = Path(details["db_path"]), Path(details["spool"]), str(details["session_id"])
    purge.drop_events(spool, [session_id])
    if db_path.exists():
        settings = config.lenient()
        with closing(database.connect(db_path, settings.journal_mode)) as connection:
            purge.purge(connection, [session_id], settings, remember=remember)
        backup.forget_trial(db_path, session_id)


def _trial(details: work.Details) -> None:
    with alone(Path(details["spool"]), wait_s=0):
        remove_trial(details)


def _purge(details: work.Details) -> None:
    purge.complete(Path(details["db_path"]), Path(details["spool"]), details["sessions"], wait_s=0)


COMPLETE: Mapping[str, Callable[[work.Details], None]] = {"trial": _trial, "purge": _purge}


def _failed(name: str, error: Exception) -> None:
    logger.warning("the work that %s notes could not be completed yet: %s", name, error)
