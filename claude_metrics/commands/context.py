"""`claude-metrics context`: the note at the beginning of a session."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from claude_metrics.commands import options
from claude_metrics.context.clients import names
from claude_metrics.render.terminal import say


@click.command()
@click.option(
    "--tool",
    type=click.Choice(names()),
    help="Print JSON in the form that the hook of this client returns.",
)
@click.option(
    "--max-chars", type=click.IntRange(1), metavar="N", help="The maximum length, below the limit of the client."
)
@options.db_path
@options.as_json
def context(tool: str | None, max_chars: int | None, db_path: Path, as_json: bool) -> None:
    """Print the session-start note: repositories and their state, tools found, recent cost.

    Example: claude-metrics context --tool claude
    """
    import time

    from claude_metrics import config, paths
    from claude_metrics.context import note
    from claude_metrics.context.clients import client_of
    from claude_metrics.context.gathering import gather
    from claude_metrics.context.settings import load
    from claude_metrics.text import plain

    if tool and as_json:
        raise click.UsageError("--tool prints JSON for that client; leave --json out")
    config.load()  # for the error: the note's own reader passes over what it cannot use
    settings = load(str(paths.config_file()))
    facts = gather(str(Path.cwd()), str(db_path), settings)
    if as_json:
        options.print_json(_fields(facts))
        return
    client = client_of(tool)
    say(plain(client.output(note.render(facts, time.time(), client, max_chars or settings.context_max_chars))))


def _fields(value: Any) -> Any:
    """Objects as dictionaries, also those attributes that are a class's defaults."""
    if isinstance(value, list):
        return [_fields(item) for item in value]
    if isinstance(value, tuple):
        return value._asdict()  # type: ignore[attr-defined]
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()  # a file name need not be UTF-8
    if not hasattr(value, "__dict__"):
        return value
    names = {**dict.fromkeys(getattr(type(value), "__annotations__", {})), **vars(value)}
    return {name: _fields(getattr(value, name)) for name in names}
