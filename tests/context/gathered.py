"""What the note gathers of a folder."""

import shutil
from pathlib import Path

from claude_metrics.context.gathering import Facts, gather
from claude_metrics.context.repositories import Repository
from claude_metrics.context.settings import Settings

GIT = shutil.which("git")
LONG = Settings(context_deadline_s=30)  # where time is not what is tested


def facts(folder: Path, settings: Settings = LONG) -> Facts:
    return gather(str(folder), "", settings)


def states(folder: Path) -> dict[str, Repository]:
    return {state.path: state for state in facts(folder).repositories}


def state(folder: Path) -> Repository:
    return states(folder)["."]
