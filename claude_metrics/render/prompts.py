"""`report prompts`: by kind and by length, and how soon a commit follows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from claude_metrics.config import zones
from claude_metrics.render.json import print_json
from claude_metrics.render.tables import Column, Row, digits_for, duration, note, number, usd
from claude_metrics.render.tables import show as show_table

if TYPE_CHECKING:
    from claude_metrics.render.presentation import Presentation

PROMPT = (
    Column("Prompts", text=True, least=10),
    Column("Count"),
    Column("Retries", missed=1),
    Column("Characters", missed=3),
    Column("Requests", missed=4),
    Column("Tools", missed=2),
    Column("Each (USD)"),
    Column("Cost (USD)"),
)


def show_prompts(form: Presentation, found: dict[str, Any]) -> None:
    if form.as_json:
        print_json({**found, "timezone": zones.name_of(form.zone)})
        return
    if not found["totals"]["prompts"]:
        note("There is no prompt in this selection.")
        return
    _table("By kind", found["kinds"], found["totals"])
    note("")
    _table("By length, in characters", found["lengths"])
    _commits(found["commits"])


def _table(title: str, lines: list[dict[str, Any]], whole: dict[str, Any] | None = None) -> None:
    money = usd(digits_for([row["mean_cost_usd"] for row in lines]))
    show_table(PROMPT, [Row(_cells(row, money)) for row in lines], _cells(whole, money) if whole else None, title)


def _cells(row: dict[str, Any], money: Any) -> list[str]:
    counts = [number(row[name]) for name in ("prompts", "retries", "mean_characters", "requests", "tool_calls")]
    return [
        row["name"],
        *counts,
        money(row["mean_cost_usd"], row["mean_cost_usd"] is None),
        money(row["cost_usd"], row["cost_usd"] is None),
    ]


def _commits(found: dict[str, Any]) -> None:
    if found["sessions"]:
        note(
            f"\n{number(found['sessions'])} sessions committed; half of them within {duration(found['median_ms'])}"
            f" and {found['median_prompts']:g} prompts"
        )
