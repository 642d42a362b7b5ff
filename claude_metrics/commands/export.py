"""`claude-metrics session export`: one session as Markdown, JSON, or a page to look at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from claude_metrics.commands import options
from claude_metrics.render.json import json_text
from claude_metrics.render.terminal import say


@click.command()
@click.argument("session_id", metavar="ID")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["md", "json", "html"]),
    default="md",
    show_default=True,
    help="The format of the file.",
)
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write this file (default: print it)."
)
@click.option(
    "--tz",
    metavar="ZONE",
    help="Time zone, for example Europe/Berlin (default: the one of the config, else of the system).",
)
@options.db_path
def export(session_id: str, kind: str, output: Path | None, tz: str | None, db_path: Path) -> None:
    """Write a session as Markdown, as JSON, or as one HTML file that loads nothing from the network.

    Example: claude-metrics session export 52685edc --format html --output session.html
    """
    from claude_metrics.config import zones
    from claude_metrics.reports import session_ids
    from claude_metrics.reports.session import load_history
    from claude_metrics.store.connection import connect_current

    connection = connect_current(db_path)
    found = load_history(connection, session_ids.find(connection, session_id))
    write(_formatted(found, kind, zones.zone(tz)), output)


def _formatted(found: Any, kind: str, tz: Any) -> str:
    if kind == "json":
        from dataclasses import asdict

        return json_text(asdict(found)) + "\n"
    if kind == "html":
        from claude_metrics.render.html import session_page

        return session_page.page(found, tz)
    from claude_metrics.render.replay import markdown
    from claude_metrics.text import plain

    return plain("\n".join(markdown(found, tz)).strip() + "\n")


def write(text: str, output: Path | None) -> None:
    """To a file that only its owner can read, or to the screen."""
    if output is None:
        say(text, nl=False)
        return
    from claude_metrics import files
    from claude_metrics.errors import ClaudeMetricsError

    try:
        files.write_output(output, text.encode("utf-8", "replace"))
    except OSError as error:
        raise ClaudeMetricsError(f"cannot write the file: {error.strerror}; {output}; choose another place") from error
    say(f"wrote {click.format_filename(output)}", err=True)
