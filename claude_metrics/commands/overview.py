"""Bare `claude-metrics`: one screen of what was used, what it went into, and what to do next."""

from __future__ import annotations

from pathlib import Path

import click

from claude_metrics.commands import options


@click.command()
@options.no_sync
@options.tz
@options.width
@options.db_path
@options.as_json
def overview(sync: bool, tz: str | None, db_path: Path, as_json: bool) -> None:
    """Show today, this week and this month, the last 30 days and the last sessions on one screen.

    `claude-metrics` without a command does the same.

    Example: claude-metrics --json
    """
    import time

    from claude_metrics import config
    from claude_metrics.config import zones
    from claude_metrics.recording import waiting
    from claude_metrics.render import first_screen as output
    from claude_metrics.reports import first_screen, session_ids
    from claude_metrics.reports.query import Filter
    from claude_metrics.store.connection import connect_current

    zone = zones.zone(tz)
    incomplete = options.take_in(db_path, sync)
    connection = connect_current(db_path)
    today = zones.day_of(time.time(), zone)
    screen = first_screen.load(connection, Filter(zone=zone), today, config.load())
    problems = [*filter(None, [incomplete]), *waiting.problems()]
    if as_json:
        options.print_json(output.as_json(screen, zone, problems))
    else:
        output.show(screen, zone, session_ids.all_shortened(connection), problems)
