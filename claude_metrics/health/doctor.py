"""All checks in order; with `fix`, what is safe is mended on the way, and every check is made again afterwards."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from claude_metrics import config, paths
from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.health import database, fire, places, recording
from claude_metrics.health import hooks as hook_checks
from claude_metrics.health.check import Check, Situation
from claude_metrics.log import logger
from claude_metrics.store import identity

Look = Callable[[Situation], Check | Iterable[Check]]
# The ground first: a database must be whole before the spool is drained into it, and all before the hook is fired.
ORDER: tuple[Look, ...] = (*places.ALL, *database.ALL, *hook_checks.ALL, *recording.ALL)
FIRE: tuple[Look, ...] = fire.ALL


@dataclass(frozen=True)
class Finding:
    """A check's answer, and what was done about it: text, or why it could not be done."""

    check: Check
    mended: str = ""
    trouble: str = ""


def examine(db_path: Path, fix: bool = False, shoot: bool = True, hooks: bool = False) -> Iterator[Finding]:
    """One finding per line of the report. `shoot`: fire the installed hook too; `hooks`: `fix` installs them anew."""
    identity.refuse_foreign_file(db_path)
    here = Situation(db_path, paths.spool_dir(), config.lenient(), hooks)
    deeds: dict[str, tuple[str, str]] = {}
    if fix:
        for look in ORDER:
            for check in _looked(look, here):
                if check.fix and check.state != "ok":
                    deeds[check.name] = _mend(check)
    usable = True
    for look in ORDER:
        for check in _looked(look, here):
            usable = usable and (check.name, check.state) != ("database", "fail")
            yield Finding(check, *deeds.get(check.name, ("", "")))
    if shoot and not usable:
        yield Finding(Check("end to end", "warn", "not tried: the database cannot be used", "see its line above"))
    for look in FIRE if shoot and usable else ():
        yield from (Finding(check) for check in _looked(look, here))


def _looked(look: Look, here: Situation) -> list[Check]:
    """A check that fails to look is a failed check; it never hides the others."""
    name = getattr(look, "__name__", "check").replace("_", " ")
    try:
        found = look(here)
        return [found] if isinstance(found, Check) else list(found)
    except (ClaudeMetricsError, OSError, sqlite3.Error) as error:
        what, _, remedy = str(error).rpartition("; ")
        return [Check(name, "fail", what or str(error), remedy)]
    except Exception as error:
        logger.exception("the check %s could not be made", name)
        return [
            Check(
                name,
                "fail",
                f"{type(error).__name__}: {error}",
                f"please report it, with the end of {paths.log_file()}",
            )
        ]


def _mend(check: Check) -> tuple[str, str]:
    assert check.fix
    try:
        return check.fix(), ""
    except (ClaudeMetricsError, OSError, sqlite3.Error) as error:
        return "", str(error)
    except Exception as error:
        logger.exception("%s could not be mended", check.name)
        return "", f"{type(error).__name__}: {error}"
