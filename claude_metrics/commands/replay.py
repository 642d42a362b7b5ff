"""`claude-metrics session replay`: a session turn by turn, in a pager."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from claude_metrics.commands import options


@click.command()
@click.argument("session_id", metavar="ID")
@click.option(
    "--tz",
    metavar="ZONE",
    help="Time zone, for example Europe/Berlin (default: the one of the config, else of the system).",
)
@options.as_json
@options.db_path
def replay(session_id: str, tz: str | None, as_json: bool, db_path: Path) -> None:
    """Show a session turn by turn: each prompt, what was done for it, and the answer.

    Example: claude-metrics session replay 52685edc
    """
    from dataclasses import asdict

    from claude_metrics.config import zones
    from claude_metrics.render.replay import on_screen
    from claude_metrics.reports import session_ids
    from claude_metrics.reports.session import load_history
    from claude_metrics.store.connection import connect_current

    connection = connect_current(db_path)
    history = load_history(connection, session_ids.find(connection, session_id))
    if as_json:
        options.print_json([asdict(turn) for turn in history.turns])
        return
    lines = on_screen(history, zones.zone(tz))
    if sys.stdout.isatty():
        click.echo_via_pager(lines, color=_coloured())
    else:
        for text in lines:
            click.echo(text, nl=False)


def _coloured() -> bool | None:
    """None leaves it to click, which knows how to ask less; other pagers pass colours on."""
    if os.environ.get("NO_COLOR"):
        return False
    pager = os.environ.get("PAGER", "less").split()
    return None if pager and Path(pager[0]).name == "less" else True
