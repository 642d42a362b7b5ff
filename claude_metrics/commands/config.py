"""`claude-metrics config`: read and change the settings; the file's comments and order stay."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from claude_metrics.commands import options
from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.render.terminal import say


@click.group()
def config() -> None:
    """Settings: get, set, unset, path.

    Example: claude-metrics config set content none
    """


@config.command()
@options.as_json
def path(as_json: bool) -> None:
    """Print where the config file is, even if it does not exist yet.

    Example: claude-metrics config path
    """
    from claude_metrics import paths

    file = paths.config_file()
    if as_json:
        options.print_json({"path": str(file), "exists": file.exists()})
    else:
        say(click.format_filename(file))


@config.command()
@click.argument("key", required=False)
@options.as_json
def get(key: str | None, as_json: bool) -> None:
    """Print the current value of KEY, or of all settings.

    Example: claude-metrics config get timezone
    """
    from claude_metrics import config as settings
    from claude_metrics.config import edit as engine

    found = settings.load()
    value = engine.get(found, key) if key else asdict(found)
    if as_json:
        options.print_json(value)
    elif key and not isinstance(value, dict):
        say(_shown(value))
    else:
        import tomlkit

        say(tomlkit.dumps(value).strip())


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


@config.command("set", context_settings={"ignore_unknown_options": True})  # a value may begin with a minus
@click.argument("key")
@click.argument("value")
@options.db_path
def set_command(key: str, value: str, db_path: Path) -> None:
    """Set KEY to VALUE.

    The prices of a model are in USD per million tokens: prices."MODEL".input, output, cache_read, cache_write_5m and
    cache_write_1h. Stored requests get their new cost.

    Example: claude-metrics config set 'prices."my-model".input' 3.0
    """
    from claude_metrics.config import edit as engine

    stored = engine.put(key, value)
    say(f"{key} = {json.dumps(stored)}")
    if (key, stored) == ("content", "none"):
        say("texts that are already stored stay; `claude-metrics db purge` deletes sessions", err=True)
    _tell_the_database(key, db_path)


@config.command()
@click.argument("key")
@options.db_path
def unset(key: str, db_path: Path) -> None:
    """Remove KEY from the file, so that it has its default again.

    Example: claude-metrics config unset 'prices."my-model"'
    """
    from claude_metrics.config import edit as engine

    say(f"{key} is back to its default" if engine.remove(key) else f"{key} was not set")
    _tell_the_database(key, db_path)


def _tell_the_database(key: str, db_path: Path) -> None:
    """Prices, budgets and the time zone are stored beside the rows too: at once, or else with the next recording."""
    import sqlite3
    from contextlib import closing

    from claude_metrics import config as settings
    from claude_metrics.store import budgets, reprice
    from claude_metrics.store import connection as database

    takers = {"prices": reprice.refresh, "budget": budgets.save, "timezone": budgets.save}
    take_over = next((taker for start, taker in takers.items() if key.startswith(start)), None)
    if take_over is None or not db_path.exists():
        return
    try:
        config = settings.load()
        with closing(database.connect(db_path, config.journal_mode)) as connection:
            take_over(connection, config)
    except (ClaudeMetricsError, sqlite3.Error) as error:
        say(f"`{key}` takes effect in the database at the next sync ({error})", err=True)
