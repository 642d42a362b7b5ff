"""Options that several commands share."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from claude_metrics.agents import RECORDED
from claude_metrics.render.json import print_json

__all__ = ["print_json"]

Command = Callable[..., Any]

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")
agents = click.option(
    "--agent", "agents", type=click.Choice(sorted(RECORDED)), multiple=True, help="Only this agent (repeatable)."
)


def _database(ctx: click.Context, param: click.Parameter, value: Path | None) -> Path:
    """A file that is not ours is refused before a command does anything."""
    from claude_metrics import paths
    from claude_metrics.store import identity

    path = value or paths.database_file()
    identity.refuse_foreign_file(path)
    return path


db_path = click.option(
    "--db-path",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=_database,
    help="The database (default: $CLAUDE_METRICS_DB, else the one in the data folder).",
)


tz = click.option(
    "--tz",
    is_eager=True,
    metavar="ZONE",
    help="Time zone, for example Europe/Berlin (default: the one of the config, else of the system).",
)
no_sync = click.option(
    "--no-sync", "sync", is_flag=True, flag_value=False, default=True, help="Do not look for new sessions first."
)


def _width(ctx: click.Context, param: click.Parameter, value: int | None) -> None:
    """What rich and our tables ask for; a width that is asked for holds in a pipe, too."""
    if value:
        os.environ["COLUMNS"] = str(value)


width = click.option(
    "--width",
    type=click.IntRange(40),
    metavar="N",
    callback=_width,
    expose_value=False,
    help="Columns of the screen (default: those of the terminal).",
)


def take_in(db_path: Path, sync: bool = True) -> str:
    """Record what is new before a reader answers; returns what it has to tell."""
    from claude_metrics.recording import fresh

    return fresh.take_in(db_path) if sync else ""


def _day(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """`--tz` is read before, so "today" is the reader's."""
    from claude_metrics.config import days, zones

    if not value:
        return None
    found = days.day(value, zones.zone(ctx.params.get("tz")))
    if found is None:
        raise click.BadParameter(f"{value!r} is no day; write 2026-11-20, 7d, yesterday or 'last monday'.", ctx, param)
    return found


def day(name: str, text: str) -> Callable[[Command], Command]:
    """`--since 2026-11-01`; 20261101, 7d, yesterday and "last monday" will do."""
    return click.option(name, callback=_day, metavar="DAY", help=text)
