"""`claude-metrics hook`: add hooks to the agents' settings, remove them, show their state."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.syntax import Syntax
from rich.text import Text

from claude_metrics.agents import AGENTS
from claude_metrics.agents.hook_spec import EVENT_SETS, SCOPES, EventSet, Scope
from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.installer import install as engine
from claude_metrics.installer.install import Change, HookStatus
from claude_metrics.render.tables import Column, Row
from claude_metrics.render.tables import show as show_table

COLOURS = {"current": "green", "absent": "dim", "outdated": "yellow", "untrusted": "yellow", "unreadable": "red"}
VERBS = {"created": "created", "removed": "removed", "updated": "changed", "unchanged": "nothing to do"}

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
DB_PATH = click.option(
    "--db-path", type=click.Path(dir_okay=False, path_type=Path), help="The database that the hook will record into."
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
    _print_rows(rows, as_json)


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
    _print_rows(rows, as_json)


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
    if as_json:
        click.echo(json.dumps([_change_fields(item, dry_run) for item in changes], indent=2))
    else:
        _print_changes(changes, dry_run)
    if faults:
        raise ClaudeMetricsError(" | ".join(faults))


def _print_changes(changes: list[Change], dry_run: bool) -> None:
    console = Console()
    for item in changes:
        if dry_run and console.is_terminal and item.diff():
            console.print(Syntax(item.diff(), "diff", background_color="default"))
        elif dry_run:
            click.echo(item.diff(), nl=False)
        verb = f"would be {VERBS[item.action]}" if dry_run and item.diff() else VERBS[item.action]
        line = Text.assemble((item.agent, "bold"), f": {verb}  ", (str(item.file), "cyan"))
        console.print(line, soft_wrap=True)
        if item.backup:
            console.print(Text(f"  backup: {item.backup}", "dim"), soft_wrap=True)
        if item.notice:
            console.print(Text(f"  {item.notice}", "yellow"), soft_wrap=True)


def _change_fields(item: Change, dry_run: bool) -> dict[str, object]:
    return {
        "agent": item.agent,
        "scope": item.scope,
        "event_set": item.event_set,
        "file": str(item.file),
        "action": item.action,
        "dry_run": dry_run,
        "backup": str(item.backup) if item.backup else None,
        "notice": item.notice,
        "diff": item.diff(),
    }


def _print_rows(rows: list[HookStatus], as_json: bool) -> None:
    if as_json:
        fields = ("agent", "scope", "event_set", "event", "state", "file", "detail")
        click.echo(json.dumps([{name: str(getattr(row, name)) for name in fields} for row in rows], indent=2))
        return
    columns = [*(Column(title, text=True) for title in ("agent", "hook", "scope", "event", "state"))]
    columns += [Column(title, text=True, fold=True) for title in ("file", "detail")]
    show_table(columns, [Row(_cells(row), COLOURS[row.state]) for row in rows])


def _cells(row: HookStatus) -> list[str]:
    return [row.agent, row.event_set, row.scope, row.event, row.state, _tilde(row.file), row.detail]


def _tilde(file: Path) -> str:
    home = Path.home()
    return f"~/{file.relative_to(home)}" if file.is_relative_to(home) else str(file)
