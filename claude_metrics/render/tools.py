"""`report tools`: calls and failures, what fills the context, how long calls take, what follows what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from claude_metrics.config import zones
from claude_metrics.render.json import print_json
from claude_metrics.render.tables import Column, Row, duration, line, note, note_hidden, number, size
from claude_metrics.render.tables import show as show_table
from claude_metrics.reports.lists import summed

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
SIZE = (
    Column("Tool", text=True, least=12),
    Column("Returned"),
    Column("Per call", missed=2),
    Column("Largest", missed=1),
    Column("Sent", missed=3),
    Column("Tokens"),
    Column("Share"),
    Column("Median", missed=4),
    Column("95th\npercentile", missed=5),
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


def show_tool_details(sizes: list[dict[str, Any]], sequences: list[dict[str, Any]]) -> None:
    """Below the table of tools: what fills the context, and what follows what."""
    if not sizes:
        return
    rows = [
        Row([line(s["tool_name"]), size(s["returned_bytes"]), size(s["mean_returned_bytes"]), size(s["largest_bytes"]),
             size(s["sent_bytes"]), number(s["context_tokens"]), f"{s['share']:.0%}", duration(s["p50_ms"]),
             duration(s["p95_ms"])])
        for s in sizes
    ]  # fmt: skip
    note("")
    show_table(SIZE, rows, title="What fills the context (tokens: bytes / 4, an estimate)")
    for at, step in enumerate(sequences):
        if at == 0:
            note("\nWhat follows what, in a turn", "bold")
        failed = f", {number(step['after_failure'])} after a failure" if step["after_failure"] else ""
        note(f"  {number(step['times']):>7}  {line(step['first'])} → {line(step['next'])}{failed}", "")
