"""`claude-metrics hook`: add hooks to the agents' settings, remove them, show their state."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from claude_metrics.agents import AGENTS
from claude_metrics.agents.hook_spec import EVENT_SETS, SCOPES, EventSet, Scope
from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.installer import install as engine
from claude_metrics.installer.install import Change
from claude_metrics.render.hooks import show_changes, show_status

Command = Callable[..., Any]


def _options(command: Command) -> Command:
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print JSON."),
        click.option("--event", "event_set", type=click.Choice(EVENT_SETS), default="recorder", show_default=True),
        click.option("--scope", type=click.Choice(SCOPES), default="user", show_default=True),
        click.option(
            "--agent",
            "agents",
            type=click.Choice(list(AGENTS)),
            multiple=True,
            help="Only this agent (repeatable; default: all agents found).",
        ),
    ):
        command = option(command)
    return command


DRY_RUN = click.option("--dry-run", is_flag=True, help="Show what would change, and write nothing.")


def _database(ctx: click.Context, param: click.Parameter, value: Path | None) -> Path | None:
    """A hook must never be made to record into somebody else's file."""
    from claude_metrics.store import identity

    if value:
        identity.refuse_foreign_file(value)
    return value


DB_PATH = click.option(
    "--db-path",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=_database,
    help="The database that the hook will record into.",
)


@click.group()
def hook() -> None:
    """Hooks in the settings of the agents: install, uninstall, status, list.

    Example: claude-metrics hook install --agent claude --dry-run
    """


@hook.command("install")
@_options
@DRY_RUN
@DB_PATH
def install_command(
    *,
    agents: tuple[str, ...],
    scope: Scope,
    event_set: EventSet,
    as_json: bool,
    dry_run: bool,
    db_path: Path | None,
) -> None:
    """Add our hooks to the settings of the agents.

    Nothing else in these files changes. Installing twice changes nothing.

    Example: claude-metrics hook install --agent claude --agent codex
    """
    names = agents or _suitable(engine.found(), scope, event_set)
    if not names:
        raise ClaudeMetricsError("no agent was found; none has a settings folder in your home; name one with --agent")
    _change(names, lambda name: engine.install(name, scope, event_set, dry_run, db_path=db_path), as_json, dry_run)


@hook.command("uninstall")
@_options
@DRY_RUN
def uninstall_command(
    *, agents: tuple[str, ...], scope: Scope, event_set: EventSet, as_json: bool, dry_run: bool
) -> None:
    """Remove our hooks from the settings of the agents.

    A settings file that nobody else changed since the installation is restored exactly.

    Example: claude-metrics hook uninstall --agent gemini
    """
    names = agents or _suitable(AGENTS, scope, event_set)
    _change(names, lambda name: engine.uninstall(name, scope, event_set, dry_run), as_json, dry_run)


@hook.command("status")
@_options
@DB_PATH
def status_command(
    *, agents: tuple[str, ...], scope: Scope, event_set: EventSet, as_json: bool, db_path: Path | None
) -> None:
    """Show the state of each hook: absent, current, outdated, or untrusted.

    Outdated: of another version, or an orphan whose program is gone. Untrusted: the agent runs the hook only after
    you have approved it there.

    Example: claude-metrics hook status --json
    """
    names = agents or _suitable(AGENTS, scope, event_set)
    rows = [row for name in names for row in engine.status(name, scope, event_set, db_path=db_path)]
    show_status(rows, as_json)


@hook.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_command(as_json: bool) -> None:
    """List the hooks of all agents, in your home and in the project of the current folder.

    Example: claude-metrics hook list
    """
    rows = [
        row
        for event_set in EVENT_SETS
        for scope in SCOPES
        for name in _suitable(AGENTS, scope, event_set)
        for row in engine.status(name, scope, event_set)
        if scope == "user" or row.state != "absent"
    ]
    show_status(rows, as_json)


def _suitable(names: Iterable[str], scope: Scope, event_set: EventSet) -> list[str]:
    specs = ((name, AGENTS[name].hooks.get(event_set)) for name in names)
    return [name for name, spec in specs if spec and (scope == "user" or scope in spec.inside_project)]


def _change(names: Iterable[str], change: Callable[[str], Change], as_json: bool, dry_run: bool) -> None:
    """Change every file that can be changed; raise afterwards if one could not be."""
    changes, faults = [], []
    for name in names:
        try:
            changes.append(change(name))
        except ClaudeMetricsError as error:
            faults.append(f"{name}: {error}")
    show_changes(changes, dry_run, as_json)
    if faults:
        raise ClaudeMetricsError(" | ".join(faults))
