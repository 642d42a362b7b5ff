"""`report commits`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from claude_metrics.config import zones
from claude_metrics.render.json import print_json
from claude_metrics.render.tables import Column, Row, line, note, note_hidden, number
from claude_metrics.render.tables import show as show_table
from claude_metrics.reports.lists import commit_totals

if TYPE_CHECKING:
    from claude_metrics.render.presentation import Presentation

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
