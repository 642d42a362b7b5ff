"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from claude_metrics import paths
from claude_metrics.agents import RECORDED
from claude_metrics.render.json import print_json

__all__ = ["print_json"]

Command = Callable[..., Any]

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")
agents = click.option(
    "--agent", "agents", type=click.Choice(sorted(RECORDED)), multiple=True, help="Only this agent (repeatable)."
)


def _database(ctx: click.Context, param: click.Parameter, value: Path | None) -> Path:
    return value or paths.database_file()


db_path = click.option(
    "--db-path",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=_database,
    help="The database (default: $CLAUDE_METRICS_DB, else the one in the data folder).",
)


def _day(ctx: click.Context, param: click.Parameter, value: Any) -> str | None:
    return value.strftime("%Y-%m-%d") if value else None


def day(name: str, text: str) -> Callable[[Command], Command]:
    """`--since 2026-11-01`; 20261101 will do."""
    formats = click.DateTime(["%Y-%m-%d", "%Y%m%d"])
    return click.option(name, type=formats, callback=_day, metavar="DATE", help=text)
