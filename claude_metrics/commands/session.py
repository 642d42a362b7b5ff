"""`claude-metrics session`: one session, from its totals down to its tool calls."""

from __future__ import annotations

from pathlib import Path

import click

from claude_metrics.commands import options
from claude_metrics.commands.export import export
from claude_metrics.commands.replay import replay


@click.group("session")
def session() -> None:
    """One session: what it cost, did and changed.

    Example: claude-metrics session show 52685edc
    """


@session.command()
@click.argument("session_id", metavar="ID")
@click.option("--all", "whole", is_flag=True, help="All turns and tool calls, not the last 20 of each.")
@click.option(
    "--tz",
    metavar="ZONE",
    help="Time zone, for example Europe/Berlin (default: the one of the config, else of the system).",
)
@options.as_json
@options.db_path
def show(session_id: str, whole: bool, tz: str | None, as_json: bool, db_path: Path) -> None:
    """Show a session: totals, models, turns, tool calls and commits. ID is its id or the beginning of it.

    Example: claude-metrics session show 52685edc --all
    """
    from dataclasses import asdict

    from claude_metrics.config import zones
    from claude_metrics.render import session as session_output
    from claude_metrics.reports import session as session_view
    from claude_metrics.reports import session_ids
    from claude_metrics.store.connection import connect_current

    connection = connect_current(db_path)
    found = session_view.load(connection, session_ids.find(connection, session_id))
    if as_json:
        options.print_json(asdict(found))
    else:
        session_output.show(found, zones.zone(tz), whole)


session.add_command(replay)
session.add_command(export)
