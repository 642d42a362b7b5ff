"""How the lists of tools and commits look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from claude_metrics.config import zones
from claude_metrics.render.json import print_json
from claude_metrics.render.tables import Column, Row, duration, line, note, number
from claude_metrics.render.tables import show as show_table
from claude_metrics.render.usage import note_hidden
from claude_metrics.reports.lists import commit_totals, summed

if TYPE_CHECKING:
    from claude_metrics.render.presentation import Presentation

TOOL = (
    Column("Tool", text=True, least=12),
    Column("Calls"),
    Column("Failed"),
    Column("Denied", missed=2),
    Column("Unfinished", missed=3),
    Column("Mean time"),
    Column("Total time", missed=1),
    Column("Sessions", missed=4),
)
COMMIT = (
    Column("Committed", text=True, least=16),
    Column("Commit", text=True, least=9),
    Column("Project", text=True, missed=3),
    Column("Branch", text=True, missed=2),
    Column("Message", text=True, least=16),
    Column("Files", missed=4),
    Column("Added"),
    Column("Deleted"),
    Column("How", text=True, least=8, missed=1),
    Column("Session", text=True, least=8),
)


def show_tools(form: Presentation, lines: list[dict[str, Any]], **depth: list[dict[str, Any]]) -> None:
    """`depth`: further lists that only the JSON form prints here."""
    whole = summed(lines)
    if form.as_json:
        print_json({"tools": lines, "totals": whole, **depth, "timezone": zones.name_of(form.zone)})
        return
    if not lines:
        note("No tool was called in this selection.")
        return
    total = _tool({**whole, "tool_name": "Total", "sessions": None})
    note_hidden(show_table(TOOL, [Row(_tool(row)) for row in lines], total))


def _tool(row: dict[str, Any]) -> list[str]:
    finished = row["calls"] - row["unfinished"]
    mean = duration(row["duration_ms"] / finished) if finished else ""
    counts = [number(int(row[name])) for name in ("calls", "failed", "denied", "unfinished")]
    return [line(row["tool_name"]), *counts, mean, duration(row["duration_ms"]), number(row["sessions"])]


def show_commits(form: Presentation, lines: list[dict[str, Any]]) -> None:
    sums = commit_totals(lines)
    if form.as_json:
        print_json({"commits": lines, "totals": sums, "timezone": zones.name_of(form.zone)})
        return
    if not lines:
        note("No session made a commit in this selection.")
        return
    rows = [Row(_commit(form, row)) for row in lines]
    changed = [number(sums[name]) for name in ("files_changed", "lines_added", "lines_deleted")]
    note_hidden(show_table(COMMIT, rows, ["Total", number(sums["commits"]), "", "", "", *changed, "proven", ""]))
    if sums["inferred"]:
        note(f"Not counted: {number(sums['inferred'])} inferred, by the session's author in its folder meanwhile")


def _commit(form: Presentation, row: dict[str, Any]) -> list[str]:
    counts = [number(row[name]) for name in ("files_changed", "lines_added", "lines_deleted")]
    texts = [line(row["project"]), line(row["branch"]), line(row["message"])[:80]]
    when = zones.show(row["committed_at"], form.zone)
    return [when, row["sha"][:9], *texts, *counts, row["attribution"], form.short_ids[row["session_id"]]]
