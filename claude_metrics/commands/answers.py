"""Reports that answer one question each: what tool calls were for, what usage came to, and how two things compare."""

from __future__ import annotations

import click

from claude_metrics.commands.selection import Selection, filtered


@click.command()
@filtered(breakdown=False)
def activities(selection: Selection) -> None:
    """What tool calls were for, and the subagents, skills and MCP servers they were given to.

    --model has no effect here.

    Example: claude-metrics report activities --since 7d
    """
    from claude_metrics.render import answers
    from claude_metrics.reports import activities as engine

    lines = engine.activities(selection.connection, selection.where)
    answers.show_calls(selection.form(), "activities", ("activity", "subject"), lines)


@click.command()
@filtered(breakdown=False)
def programs(selection: Selection) -> None:
    """The programs that shell commands started: calls, failures and time.

    A call counts for each program that it names. --model has no effect here.

    Example: claude-metrics report programs --project app
    """
    from claude_metrics.render import answers
    from claude_metrics.reports import activities as engine

    lines = engine.programs(selection.connection, selection.where)
    answers.show_calls(selection.form(), "programs", ("program",), lines)


@click.command()
@click.option("--by", type=click.Choice(["project", "branch", "ticket"]), default="branch", show_default=True)
@filtered(breakdown=False)
def outcomes(selection: Selection, by: str) -> None:
    """What usage came to: cost per commit, by project, branch or ticket.

    A ticket is what `ticket_pattern` of the config finds in a branch's name. Commits are those that count: made by the
    session's own command, and a branch still reaches them.

    Example: claude-metrics report outcomes --by ticket
    """
    from claude_metrics import config
    from claude_metrics.render import answers
    from claude_metrics.reports import outcomes as engine

    pattern = config.load().ticket_pattern
    answers.show_outcomes(selection.form(), engine.outcomes(selection.connection, selection.where, by, pattern))


@click.command()
@click.argument("one", metavar="A")
@click.argument("two", metavar="B")
@filtered(breakdown=False)
def compare(selection: Selection, one: str, two: str) -> None:
    """Compare A and B: two models, two projects, or two spans of days (2026-10, yesterday, 2026-10-01..2026-10-07).

    Example: claude-metrics report compare opus sonnet --since 30d
    """
    from claude_metrics.config import days
    from claude_metrics.render import answers
    from claude_metrics.reports import compare as engine

    connection, where = selection.connection, selection.where
    sides = [
        engine.side(connection, engine.filter_for(connection, where, name, days.span(name, where.zone)), name)
        for name in (one, two)
    ]
    answers.show_comparison(selection.form(), *sides)
