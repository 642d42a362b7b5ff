"""`report activities`, `programs`, `outcomes` and `compare`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from claude_metrics.config import zones
from claude_metrics.render.json import print_json
from claude_metrics.render.tables import Column, Row, duration, line, note, note_hidden, number, usd
from claude_metrics.render.tables import show as show_table

if TYPE_CHECKING:
    from claude_metrics.render.presentation import Presentation
    from claude_metrics.reports.compare import Side

Line = dict[str, Any]
COUNTS = (
    Column("Calls"), Column("Failed"), Column("Denied", missed=2), Column("Unfinished", missed=3),
    Column("Total time", missed=1), Column("Sessions", missed=4),
)  # fmt: skip
MONEY = usd(2)
FIGURES = {
    "cost_usd": "Cost", "requests": "Requests", "sessions": "Sessions", "total_tokens": "Tokens",
    "output_tokens": "Output tokens", "cache_hit_share": "From the cache", "cache_savings_usd": "Saved by the cache",
    "usd_per_session": "Cost per session", "usd_per_request": "Cost per request", "commits": "Commits",
    "usd_per_commit": "Cost per commit",
}  # fmt: skip


def show_calls(form: Presentation, kind: str, names: Sequence[str], lines: list[Line]) -> None:
    """Lines of counts under the columns `names`."""
    if form.as_json:
        print_json({kind: lines, "timezone": zones.name_of(form.zone)})
    elif not lines:
        note("No tool was called in this selection.")
    else:
        columns = [Column(name.title(), text=True, least=12) for name in names]
        rows = [Row([*(line(row[name]) for name in names), *_counts(row)]) for row in lines]
        note_hidden(show_table([*columns, *COUNTS], rows))


def _counts(row: Line) -> list[str]:
    numbers = [number(row[name]) for name in ("calls", "failed", "denied", "unfinished")]
    return [*numbers, duration(row["duration_ms"]), number(row["sessions"])]


def show_outcomes(form: Presentation, lines: list[Line]) -> None:
    if form.as_json:
        print_json({"outcomes": lines, "timezone": zones.name_of(form.zone)})
        return
    if not lines:
        note("No usage is stored for this selection.")
        return
    names = [name for name in ("ticket", "project", "branch") if name in lines[0]]
    columns = [Column(name.title(), text=True, least=12) for name in names]
    columns += [Column("Commits"), Column("Lines added", missed=1), Column("Cost (USD)"), Column("Per commit")]
    rows = [
        Row([
            *(line(row[name]) or "(none)" for name in names), number(row["commits"]), number(row["lines_added"]),
            MONEY(row["cost_usd"], row["unpriced_tokens"]),
            "" if row["usd_per_commit"] is None else MONEY(row["usd_per_commit"], 0),
        ])
        for row in lines
    ]  # fmt: skip
    note_hidden(show_table(columns, rows))


def show_comparison(form: Presentation, one: Side, two: Side) -> None:
    if form.as_json:
        sides = [{"name": side.name, **side.figures} for side in (one, two)]
        print_json({"compare": sides, "timezone": zones.name_of(form.zone)})
        return
    columns = [Column("", text=True, least=18), Column(line(one.name)), Column(line(two.name)), Column("Change")]
    rows = [
        Row([title, _figure(name, one.figures[name]), _figure(name, two.figures[name]),
             _change(one.figures[name], two.figures[name])])
        for name, title in FIGURES.items()
    ]  # fmt: skip
    show_table(columns, rows)


def _figure(name: str, value: float | None) -> str:
    if value is None:
        return ""
    if name.endswith("share"):
        return f"{value:.0%}"
    return usd(4 if "_per_" in name else 2)(value, 0) if "usd" in name else number(int(value))


def _change(one: float | None, two: float | None) -> str:
    return f"{two / one - 1:+.0%}" if one and two is not None else ""
