"""What was done to the agents' settings, and which hooks are in them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from claude_metrics.render.json import print_json
from claude_metrics.render.tables import Column, Row
from claude_metrics.render.tables import show as show_table
from claude_metrics.render.terminal import say

COLOURS = {"current": "green", "absent": "dim", "outdated": "yellow", "untrusted": "yellow", "unreadable": "red"}
VERBS = {"created": "created", "removed": "removed", "updated": "changed", "unchanged": "nothing to do"}
STATUS = ("agent", "scope", "event_set", "event", "state", "file", "detail")
CHANGE = ("agent", "scope", "event_set", "file", "action")


def show_changes(changes: Sequence[Any], dry_run: bool, as_json: bool) -> None:
    """`changes` are the installer's `Change`s; of a dry run the differences are shown as well."""
    if as_json:
        print_json([_change_fields(change, dry_run) for change in changes])
        return
    from rich.console import Console

    screen = Console()
    for change in changes:
        _show_change(screen, change, dry_run)


def _show_change(screen: Any, change: Any, dry_run: bool) -> None:
    from rich.syntax import Syntax
    from rich.text import Text

    difference = change.diff() if dry_run else ""
    if difference and screen.is_terminal:
        screen.print(Syntax(difference, "diff", background_color="default"))
    else:
        say(difference, nl=False)
    verb = f"would be {VERBS[change.action]}" if difference else VERBS[change.action]
    screen.print(Text.assemble((change.agent, "bold"), f": {verb}  ", (str(change.file), "cyan")), soft_wrap=True)
    if change.backup:
        screen.print(Text(f"  backup: {change.backup}", "dim"), soft_wrap=True)
    if change.notice:
        screen.print(Text(f"  {change.notice}", "yellow"), soft_wrap=True)


def _change_fields(change: Any, dry_run: bool) -> dict[str, object]:
    return {
        **{name: str(getattr(change, name)) for name in CHANGE},
        "dry_run": dry_run,
        "backup": str(change.backup) if change.backup else None,
        "notice": change.notice,
        "diff": change.diff(),
    }


def show_status(rows: Sequence[Any], as_json: bool) -> None:
    """`rows` are the installer's `HookStatus`."""
    if as_json:
        print_json([{name: str(getattr(row, name)) for name in STATUS} for row in rows])
        return
    columns = [*(Column(title, text=True) for title in ("agent", "hook", "scope", "event", "state"))]
    columns += [Column(title, text=True, fold=True) for title in ("file", "detail")]
    show_table(columns, [Row(_cells(row), COLOURS[row.state]) for row in rows])


def _cells(row: Any) -> list[str]:
    return [row.agent, row.event_set, row.scope, row.event, row.state, _tilde(row.file), row.detail]


def _tilde(file: Path) -> str:
    home = Path.home()
    return f"~/{file.relative_to(home)}" if file.is_relative_to(home) else str(file)
