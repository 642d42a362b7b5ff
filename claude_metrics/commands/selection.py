"""The options that all reports share, and what they come to."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from claude_metrics.commands import options
from claude_metrics.render.terminal import say

if TYPE_CHECKING:  # `--help` loads neither
    import sqlite3

    from claude_metrics.render.presentation import Presentation
    from claude_metrics.reports.query import Filter

ORDERS = ("cost", "tokens", "requests", "name")
SHOWN = ("order", "limit", "as_csv", "as_markdown", "currency", "rate")  # options that change only what is shown
GROUPS = ("agent", "project", "branch", "model", "machine")


@dataclass(frozen=True, slots=True)
class Selection:
    """The filter and the open database to ask, and the form in which the answer is shown."""

    where: Filter
    connection: sqlite3.Connection
    db_path: Path
    as_json: bool
    breakdown: bool
    group_by: tuple[str, ...] = ()
    shown: dict[str, Any] | None = None

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
            group_by=self.group_by,
            **(self.shown or {}),
        )

    def in_span(self, name: str) -> Selection:
        """The same within the days of `today`, `yesterday`, this `week` or this `month`."""
        from claude_metrics.config import zones

        if self.where.since or self.where.until:
            raise click.UsageError(f"`report {name}` has its days; for others use `report daily --since DAY`")
        now = time.time()
        today = zones.day_of(now, self.where.zone)
        yesterday = zones.day_before(today)
        since = {"yesterday": yesterday, "week": zones.monday(today), "month": zones.first_of_month(today)}
        until = yesterday if name == "yesterday" else today
        return replace(self, where=replace(self.where, since=since.get(name, today), until=until))


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


def _group_by(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[str, ...]:
    names = tuple(name.strip() for name in (value or "").split(",") if name.strip())
    if wrong := [name for name in names if name not in GROUPS]:
        raise click.BadParameter(f"{wrong[0]!r} is none of {', '.join(GROUPS)}.", ctx, param)
    return names


def _currency(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    if value and not (value.isalpha() and len(value) == 3):
        raise click.BadParameter("a currency has a code of three letters, for example EUR.", ctx, param)
    return value.upper() if value else None


def _of_usage() -> list[Callable[..., Any]]:
    """What the reports that are sums of usage know besides."""
    return [
        click.option("--group-by", metavar="NAMES", callback=_group_by,
                     help=f"Split each line by these, with commas: {', '.join(GROUPS)}."),
        click.option("--order", type=click.Choice(ORDERS), help="By what lines are ordered, the highest first."),
        click.option("--limit", type=click.IntRange(1), metavar="N", help="Only N lines; the total is of all."),
        click.option("--csv", "as_csv", is_flag=True, help="Print CSV for spreadsheets."),
        click.option("--markdown", "as_markdown", is_flag=True, help="Print a Markdown table."),
        click.option("--currency", metavar="CODE", callback=_currency, help="Show costs in this currency."),
        click.option("--rate", type=click.FloatRange(0, min_open=True), metavar="X", help="How much of it one USD is."),
    ]  # fmt: skip


def filtered(breakdown: bool = True, usage: bool = False) -> Callable[[options.Command], options.Command]:
    """The options all reports share; the command gets them as one `Selection`."""
    given = [*_filters(), options.as_json]
    if breakdown:
        given.append(
            click.option("-b", "--breakdown", is_flag=True, help="Also one line for each model below each line.")
        )

    if usage:
        given += _of_usage()

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
        say(f"claude-metrics: {incomplete}", err=True)
    connection = connect_current(db_path)
    report.check_projects(connection, where)
    report.check_models(connection, where)
    shown = {name: named.pop(name) for name in SHOWN if name in named}
    if (shown.get("currency") is None) != (shown.get("rate") is None):
        raise click.UsageError("--currency and --rate go together: --currency EUR --rate 0.86")
    group_by = named.pop("group_by", ())
    return Selection(
        where, connection, db_path, named.pop("as_json", False), named.pop("breakdown", False), group_by, shown
    )


def narrowed(command: options.Command) -> options.Command:
    return functools.reduce(lambda done, option: option(done), reversed(_filters()), command)
