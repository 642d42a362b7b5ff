"""`claude-metrics context`: the note an agent begins with."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from claude_metrics.commands import options


@click.command()
@click.option(
    "--tool",
    type=click.Choice(["claude", "codex", "cursor", "gemini"]),
    help="As JSON in the form of this client's hook.",
)
@click.option("--max-chars", type=click.IntRange(1), metavar="N", help="Shorter than the client's own limit.")
@options.db_path
@options.as_json
def context(tool: str | None, max_chars: int | None, db_path: Path, as_json: bool) -> None:
    """Print the session-start note: repositories and their state, tools found, recent spend.

    Example: claude-metrics context --tool claude
    """
    import time

    from claude_metrics import config, paths
    from claude_metrics.commands.screen import plain
    from claude_metrics.context import note
    from claude_metrics.context.clients import client_of
    from claude_metrics.context.gathering import gather
    from claude_metrics.context.settings import load

    if tool and as_json:
        raise click.UsageError("--tool prints JSON for that client; leave --json out")
    config.load()  # for the error: the note's own reader passes over what it cannot use
    settings = load(paths.config_file())
    facts = gather(str(Path.cwd()), db_path, settings)
    if as_json:
        options.print_json(asdict(facts))
        return
    client = client_of(tool)
    click.echo(plain(client.output(note.render(facts, time.time(), client, max_chars or settings.context_max_chars))))
