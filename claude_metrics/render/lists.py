"""How the lists of tools and commits look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from claude_metrics.config import zones
from claude_metrics.render.json import print_json
from claude_metrics.render.tables import Column, Row, duration, line, note, number
from claude_metrics.render.tables import show as show_table
from claude_metrics.render.usage import note_left_out
from claude_metrics.reports import session_ids
from claude_metrics.reports.lists import summed

if TYPE_CHECKING:
    from claude_metrics.render.selection import Selection

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


def show_tools(selection: Selection, lines: list[dict[str, Any]], **depth: list[dict[str, Any]]) -> None:
    """`depth`: further lists that only the JSON form prints here."""
    whole = summed(lines)
    if selection.as_json:
        print_json({"tools": lines, "totals": whole, **depth, "timezone": zones.name_of(selection.where.zone)})
        return
    if not lines:
        note("No tool was called in what you asked for.")
        return
    total = _tool({**whole, "tool_name": "Total", "sessions": None})
    note_left_out(show_table(TOOL, [Row(_tool(row)) for row in lines], total))


def _tool(row: dict[str, Any]) -> list[str]:
    finished = row["calls"] - row["unfinished"]
    mean = duration(row["duration_ms"] / finished) if finished else ""
    counts = [number(int(row[name])) for name in ("calls", "failed", "denied", "unfinished")]
    return [line(row["tool_name"]), *counts, mean, duration(row["duration_ms"]), number(row["sessions"])]


def show_commits(selection: Selection, lines: list[dict[str, Any]]) -> None:
    counted = [row for row in lines if row["attribution"] == "proven"]
    if selection.as_json:
        totals = {"commits": len(lines), "proven": len(counted), **summed(lines)}
        print_json({"commits": lines, "totals": totals, "timezone": zones.name_of(selection.where.zone)})
        return
    if not lines:
        note("No session made a commit in what you asked for.")
        return
    short = session_ids.all_shortened(selection.connection)
    rows = [Row(_commit(selection, row, short)) for row in lines]
    sums = summed(lines)
    total = ["Total", f"{len(lines)}", "", "", f"{len(counted)} proven", *(
        number(sums.get(name, 0)) for name in ("files_changed", "lines_added", "lines_deleted")), "", ""]  # fmt: skip
    note_left_out(show_table(COMMIT, rows, total))


def _commit(selection: Selection, row: dict[str, Any], short: dict[str, str]) -> list[str]:
    counts = [number(row[name]) for name in ("files_changed", "lines_added", "lines_deleted")]
    texts = [line(row["project"]), line(row["branch"]), line(row["message"])[:80]]
    when = zones.show(row["committed_at"], selection.where.zone)
    return [when, row["sha"][:9], *texts, *counts, row["attribution"], short[row["session_id"]]]
