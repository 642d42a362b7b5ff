"""`claude-metrics session replay`: a session turn by turn, in a pager."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from claude_metrics.commands import options

STYLES: dict[str, dict[str, Any]] = {
    "title": {"bold": True}, "about": {"dim": True}, "turn": {"bold": True, "fg": "cyan"}, "heading": {"bold": True},
    "prompt": {"fg": "yellow"}, "call": {}, "failed": {"fg": "red"}, "seen": {"fg": "magenta"},
    "commit": {"fg": "green"}, "answer": {}, "item": {},
}  # fmt: skip
INDENT = {"title": "", "about": "", "turn": "\n", "prompt": "> ", "answer": "< ", "heading": "  "}


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
    from claude_metrics.reports import session_ids
    from claude_metrics.reports import session_turns as story
    from claude_metrics.store.connection import connect_current

    connection = connect_current(db_path)
    found = story.load(connection, session_ids.find(connection, session_id))
    if as_json:
        options.print_json([asdict(turn) for turn in found.turns])
        return
    lines = written(found, zones.zone(tz))
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


def written(found: Any, here: Any) -> Iterator[str]:
    """Coloured lines; nothing in them but the colours is an escape sequence."""
    from claude_metrics.render import replay as retelling
    from claude_metrics.text import plain

    for role, text in retelling.retell(found, here):
        lead = INDENT.get(role, "    ")
        body = plain(text).replace("\n", "\n" + " " * len(lead.strip("\n")))
        yield click.style(lead + body, **STYLES[role]) + "\n"
