"""`claude-metrics report`: usage and cost by time, session, project, branch and model; tools, commits, blocks."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from claude_metrics.commands import options


@dataclass(frozen=True, slots=True)
class Asked:
    """What the options of every report come to."""

    where: Any
    connection: Any
    db_path: Path
    as_json: bool
    breakdown: bool


def _filters() -> list[Callable[..., Any]]:
    return [
        options.day("--since", "First day, in your time zone."),
        options.day("--until", "Last day, in your time zone."),
        click.option("--project", "projects", multiple=True, metavar="NAME", help="Name or folder (repeatable)."),
        click.option("--model", "models", multiple=True, metavar="TEXT", help="Part of a model's name (repeatable)."),
        options.agents,
        click.option(
            "--tz", metavar="ZONE", help="Time zone, as Europe/Berlin (default: the config's, else the system's)."
        ),
        options.db_path,
    ]


def filtered(breakdown: bool = True) -> Callable[[options.Command], options.Command]:
    """The options all reports share; the command gets them as one `Asked`."""
    given = [*_filters(), options.as_json]
    if breakdown:
        given.append(click.option("-b", "--breakdown", is_flag=True, help="A line per model below each line."))

    def decorate(command: options.Command) -> options.Command:
        @functools.wraps(command)
        def ask(**named: Any) -> Any:
            return command(_asked(named), **named)

        return functools.reduce(lambda done, option: option(done), reversed(given), ask)

    return decorate


def _asked(named: dict[str, Any]) -> Asked:
    from claude_metrics import report, zones
    from claude_metrics.agents import AGENTS
    from claude_metrics.store.connection import connect_readonly

    agents = tuple(AGENTS[name].AGENT_TYPE for name in named.pop("agents"))
    here = zones.zone(named.pop("tz"))
    where = report.Filter(
        named.pop("since"), named.pop("until"), here, named.pop("projects"), named.pop("models"), agents
    )
    db_path = named.pop("db_path")
    connection = connect_readonly(db_path)
    report.check_projects(connection, where)
    return Asked(where, connection, db_path, named.pop("as_json", False), named.pop("breakdown", False))


def _narrowed(command: options.Command) -> options.Command:
    return functools.reduce(lambda done, option: option(done), reversed(_filters()), command)


@click.group("report", invoke_without_command=True)
@click.option(
    "--html", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write a page to look at."
)
@_narrowed
@click.pass_context
def report(ctx: click.Context, /, html: Path | None, **named: Any) -> None:
    """What was used and what it cost, from the database.

    Example: claude-metrics report daily --since 2026-11-01 --breakdown

    Example: claude-metrics report --html report.html --since 2026-11-01
    """
    if ctx.invoked_subcommand is not None:
        if any(ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE for name in ctx.params):
            raise click.UsageError(f"options go behind the report: `report {ctx.invoked_subcommand} --...`")
    elif html is None:
        click.echo(ctx.get_help())
    else:
        from claude_metrics.commands.export import write
        from claude_metrics.page import report_page

        asked = _asked(named)
        write(report_page.page(asked.connection, asked.where), html)


def _by_time(asked: Asked, kind: str, name: str, label: Callable[[str], str]) -> None:
    from claude_metrics.commands import report_output
    from claude_metrics.report import by_time

    report_output.show(asked, kind, by_time(asked.connection, asked.where, name, label))


@report.command()
@filtered()
def daily(asked: Asked) -> None:
    """A line per day on which anything was used.

    Example: claude-metrics report daily --since 2026-11-01 --tz Europe/Berlin
    """
    _by_time(asked, "daily", "date", str)


@report.command()
@click.option("--start-of-week", type=click.Choice(["monday", "sunday"]), default="monday", show_default=True)
@filtered()
def weekly(asked: Asked, start_of_week: str) -> None:
    """A line per week, named by its first day.

    Example: claude-metrics report weekly --start-of-week sunday
    """
    from claude_metrics.report import monday, sunday

    _by_time(asked, "weekly", "week", monday if start_of_week == "monday" else sunday)


@report.command()
@filtered()
def monthly(asked: Asked) -> None:
    """A line per month.

    Example: claude-metrics report monthly --project app --json
    """
    from claude_metrics.report import month

    _by_time(asked, "monthly", "month", month)


@report.command()
@filtered()
def sessions(asked: Asked) -> None:
    """A line per session, the latest last; `session show ID` has the rest.

    Example: claude-metrics report sessions --since 2026-11-20
    """
    from claude_metrics.commands import report_output
    from claude_metrics.report import by_session

    report_output.show(asked, "sessions", by_session(asked.connection, asked.where))


def _by_column(asked: Asked, kind: str, *columns: str) -> None:
    from claude_metrics.commands import report_output
    from claude_metrics.report import by_column

    report_output.show(asked, kind, by_column(asked.connection, asked.where, columns))


@report.command()
@filtered()
def projects(asked: Asked) -> None:
    """A line per project folder, the costliest first.

    Example: claude-metrics report projects --since 2026-11-01
    """
    _by_column(asked, "projects", "project", "project_path")


@report.command()
@filtered()
def branches(asked: Asked) -> None:
    """A line per project and git branch, the costliest first.

    Example: claude-metrics report branches --project app
    """
    _by_column(asked, "branches", "project", "branch", "project_path")


@report.command()
@filtered(breakdown=False)
def models(asked: Asked) -> None:
    """A line per model, the costliest first.

    Example: claude-metrics report models --agent claude
    """
    _by_column(asked, "models", "model")


@report.command()
@filtered(breakdown=False)
def tools(asked: Asked) -> None:
    """Tools: calls, failures, durations, what fills the context, what follows what. --model does not narrow it.

    Example: claude-metrics report tools --since 2026-11-01
    """
    from claude_metrics import report_tools
    from claude_metrics.commands import report_depth, report_output_lists
    from claude_metrics.report_lists import tools as lines

    sizes = report_tools.sizes(asked.connection, asked.where)
    sequences = report_tools.sequences(asked.connection, asked.where)
    report_output_lists.show_tools(asked, lines(asked.connection, asked.where), sizes=sizes, sequences=sequences)
    if not asked.as_json:
        report_depth.show_tool_depth(sizes, sequences)


@report.command()
@filtered(breakdown=False)
def commits(asked: Asked) -> None:
    """A line per commit that sessions made. --model does not narrow it.

    Example: claude-metrics report commits --project app --json
    """
    from claude_metrics.commands import report_output_lists
    from claude_metrics.report_lists import commits as lines

    report_output_lists.show_commits(asked, lines(asked.connection, asked.where))


@report.command()
@click.option("--active", is_flag=True, help="Only the window that is running, with its pace.")
@filtered()
def blocks(asked: Asked, active: bool) -> None:
    """A line per window of five hours, as usage limits are counted; of Claude's sessions without --agent.

    Example: claude-metrics report blocks --active
    """
    import time
    from dataclasses import replace

    from claude_metrics.agents import AGENTS
    from claude_metrics.commands import report_output
    from claude_metrics.report_blocks import blocks as windows

    where = replace(asked.where, agents=asked.where.agents or (AGENTS["claude"].AGENT_TYPE,))
    found = windows(asked.connection, where, time.time())
    report_output.show_blocks(asked, [entry for entry in found if entry.about["active"] or not active])


@report.command()
@click.option("--all", "whole", is_flag=True, help="The sessions that agree as well.")
@filtered(breakdown=False)
def audit(asked: Asked, whole: bool) -> None:
    """Our figure and the agent's own, per session, with the cause of each difference; sessions on disk and stored.

    Example: claude-metrics report audit --since 2026-11-01
    """
    from claude_metrics.agents import AGENTS
    from claude_metrics.commands import report_output_audit
    from claude_metrics.report_audit import audit as audited
    from claude_metrics.report_coverage import coverage

    names = [name for name in AGENTS if not asked.where.agents or AGENTS[name].AGENT_TYPE in asked.where.agents]
    found = audited(asked.connection, asked.where)
    report_output_audit.show(asked, found, coverage(asked.connection, names), whole)


@report.command()
@filtered(breakdown=False)
def prompts(asked: Asked) -> None:
    """What kinds of prompts there were, their cost, length and retries, and the time to the first commit.

    --model does not narrow it.

    Example: claude-metrics report prompts --since 2026-11-01
    """
    from claude_metrics.commands import report_depth
    from claude_metrics.report_prompts import prompts as counted

    report_depth.show_prompts(asked, counted(asked.connection, asked.where))
