"""`claude-metrics report`: usage and cost by time, session, project, branch and model; tools, commits, blocks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from claude_metrics.commands import answers
from claude_metrics.commands.selection import Selection, filtered, narrowed, selected


@click.group("report", invoke_without_command=True)
@click.option(
    "--html", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write a page to look at."
)
@narrowed
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
        from claude_metrics.render.html import report_page
        from claude_metrics.reports import overview

        selection = selected(named)
        write(report_page.page(overview.load(selection.connection, selection.where), selection.where), html)


def _by_time(selection: Selection, kind: str, name: str, label: Callable[[str], str]) -> None:
    from claude_metrics.render import usage as report_output
    from claude_metrics.reports.query import by_time

    report_output.show(
        selection.form(understated=True),
        kind,
        by_time(selection.connection, selection.where, name, label, selection.group_by),
    )


@report.command()
@filtered(usage=True)
def daily(selection: Selection) -> None:
    """One line for each day with any usage.

    Example: claude-metrics report daily --since 2026-11-01 --tz Europe/Berlin
    """
    _by_time(selection, "daily", "date", str)


def _span(name: str, text: str) -> None:
    """A command `report NAME` with the days of one span."""

    @report.command(name, help=f"{text}\n\nExample: claude-metrics report {name}")
    @filtered(usage=True)
    def of_span(selection: Selection) -> None:
        _by_time(selection.in_span(name), "daily", "date", str)


for _name, _text in (
    ("today", "Today's usage."),
    ("yesterday", "Yesterday's usage."),
    ("week", "One line for each day of this week, from Monday."),
    ("month", "One line for each day of this month."),
):
    _span(_name, _text)


@report.command()
@click.option("--start-of-week", type=click.Choice(["monday", "sunday"]), default="monday", show_default=True)
@filtered(usage=True)
def weekly(selection: Selection, start_of_week: str) -> None:
    """One line for each week, named by its first day.

    Example: claude-metrics report weekly --start-of-week sunday
    """
    from claude_metrics.config.zones import monday
    from claude_metrics.reports.query import sunday

    _by_time(selection, "weekly", "week", monday if start_of_week == "monday" else sunday)


@report.command()
@filtered(usage=True)
def monthly(selection: Selection) -> None:
    """One line for each month.

    Example: claude-metrics report monthly --project app --json
    """
    from claude_metrics.reports.query import month

    _by_time(selection, "monthly", "month", month)


@report.command()
@filtered(usage=True)
def sessions(selection: Selection) -> None:
    """One line for each session, the latest last. `session show ID` shows one in detail.

    Example: claude-metrics report sessions --since 2026-11-20
    """
    from claude_metrics.render import usage as report_output
    from claude_metrics.reports.query import by_session

    if others := {"model", "machine"} & set(selection.group_by):
        raise click.UsageError(f"a session is not split by {others.pop()}; use `report models --group-by project`")
    entries = by_session(selection.connection, selection.where)
    entries.sort(key=lambda entry: [str(entry.about.get(name)) for name in selection.group_by])
    report_output.show(selection.form(ids=True, understated=True), "sessions", entries)


def _by_column(selection: Selection, kind: str, *columns: str) -> None:
    from claude_metrics.render import usage as report_output
    from claude_metrics.reports.query import by_column

    report_output.show(
        selection.form(understated=True),
        kind,
        by_column(selection.connection, selection.where, columns, selection.group_by),
    )


@report.command()
@filtered(usage=True)
def projects(selection: Selection) -> None:
    """One line for each project folder, the most expensive first.

    Example: claude-metrics report projects --since 2026-11-01
    """
    _by_column(selection, "projects", "project", "project_path")


@report.command()
@filtered(usage=True)
def branches(selection: Selection) -> None:
    """One line for each project and git branch, the most expensive first.

    Example: claude-metrics report branches --project app
    """
    _by_column(selection, "branches", "project", "branch", "project_path")


@report.command()
@filtered(usage=True)
def agents(selection: Selection) -> None:
    """One line for each agent, the most expensive first.

    Example: claude-metrics report agents --since 7d
    """
    _by_column(selection, "agents", "agent")


@report.command()
@filtered(breakdown=False, usage=True)
def models(selection: Selection) -> None:
    """One line for each model, the most expensive first.

    Example: claude-metrics report models --agent claude
    """
    _by_column(selection, "models", "model")


@report.command()
@filtered(breakdown=False)
def tools(selection: Selection) -> None:
    """Tools: calls, failures, durations, the largest results, and which tool follows which.

    --model has no effect here.

    Example: claude-metrics report tools --since 2026-11-01
    """
    from claude_metrics.render.tools import show_tool_details, show_tools
    from claude_metrics.reports import lists
    from claude_metrics.reports import tools as details

    sizes = details.sizes(selection.connection, selection.where)
    sequences = details.sequences(selection.connection, selection.where)
    lines = lists.tools(selection.connection, selection.where)
    show_tools(selection.form(), lines, sizes=sizes, sequences=sequences)
    if not selection.as_json:
        show_tool_details(sizes, sequences)


@report.command()
@click.option(
    "--by",
    "kinds",
    multiple=True,
    type=click.Choice(["skill", "command", "server", "subagent", "effort"]),
    help="Only this kind of cause (repeatable).",
)
@filtered(breakdown=False)
def causes(selection: Selection, kinds: tuple[str, ...]) -> None:
    """What skills, slash commands, MCP servers, subagents and levels of effort cost.

    It also shows why the prompt cache was written again, and what that cost.

    Example: claude-metrics report causes --by skill --by server
    """
    from claude_metrics.render import causes as causes_output
    from claude_metrics.reports import causes as asked

    lines = asked.causes(selection.connection, selection.where, kinds)
    breaks = [] if kinds else asked.cache_breaks(selection.connection, selection.where)
    causes_output.show(selection.form(), lines, breaks)


@report.command()
@filtered(breakdown=False)
def commits(selection: Selection) -> None:
    """One line for each commit that a session made.

    --model has no effect here.

    Example: claude-metrics report commits --project app --json
    """
    from claude_metrics.render.commits import show_commits
    from claude_metrics.reports.lists import commits as lines

    show_commits(selection.form(ids=True), lines(selection.connection, selection.where))


@report.command()
@click.option("--active", is_flag=True, help="Only the current window, with its cost per hour.")
@filtered()
def blocks(selection: Selection, active: bool) -> None:
    """One line for each window of five hours, as the usage limits of Claude Code are counted.

    Without --agent, only sessions of Claude Code.

    Example: claude-metrics report blocks --active
    """
    import time
    from dataclasses import replace

    from claude_metrics.agents import RECORDED
    from claude_metrics.render import usage as report_output
    from claude_metrics.reports.blocks import blocks as windows
    from claude_metrics.reports.blocks import pace

    counted = tuple(agent.type for agent in RECORDED.values() if agent.usage_windows)
    where = replace(selection.where, agents=selection.where.agents or counted)
    now = time.time()
    entries = [entry for entry in windows(selection.connection, where, now) if entry.about["active"] or not active]
    running = {entry.about["start"]: pace(entry, now) for entry in entries if entry.about["active"]}
    report_output.show_blocks(selection.form(understated=True), entries, running)


@report.command()
@click.option("--all", "whole", is_flag=True, help="Also the sessions whose figures agree.")
@filtered(breakdown=False)
def audit(selection: Selection, whole: bool) -> None:
    """Our cost and the agent's own for each session, and why they differ.

    It also counts the sessions on disk and in the database.

    Example: claude-metrics report audit --since 2026-11-01
    """
    from claude_metrics.agents import RECORDED
    from claude_metrics.render import audit as report_output_audit
    from claude_metrics.reports.audit import audit as audited
    from claude_metrics.reports.coverage import coverage

    names = [name for name, agent in RECORDED.items() if agent.type in (selection.where.agents or (agent.type,))]
    found = audited(selection.connection, selection.where)
    report_output_audit.show(selection.form(ids=True), found, coverage(selection.connection, names), whole)


@report.command()
@filtered(breakdown=False)
def prompts(selection: Selection) -> None:
    """Kinds of prompts, with their cost, length and retries, and the time to the first commit.

    --model has no effect here.

    Example: claude-metrics report prompts --since 2026-11-01
    """
    from claude_metrics.render.prompts import show_prompts
    from claude_metrics.reports.prompts import prompts as counted

    show_prompts(selection.form(), counted(selection.connection, selection.where))


for _command in (answers.activities, answers.programs, answers.outcomes, answers.compare):
    report.add_command(_command)
