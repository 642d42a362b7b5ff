"""How each report looks: as a table with what the reader has to be told below it, or as JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from claude_metrics.config import zones
from claude_metrics.render import flat
from claude_metrics.render.json import print_json
from claude_metrics.render.tables import (
    Column,
    Row,
    digits_for,
    duration,
    line,
    note,
    note_hidden,
    number,
    short_model,
    usd,
)
from claude_metrics.render.tables import show as show_table
from claude_metrics.reports import query as report
from claude_metrics.reports.query import Entry, Sums

if TYPE_CHECKING:
    from claude_metrics.render.presentation import Presentation
    from claude_metrics.reports.blocks import Pace

Cells = Callable[[Entry], list[str]]

MODELS = Column("Models", text=True, least=14, fold=True)
USAGE = (
    Column("Input", missed=5),
    Column("Output", missed=5),
    Column("Cache\nCreate", missed=7),
    Column("Cache\nRead", missed=6),
    Column("Total\nTokens", missed=4),
    Column("Cache\nHit", missed=8),
    Column("Saved", missed=9),
    Column("Cost (USD)"),
)
COUNT = Column("Sessions", missed=8)


# -- the reports that are sums of usage -------------------------------------------------


def show(form: Presentation, kind: str, entries: list[Entry]) -> None:
    """`kind` names the report, in the JSON as well."""
    whole = report.total(entries)
    kept = _ordered(form, kind, entries)
    if form.as_json:
        _print_json(form, kind, kept, whole)
    elif form.as_csv or form.as_markdown:
        flat.show([_flat(entry, form) for entry in kept], form.as_markdown)
    elif not entries:
        note("No usage is stored for this selection. `claude-metrics sync` records sessions that are not stored yet.")
    else:
        columns, cells = _split(form, *_LAYOUTS[kind](form))
        _print_table(form, kept, columns, cells, whole)
        if len(kept) < len(entries):
            note(f"{len(entries) - len(kept)} more lines are not shown; the total is of all.")


_ORDERS: dict[str, Callable[[Entry], Any]] = {
    "cost": lambda entry: -(entry.sums.cost_usd or 0),
    "tokens": lambda entry: -entry.sums.total_tokens,
    "requests": lambda entry: -entry.sums.requests,
    "name": lambda entry: str(next(iter(entry.about.values()))),
}


def _ordered(form: Presentation, kind: str, entries: list[Entry]) -> list[Entry]:
    """In the order asked for, and the first of them; of a list that ends with the latest, the last."""
    if form.order:
        return sorted(entries, key=_ORDERS[form.order])[: form.limit]
    is_by_time = kind in ("daily", "weekly", "monthly", "sessions")
    return entries[-form.limit :] if form.limit and is_by_time else entries[: form.limit]


def _flat(entry: Entry, form: Presentation) -> dict[str, Any]:
    """One line of a spreadsheet."""
    hit = entry.sums.cache_hit_share
    row = {**entry.about, "models": " ".join(entry.models), **entry.sums._asdict(), "cache_hit_share": hit}
    if form.currency and form.rate:
        row[f"cost_{form.currency.lower()}"] = (entry.sums.cost_usd or 0) * form.rate
    return row


def _split(form: Presentation, columns: list[Column], cells: Cells) -> tuple[list[Column], Cells]:
    """Behind the first column one for each `--group-by` that it does not show already."""
    names = [name for name in form.group_by if name.title() not in [column.title for column in columns]]
    more = [Column(name.title(), text=True, least=8) for name in names]

    def with_more(entry: Entry) -> list[str]:
        first, *rest = cells(entry)
        return [first, *(line(entry.about.get(name)) or "(none)" for name in names), *rest]

    return [columns[0], *more, *columns[1:]], with_more


def _print_table(form: Presentation, entries: list[Entry], columns: list[Column], cells: Cells, whole: Entry) -> None:
    money = usd(digits_for([entry.sums.cost_usd for entry in entries]), form.currency, form.rate)
    rows = []
    for entry in entries:
        rows.append(Row([*cells(entry), *_usage(entry.sums, money)]))
        if form.breakdown and len(entry.models) > 0:
            blank = [""] * len(columns)
            at = columns.index(MODELS) if MODELS in columns else 0
            for model, sums in _by_cost(entry):
                blank[at] = f"  {model.removeprefix('claude-') or short_model(model)}"
                rows.append(Row([*blank, *_usage(sums, money)], "dim"))
    blank = ["Total", *[""] * (len(columns) - 1)]
    usage = [replace(c, title=f"Cost ({form.currency or 'USD'})") if c.title == "Cost (USD)" else c for c in USAGE]
    hidden = show_table([*columns, *usage], rows, [*blank, *_usage(whole.sums, money)])
    notes(form, whole, hidden)


def _usage(sums: Sums, money: Callable[[float | None, int], str]) -> list[str]:
    hit = sums.cache_hit_share
    shares = ["" if hit is None else f"{hit:.0%}", "" if sums.cost_usd is None else money(sums.cache_savings_usd, 0)]
    return [*(number(value) for value in sums[1:6]), *shares, money(sums.cost_usd, sums.unpriced_tokens)]


def _by_cost(entry: Entry) -> list[tuple[str, Sums]]:
    return sorted(entry.models.items(), key=lambda item: (-(item[1].cost_usd or 0), item[0]))


def _models(entry: Entry) -> str:
    return ", ".join(dict.fromkeys(short_model(model) for model, _ in _by_cost(entry)))


def _times(name: str, title: str) -> Callable[[Presentation], tuple[list[Column], Cells]]:
    columns = [Column(title, text=True, least=10), MODELS]
    return lambda form: (columns, lambda entry: [entry.about[name], _models(entry)])


def _sessions(form: Presentation) -> tuple[list[Column], Cells]:
    columns = [
        Column("Last activity", text=True, least=16),
        Column("Session", text=True, least=max(map(len, form.short_ids.values()), default=8)),
        Column("Project", text=True, least=7, missed=2),
        Column("Title", text=True, least=12, missed=3),
        MODELS,
    ]

    def cells(entry: Entry) -> list[str]:
        about = entry.about
        title = line(about.get("title") or about.get("first_prompt"))[:60]
        when = zones.show(about["last_activity"], form.zone)
        return [when, form.short_ids[about["session_id"]], line(about.get("project")), title, _models(entry)]

    return columns, cells


LEAST = {"Model": 26}


def _columns(*titled: tuple[str, str]) -> Callable[[Presentation], tuple[list[Column], Cells]]:
    columns = [*(Column(title, text=True, least=LEAST.get(title, 12)) for _, title in titled), COUNT]

    def cells(entry: Entry) -> list[str]:
        names = [line(entry.about[name]) or "(none)" for name, _ in titled]
        return [*names, number(entry.about["sessions"])]

    return lambda form: (columns, cells)


_LAYOUTS = {
    "daily": _times("date", "Date"),
    "weekly": _times("week", "Week"),
    "monthly": _times("month", "Month"),
    "sessions": _sessions,
    "projects": _columns(("project", "Project")),
    "branches": _columns(("project", "Project"), ("branch", "Branch")),
    "models": _columns(("model", "Model")),
    "agents": _columns(("agent", "Agent")),
}


# -- JSON -------------------------------------------------------------------------------


def as_json(entry: Entry) -> dict[str, Any]:
    parts = [{"model": model, **sums._asdict()} for model, sums in _by_cost(entry)]
    return {**entry.about, "models": [part["model"] for part in parts], **entry.sums._asdict(), "breakdown": parts}


def _print_json(form: Presentation, kind: str, entries: list[Entry], whole: Entry, **more: Any) -> None:
    sessions, tokens = form.understated
    totals = as_json(whole)
    print_json(
        {
            kind: [as_json(entry) for entry in entries],
            "totals": totals,
            "timezone": zones.name_of(form.zone),
            "unpriced": [
                {"model": m, "tokens": s.unpriced_tokens} for m, s in whole.models.items() if s.unpriced_tokens
            ],
            "understated": {"sessions": sessions, "output_tokens": tokens},
            "incomplete": form.incomplete,
            **more,
        }
    )


# -- below every table of money ------------------------------------------------------------

EXPLAINED = ("price unknown", "output not written down")  # these have notes of their own


def notes(form: Presentation, whole: Entry, hidden: Sequence[str]) -> None:
    unpriced = [(model, sums) for model, sums in whole.models.items() if sums.unpriced_tokens]
    if unpriced:
        from claude_metrics import paths

        named = ", ".join(f"{model} ({number(sums.unpriced_tokens)} tokens)" for model, sums in unpriced)
        note(f'? price unknown: {named}; set it as [prices."{unpriced[0][0]}"] in {paths.config_file()}', "yellow")
    sessions, tokens = form.understated
    if sessions:
        many = f"{sessions} sessions" if sessions > 1 else "1 session"
        note(
            f"{many} of old clients: about {number(tokens)} output tokens were never written down, and are missing here"
        )
    missing = [f"{reason} ({count})" for reason, count in form.incomplete.items() if reason not in EXPLAINED]
    if missing:
        note(f"Sessions whose cost is at least what is shown: {', '.join(missing)}")
    note_hidden(hidden)


# -- windows of five hours --------------------------------------------------------------------


def show_blocks(form: Presentation, entries: list[Entry], running: dict[str, Pace]) -> None:
    """`running`: the pace of the windows that have not ended, by their start."""
    if form.as_json:
        for entry in entries:
            if found := running.get(entry.about["start"]):
                entry.about["pace"] = {name: getattr(found, name) for name in found.__slots__}
        _print_json(form, "blocks", entries, report.total(entries))
        return
    if not entries:
        note("There is no window of five hours in this selection.")
        return
    columns = [Column("Window", text=True, least=16), Column("Ends", text=True, least=7), MODELS]

    def cells(entry: Entry) -> list[str]:
        begin, end = (zones.show(entry.about[name], form.zone) for name in ("start", "end"))
        return [begin, "running" if entry.about["active"] else end[11:], _models(entry)]

    _print_table(form, entries, columns, cells, report.total(entries))
    for found in running.values():
        left = duration(found.remaining_minutes * 60_000)
        now_at = f"${found.usd_per_hour:.2f} an hour, {found.tokens_per_minute:,.0f} tokens a minute"
        note(f"Running: {now_at}; ${found.projected_usd:.2f} at its end in {left} if that goes on", "")
