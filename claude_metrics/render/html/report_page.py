"""The page of many sessions: cost and tokens by day, models, projects, sessions, tools, commits."""

from __future__ import annotations

from collections import Counter
from typing import Any

from claude_metrics.config import zones
from claude_metrics.render.html import parts
from claude_metrics.render.html.document import document
from claude_metrics.render.html.markup import Html, el
from claude_metrics.render.html.session_charts import COLOURS, KINDS
from claude_metrics.render.tables import duration, line, number, short_model, usd
from claude_metrics.reports import lists as report_lists
from claude_metrics.reports import query as report
from claude_metrics.reports.overview import Overview
from claude_metrics.reports.query import Entry, Filter, Sums

SHOWN = 500  # lines of a table: a page is to be looked at
money = usd(2)


def page(found: Overview, where: Filter) -> str:
    """One self-contained HTML file for what `where` lets through."""
    whole = report.total(found.days)
    drawn = _charts(found.days, whole)
    charts = [
        parts.section("Cost by day", parts.chart("cost", "Cost in USD by day and model")),
        parts.section("Tokens by kind", parts.chart("tokens", "Tokens by kind and model")),
    ]
    sections = [
        *(charts if drawn else []),
        _entries("Models", "model", found.models),
        _entries("Projects", "project", found.projects),
        _sessions(found.sessions, where.zone),
        _tools(found),
        _commits(found.commits, where.zone),
    ]
    figures = _figures(whole, found.sessions, found.tools, found.commits)
    footer = "Written by claude-metrics. Costs are list prices."
    body = parts.page("claude-metrics", _about(found.days, where), figures, sections, footer)
    return document("claude-metrics", body, {"charts": drawn})


def _about(days: list[Entry], where: Filter) -> str:
    span = f"{days[0].about['date']} to {days[-1].about['date']}" if days else "nothing recorded"
    narrowed = [*where.projects, *where.models, *where.agents]
    return " · ".join([span, f"days in {zones.name_of(where.zone)}", *narrowed])


def _figures(whole: Entry, sessions: list[Entry], tools: list[Any], commits: list[Any]) -> Html:
    sums = whole.sums
    unknown = f"{number(sums.unpriced_tokens)} tokens without a price" if sums.unpriced_tokens else None
    calls, failed = sum(tool["calls"] for tool in tools), int(sum(tool["failed"] for tool in tools))
    made = report_lists.commit_totals(commits)
    return parts.figures(
        [
            ("Cost", money(sums.cost_usd, sums.unpriced_tokens), unknown),
            ("Tokens", number(sums.total_tokens), f"{number(sums.output_tokens)} output"),
            ("Requests", number(sums.requests), None),
            ("Sessions", number(len(sessions)), None),
            ("Tool calls", number(calls), f"{number(failed)} failed" if failed else None),
            ("Commits", number(made["commits"]), f"{number(made['inferred'])} inferred" if made["inferred"] else None),
        ]
    )


def _charts(days: list[Entry], whole: Entry) -> dict[str, Any]:
    if not days:
        return {}
    by_day = {entry.about["date"]: entry for entry in days}
    labels = _every_day(days[0].about["date"], days[-1].about["date"])
    cost, tokens = [], []
    for i, (name, models) in enumerate(_series(whole)):
        spent = [_sum(by_day[day], models).cost_usd or 0 if day in by_day else 0 for day in labels]
        cost.append(_set(name, i, [round(usd, 6) for usd in spent]))
        tokens.append(_set(name, i, [getattr(_sum(whole, models), kind) for kind in KINDS]))
    return {
        "cost": {"type": "bar", "stacked": True, "unit": "money", "labels": labels, "sets": cost},
        "tokens": {
            "type": "bar",
            "across": True,
            "stacked": True,
            "unit": "count",
            "labels": [*KINDS.values()],
            "sets": tokens,
        },
    }


def _every_day(first: str, last: str) -> list[str]:
    """Days without use are drawn, too: a gap says something."""
    labels = [first]
    while labels[-1] < last:
        labels.append(zones.next_day(labels[-1]))
    return labels


def _series(whole: Entry) -> list[tuple[str, list[str]]]:
    """A series for each of the dearest models, as many as there are colours, and one for all others."""
    spent = Counter({model: sums.cost_usd or 0.0 for model, sums in whole.models.items()})
    models = [model for model, _ in spent.most_common()]
    series = [(short_model(line(model)), [model]) for model in models[:COLOURS]]
    return [*series, ("other", models[COLOURS:])] if models[COLOURS:] else series


def _sum(entry: Entry, models: list[str]) -> Sums:
    sums = Sums()
    for model in models:
        sums = sums.plus(entry.models.get(model, Sums()))
    return sums


def _set(name: str, i: int, points: list[Any]) -> dict[str, Any]:
    return {"label": name, "colour": f"c{i}" if i < COLOURS else "muted", "points": points}


# -- tables ------------------------------------------------------------------------


def _figure(value: int | None) -> tuple[str, int]:
    return number(value), value or 0


def _sums(entry: Entry) -> list[Any]:
    sums = entry.sums
    return [
        _figure(sums.requests),
        _figure(sums.output_tokens),
        _figure(sums.total_tokens),
        (money(sums.cost_usd, sums.unpriced_tokens), sums.cost_usd or 0),
    ]


def _table(title: str, columns: list[str], rows: list[list[Any]], numbers: range) -> Html | None:
    note = f"{number(len(rows) - SHOWN)} more are not shown." if len(rows) > SHOWN else None
    return parts.section(title, parts.table(title, columns, rows[:SHOWN], numbers), note=note) if rows else None


def _entries(title: str, key: str, entries: list[Entry]) -> Html | None:
    rows = [[line(e.about[key]) or "(none)", _figure(e.about["sessions"]), *_sums(e)] for e in entries]
    return _table(title, [title[:-1], "Sessions", "Requests", "Output", "Tokens", "Cost"], rows, range(1, 6))


def _sessions(entries: list[Entry], tz: zones.Zone) -> Html | None:
    rows = [
        [
            zones.show(e.about["last_activity"], tz),
            line(e.about.get("title") or e.about.get("first_prompt"))[:120],
            line(e.about.get("project")),
            el("code", e.about["session_id"][:8]),
            *_sums(e),
        ]
        for e in reversed(entries)
    ]
    columns = ["Last activity", "Session", "Project", "Id", "Requests", "Output", "Tokens", "Cost"]
    return _table("Sessions", columns, rows, range(4, 8))


def _tools(found: Overview) -> Html | None:
    rows = [
        [
            line(t["tool_name"]),
            _figure(t["calls"]),
            _figure(t["failed"]),
            _figure(t["denied"]),
            *(_time(found.durations[t["tool_name"]][name]) for name in ("p50_ms", "p95_ms")),
            _time(t["duration_ms"]),
            _figure(t["output_bytes"]),
        ]
        for t in found.tools
    ]
    columns = ["Tool", "Calls", "Failed", "Denied", "Median", "95th percentile", "Time", "Bytes returned"]
    return _table("Tools", columns, rows, range(1, 8))


def _time(ms: float | None) -> tuple[str, float]:
    return duration(ms), ms or 0


def _commits(lines: list[dict[str, Any]], tz: zones.Zone) -> Html | None:
    rows = [
        [
            zones.show(c["committed_at"], tz),
            el("code", c["sha"][:9]),
            line(c["message"])[:120],
            line(c["project"]),
            c["attribution"],
            _figure(c["lines_added"]),
            _figure(c["lines_deleted"]),
        ]
        for c in reversed(lines)
    ]
    return _table(
        "Commits", ["Committed", "Commit", "Message", "Project", "How", "Added", "Deleted"], rows, range(5, 7)
    )
