"""The screen that bare `claude-metrics` prints: figures first, then what they went into, then what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from claude_metrics.config import zones
from claude_metrics.render.bars import bar, sparkline
from claude_metrics.render.palette import colours
from claude_metrics.render.tables import Column, Row, digits_for, is_unicode, line, note, number, short_model, usd
from claude_metrics.render.tables import show as show_table
from claude_metrics.render.usage import as_json as entry_fields

if TYPE_CHECKING:
    from claude_metrics.reports.first_screen import FirstScreen, Period
    from claude_metrics.reports.query import Entry

TITLES = {"today": "Today", "week": "This week", "month": "This month"}
BEFORE = {"today": "yesterday", "week": "same days last week", "month": "same days last month"}
BAR = 20
TOP = 5
MONEY = usd(2)
NEXT = "Next: claude-metrics report daily | session show ID | grafana up | --help"


def as_json(screen: FirstScreen, zone: zones.Zone, problems: list[str]) -> dict[str, Any]:
    return {
        "periods": [_period_fields(period) for period in screen.periods],
        "days": [entry_fields(entry) for entry in screen.days],
        "projects": [entry_fields(entry) for entry in screen.projects],
        "models": [entry_fields(entry) for entry in screen.models],
        "sessions": screen.sessions,
        "unpriced": screen.unpriced,
        "problems": problems,
        "timezone": zones.name_of(zone),
    }


def _period_fields(period: Period) -> dict[str, Any]:
    before = {"since": period.before_since, "until": period.before_until, **entry_fields(period.before)}
    return {
        "name": period.name,
        "since": period.since,
        "until": period.until,
        **entry_fields(period.usage),
        "budget_usd": period.budget_usd,
        "before": before,
    }


def show(screen: FirstScreen, zone: zones.Zone, short_ids: Mapping[str, str], problems: Sequence[str]) -> None:
    if not screen.sessions:
        note("No session is stored yet. `claude-metrics setup` records those on disk and all that come.", "")
    else:
        _show_periods(screen.periods)
        _show_days(screen.days)
        _show_top("Project", [(line(e.about["project"]) or "(none)", e) for e in screen.projects])
        _show_top("Model", [(short_model(e.about["model"]), e) for e in screen.models])
        _show_sessions(screen.sessions, zone, short_ids)
    for text in _wrong(screen, problems):
        note(f"! {text}", "yellow")
    note(NEXT)


def _wrong(screen: FirstScreen, problems: Sequence[str]) -> list[str]:
    """One line for all, and the most pressing first."""
    prices = f"no price is known for {', '.join(screen.unpriced[:3])}; run `claude-metrics doctor`"
    texts = [*problems, *([prices] if screen.unpriced else [])]
    return [texts[0] + (f" (and {len(texts) - 1} more: `claude-metrics doctor`)" if texts[1:] else "")] if texts else []


def _show_periods(periods: Sequence[Period]) -> None:
    rows = []
    for period in periods:
        sums, before = period.usage.sums, period.before.sums
        rows.append(
            Row(
                [
                    TITLES[period.name],
                    MONEY(sums.cost_usd, sums.unpriced_tokens),
                    number(sums.total_tokens),
                    f"{MONEY(before.cost_usd, before.unpriced_tokens)} {BEFORE[period.name]}",
                    _change(sums.cost_usd, before.cost_usd),
                    _budget(period),
                ]
            )
        )
    columns = [Column("", text=True), Column("Cost (USD)"), Column("Tokens", missed=1), Column("Before", text=True)]
    columns.append(Column("Change"))
    if any(period.budget_usd for period in periods):
        columns.append(Column("Budget", text=True, least=16))
    show_table(columns, [Row(row.cells[: len(columns)]) for row in rows])


def _change(cost: float | None, before: float | None) -> str:
    return f"{(cost or 0) / before - 1:+.0%}" if before else ""


def _budget(period: Period) -> str:
    if not period.budget_usd:
        return ""
    spent = (period.usage.sums.cost_usd or 0) / period.budget_usd
    return f"{spent:.0%} of {MONEY(period.budget_usd, 0)}"


def _show_days(days: Sequence[Entry]) -> None:
    from claude_metrics.render.terminal import console

    costs = [entry.sums.cost_usd or 0 for entry in days]
    top = max(costs)
    dearest = days[costs.index(top)].about["date"]
    text = f"  {MONEY(sum(costs), 0)}" + (f", most {MONEY(top, 0)} on {_named(dearest)}" if top else "")
    line_of_days = sparkline(costs, is_unicode())
    screen = console()
    screen.out("")
    if screen.is_terminal:
        from rich.text import Text

        colour = next(iter(colours(["days"]).values()))
        screen.print(Text.assemble(("30 days  ", "bold"), (line_of_days, colour), text), soft_wrap=True)
    else:
        screen.out(f"30 days  {line_of_days}{text}")


def _named(day: str) -> str:
    return f"{date.fromisoformat(day):%a %d %b}"


def _show_top(title: str, entries: Sequence[tuple[str, Entry]]) -> None:
    """The dearest, each with a bar in its colour."""
    first = entries[:TOP]
    top = max((entry.sums.cost_usd or 0 for _, entry in first), default=0)
    given = colours(name for name, _ in first)
    rows = [
        Row(
            [
                name,
                bar(entry.sums.cost_usd or 0, top, BAR, is_unicode()),
                number(entry.sums.total_tokens),
                MONEY(entry.sums.cost_usd, entry.sums.unpriced_tokens),
            ],
            given[name],
        )
        for name, entry in first
    ]
    note("")
    show_table(
        [
            Column(title, text=True, least=16),
            Column(" " * BAR, text=True, least=6),
            Column("Tokens", missed=1),
            Column("Cost (USD)"),
        ],
        rows,
    )


def _show_sessions(sessions: Sequence[dict[str, Any]], zone: zones.Zone, short_ids: Mapping[str, str]) -> None:
    money = usd(digits_for([session["cost_usd"] for session in sessions]))
    rows = [
        Row(
            [
                zones.show(session["last_activity"], zone),
                short_ids[session["session_id"]],
                line(session["project"]),
                line(session["title"] or session["first_prompt"])[:60],
                money(session["cost_usd"], session["unpriced_tokens"] or 0),
            ]
        )
        for session in sessions
    ]
    note("")
    columns = [
        Column("Last sessions", text=True, least=16),
        Column("ID", text=True),
        Column("Project", text=True, least=7),
        Column("Title", text=True, least=12),
        Column("Cost (USD)"),
    ]
    show_table(columns, rows)
