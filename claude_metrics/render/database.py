"""What a rebuild compared, and the sessions that a purge would delete."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from claude_metrics.render.json import print_json
from claude_metrics.render.terminal import say
from claude_metrics.text import one_line, plain

LISTED = 20


def show_comparison(comparison: Any, check: bool, as_json: bool) -> None:
    """`comparison` is that of `maintenance.rebuild`, table by table."""
    tables = comparison.tables.items()
    if as_json:
        print_json({"tables": {name: asdict(each) for name, each in tables}, "replaced": not check})
        return
    for name, each in tables:
        say(f"{name}: {each.same} same, {each.changed} changed, {each.added} added, {each.missing} missing")
    for example in comparison.examples:
        say(f"  {example}")
    say("nothing was written" if check else "the database was rebuilt")


def show_sessions(rows: Sequence[Any]) -> None:
    """`rows`: session id, project, start time and first prompt."""
    for session_id, project, start_time, prompt in rows[:LISTED]:
        say(plain(f"  {session_id}  {(start_time or '')[:16]}  {project or ''}  {one_line(prompt)[:60]}"))
    if len(rows) > LISTED:
        say(f"  and {len(rows) - LISTED} more")
