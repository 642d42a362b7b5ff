"""The options that all reports share, and what they come to."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from claude_metrics.commands import options

if TYPE_CHECKING:  # `--help` loads neither
    import sqlite3

    from claude_metrics.render.presentation import Presentation
    from claude_metrics.reports.query import Filter


@dataclass(frozen=True, slots=True)
class Selection:
    """The filter and the open database to ask, and the form in which the answer is shown."""

    where: Filter
    connection: sqlite3.Connection
    db_path: Path
    as_json: bool
    breakdown: bool

    def form(self, ids: bool = False, understated: bool = False) -> Presentation:
        """With `ids`, short session ids; with `understated`, what is known to be missing."""
        from claude_metrics.render.presentation import Presentation
        from claude_metrics.reports import query, session_ids

        return Presentation(
            self.where.zone,
            self.as_json,
            self.breakdown,
            session_ids.all_shortened(self.connection) if ids and not self.as_json else {},
            query.understated(self.connection, self.where) if understated else (0, 0),
            query.incomplete(self.connection, self.where) if understated else {},
        )


def _filters() -> list[Callable[..., Any]]:
    return [
        options.day("--since", "First day, in your time zone."),
        options.day("--until", "Last day, in your time zone."),
        click.option("--project", "projects", multiple=True, metavar="NAME", help="Name or folder (repeatable)."),
        click.option("--model", "models", multiple=True, metavar="TEXT", help="Part of a model's name (repeatable)."),
        options.agents,
        options.tz,
        options.width,
        options.no_sync,
        options.db_path,
    ]


def filtered(breakdown: bool = True) -> Callable[[options.Command], options.Command]:
    """The options all reports share; the command gets them as one `Selection`."""
    given = [*_filters(), options.as_json]
    if breakdown:
        given.append(
            click.option("-b", "--breakdown", is_flag=True, help="Also one line for each model below each line.")
        )

    def decorate(command: options.Command) -> options.Command:
        @functools.wraps(command)
        def ask(**named: Any) -> Any:
            return command(selected(named), **named)

        return functools.reduce(lambda done, option: option(done), reversed(given), ask)

    return decorate


def selected(named: dict[str, Any]) -> Selection:
    from claude_metrics.agents import RECORDED
    from claude_metrics.config import zones
    from claude_metrics.reports import query as report
    from claude_metrics.store.connection import connect_current

    agents = tuple(RECORDED[name].type for name in named.pop("agents"))
    tz = zones.zone(named.pop("tz"))
    where = report.Filter(
        named.pop("since"), named.pop("until"), tz, named.pop("projects"), named.pop("models"), agents
    )
    db_path = named.pop("db_path")
    if incomplete := options.take_in(db_path, named.pop("sync")):
        click.echo(f"claude-metrics: {incomplete}", err=True)
    connection = connect_current(db_path)
    report.check_projects(connection, where)
    return Selection(where, connection, db_path, named.pop("as_json", False), named.pop("breakdown", False))


def narrowed(command: options.Command) -> options.Command:
    return functools.reduce(lambda done, option: option(done), reversed(_filters()), command)
