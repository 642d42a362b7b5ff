"""How the audit looks: the sessions that need a word, a sentence on the rest, the coverage."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from claude_metrics.config import zones
from claude_metrics.render.json import print_json
from claude_metrics.render.tables import Column, Row, line, note, note_hidden, number, usd
from claude_metrics.render.tables import show as show_table
from claude_metrics.reports.audit import Audited
from claude_metrics.reports.coverage import Coverage

if TYPE_CHECKING:
    from claude_metrics.render.presentation import Presentation

SESSION = (
    Column("Began", text=True, least=16, missed=3),
    Column("Session", text=True, least=8),
    Column("Project", text=True, least=7, missed=4),
    Column("Ours"),
    Column("Agent's\nown"),
    Column("Difference"),
    Column("Of ours\nunlisted", missed=1),
    Column("Cause", text=True, least=20, fold=True),
)
COVERAGE = (
    Column("Agent", text=True),
    Column("On disk"),
    Column("Stored"),
    Column("Nothing\nin them"),
    Column("Not read\nyet"),
    Column("Purged", missed=2),
    Column("Stored, not\non disk", missed=1),
    Column("By hook"),
    Column("By sync"),
)
MONEY = usd(6)


def show(form: Presentation, found: list[Audited], covered: list[Coverage], whole: bool) -> None:
    if form.as_json:
        _print_json(form, found, covered)
        return
    shown = [one for one in found if whole or one.differs or one.no_figure or one.unlisted_usd or _missing(one)]
    if shown:
        rows = [Row(_cells(form, one), "red" if one.unexplained_usd else "") for one in shown]
        note_hidden(show_table(SESSION, rows, title="Cost per session, USD"))
    _summary(found, len(shown))
    note("")
    show_table(COVERAGE, [Row(_covered(one)) for one in covered], title="Sessions")


def _missing(one: Audited) -> bool:
    return bool(one.session["unpriced_tokens"] or one.session["understated_tokens"])


def _cells(form: Presentation, one: Audited) -> list[str]:
    row = one.session
    own = MONEY(row["reported_cost_usd"], 0) if row["reported_cost_usd"] is not None else ""
    ours = MONEY(row["total_cost_usd"], row["unpriced_tokens"])
    difference = "" if one.difference_usd is None else f"{one.difference_usd if one.differs else 0:+.6f}"
    began = zones.show(row["start_time"], form.zone)
    unlisted = MONEY(one.unlisted_usd, 0) if one.unlisted_usd else ""
    return [began, form.short_ids[row["session_id"]], line(row["project"]), ours, own, difference, unlisted, _why(one)]


def _why(one: Audited) -> str:
    """The causes; what they leave over is never passed over in silence."""
    parts = [f"{cause.cause} {cause.usd:+.6f} ({cause.detail})" for cause in one.causes]
    if one.unexplained_usd:
        parts.append(f"UNEXPLAINED {one.unexplained_usd:+.6f}")
    if one.unlisted_usd and not one.differs and not one.no_figure:
        parts.append("equal: the unlisted requests make up for it")
    if one.no_figure:
        parts.append(one.no_figure)
    if one.session["understated_tokens"] and not any(cause.cause == "old client" for cause in one.causes):
        parts.append(f"about {number(one.session['understated_tokens'])} output tokens were never written down")
    if one.session["unpriced_tokens"] and not any(cause.cause == "price unknown" for cause in one.causes):
        parts.append("price unknown")
    return "; ".join(parts)


def _summary(found: list[Audited], shown: int) -> None:
    compared = [one for one in found if one.difference_usd is not None]
    equal = sum(not one.differs for one in compared)
    unexplained = sum(bool(one.unexplained_usd) for one in found)
    note(
        f"{len(found)} sessions: {equal} equal the agent's figure, {len(compared) - equal} differ"
        f" ({unexplained} unexplained), {len(found) - len(compared)} have none to compare with",
        "",
    )
    if shown < len(found):
        note(f"{len(found) - shown} that agree are not shown; --all shows them")


def _covered(one: Coverage) -> list[str]:
    counts = (one.on_disk, one.stored, one.empty, one.unread, one.purged, one.gone, one.by_hook, one.by_sync)
    return [one.agent, *(number(count) for count in counts)]


def _print_json(form: Presentation, found: list[Audited], covered: list[Coverage]) -> None:
    print_json(
        {
            "audit": [_as_json(one) for one in found],
            "coverage": [asdict(one) for one in covered],
            "timezone": zones.name_of(form.zone),
        }
    )


def _as_json(one: Audited) -> dict[str, Any]:
    return {
        **one.session,
        "unlisted_cost_usd": one.unlisted_usd,
        "difference_usd": one.difference_usd,
        "causes": [cause._asdict() for cause in one.causes],
        "unexplained_usd": one.unexplained_usd,
        "no_figure": one.no_figure or None,
    }
