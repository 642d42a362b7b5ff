"""`report causes`: what requests were made for, and why the cache was written again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from claude_metrics.config import zones
from claude_metrics.render.json import print_json
from claude_metrics.render.tables import Column, Row, digits_for, line, note, note_hidden, number, usd
from claude_metrics.render.tables import show as show_table

if TYPE_CHECKING:
    from claude_metrics.render.presentation import Presentation

CAUSE = (
    Column("Kind", text=True, least=8), Column("Name", text=True, least=14), Column("Requests", missed=1),
    Column("Sessions", missed=4), Column("Output", missed=3), Column("Total\nTokens", missed=2), Column("Cost (USD)"),
)  # fmt: skip
BREAK = (
    Column("Cause", text=True, least=15), Column("Times"), Column("Sessions", missed=2),
    Column("Tokens\nwritten again", missed=1), Column("Cost (USD)"),
)  # fmt: skip
UNKNOWN = "not told by the records"


def show(form: Presentation, causes: list[dict[str, Any]], breaks: list[dict[str, Any]]) -> None:
    if form.as_json:
        print_json({"causes": causes, "cache_breaks": breaks, "timezone": zones.name_of(form.zone)})
        return
    if not causes and not breaks:
        note("No request in this selection names a skill, a command, a server, a subagent or an effort.")
        return
    show_causes(causes)
    show_breaks(breaks)


def show_causes(causes: list[dict[str, Any]]) -> None:
    if not causes:
        return
    money = usd(digits_for([row["cost_usd"] for row in causes]))
    rows = [
        Row([row["kind"], line(row["cause"]), *(number(row[name]) for name in ("requests", "sessions", "output_tokens",
             "total_tokens")), money(row["cost_usd"], row["unpriced_tokens"])])
        for row in causes
    ]  # fmt: skip
    note_hidden(show_table(CAUSE, rows))
    note("A request may stand in several lines, so they have no sum.")


def show_breaks(breaks: list[dict[str, Any]]) -> None:
    """What the cache had already, and was written again; the cost is that of writing less that of reading."""
    if not breaks:
        return
    money = usd(digits_for([row["cost_usd"] for row in breaks]))
    rows = [
        Row([row["cause"] or UNKNOWN, *(number(row[name]) for name in ("breaks", "sessions", "rewritten_tokens")),
             money(row["cost_usd"], row["unpriced_tokens"])])
        for row in breaks
    ]  # fmt: skip
    note("")
    show_table(BREAK, rows, title="Why the cache was written again")
