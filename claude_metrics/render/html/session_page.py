"""The page of one session: figures, its summary, a timeline, cost over time, tokens by kind, tools, turns."""

from __future__ import annotations

from collections import Counter
from typing import Any

from claude_metrics.config import zones
from claude_metrics.render.html import parts
from claude_metrics.render.html.document import document
from claude_metrics.render.html.markup import Html, el, join
from claude_metrics.render.html.session_charts import charts
from claude_metrics.render.tables import duration, line, number, size, usd
from claude_metrics.reports.session import FACETS, HEADINGS, Line, SessionHistory, Turn

money = usd(4)
CALLS, TEXT = 500, 10_000
STYLES = {"ok": "good", "failed": "bad", "denied": "bad", "unfinished": "muted"}
KINDS = {
    "input_tokens": "Input",
    "output_tokens": "Output",
    "cache_creation_tokens": "Cache write",
    "cache_read_tokens": "Cache read",
}


def page(history: SessionHistory, tz: zones.Zone) -> str:
    """One self-contained HTML file."""
    session = history.view.session
    title = line(session["title"] or session["first_prompt"]) or "(no title)"
    about = " · ".join(
        filter(
            None,
            [
                session["agent"],
                session["project"],
                session["branch"],
                zones.show(session["start_time"], tz),
                session["session_id"],
            ],
        )
    )
    drawn = charts(history, tz)
    sections = [
        _summary(history.summary),
        *_charts(drawn),
        _models(history),
        _tools(history),
        _commits(history, tz),
        _observations(history, tz),
        _turns(history, tz),
    ]
    body = parts.page(
        title[:200], about, _figures(history), sections, "Written by claude-metrics. Costs are list prices."
    )
    return document(title[:200], body, {"charts": drawn})


def _figures(history: SessionHistory) -> Html:
    row = history.view.session
    failed = f"{row['failed_tool_calls']} failed" if row["failed_tool_calls"] else ""
    lines = f"+{number(row['lines_added'])} -{number(row['lines_removed'])}" if row["lines_added"] is not None else "-"
    own = row["reported_cost_usd"]
    reported = None if own is None else f"reported by the agent: {money(own, 0)}"
    if row["incomplete"]:
        reported = "; ".join(filter(None, (f"at least: {row['incomplete']}", reported)))
    return parts.figures(
        [
            ("Cost", money(row["total_cost_usd"], row["unpriced_tokens"]), reported),
            ("Tokens", number(row["total_tokens"]), f"{number(row['output_tokens'])} output"),
            ("Requests", number(len(history.requests)), None),
            ("Turns", number(len(history.view.turns)), None),
            ("Tool calls", number(row["tool_calls"]), failed),
            ("Commits", number(row["commits"]), None),
            ("Lines", lines, None),
            ("Time", duration(row["total_duration_ms"]) or "-", row["status"]),
        ]
    )


def _summary(summary: Line) -> Html | None:
    paragraphs = [("Request", summary.get("request")), ("Plan", summary.get("plan_progress"))]
    paragraphs += [(heading, summary.get(name)) for name, heading in FACETS.items()]
    texts = [el("div", el("h3", heading), el("p", text), class_="wide") for heading, text in paragraphs if text]
    lists = [parts.listing(heading, summary.get(name) or []) for name, heading in HEADINGS.items()]
    inside = [part for part in [*texts, *lists] if part]
    return parts.section("Summary", el("div", *inside, class_="summary")) if inside else None


def _charts(drawn: dict[str, Any]) -> list[Html | None]:
    pauses = "Pauses of more than five minutes are shortened."
    return [
        parts.section("Timeline", parts.chart("timeline", "Turns and tool calls over time", tall=True), note=pauses)
        if "timeline" in drawn
        else None,
        parts.section("Cost over time", parts.chart("cost", "Cost in USD, added up over time"), note=pauses)
        if "cost" in drawn
        else None,
        parts.section("Tokens by kind", parts.chart("tokens", "Tokens by kind and model"))
        if "tokens" in drawn
        else None,
    ]


def _models(history: SessionHistory) -> Html | None:
    rows = [
        [
            m["model"],
            (number(m["requests"]), m["requests"]),
            *((number(m[kind]), m[kind]) for kind in KINDS),
            (money(m["cost_usd"], m["cost_usd"] is None), m["cost_usd"] or 0),
        ]
        for m in history.view.models
    ]
    columns = ["Model", "Requests", *KINDS.values(), "Cost"]
    return parts.section("Models", parts.table("Models", columns, rows, range(1, 7))) if rows else None


def _tools(history: SessionHistory) -> Html | None:
    sent, got = Counter[str](), Counter[str]()
    for call in history.view.tool_calls:
        sent[call["tool_name"]] += call["input_bytes"] or 0
        got[call["tool_name"]] += call["output_bytes"] or 0
    rows = [
        [
            t["tool_name"],
            t["calls"],
            t["failed"],
            t["denied"],
            (duration(t["duration_ms"]), t["duration_ms"]),
            (size(sent[t["tool_name"]]), sent[t["tool_name"]]),
            (size(got[t["tool_name"]]), got[t["tool_name"]]),
        ]
        for t in history.view.tools
    ]
    columns = ["Tool", "Calls", "Failed", "Denied", "Time", "Sent", "Returned"]
    return parts.section("Tools", parts.table("Tools", columns, rows, range(1, 7))) if rows else None


def _commits(history: SessionHistory, tz: zones.Zone) -> Html | None:
    rows = [
        [
            el("code", c["sha"][:9]),
            zones.show(c["committed_at"], tz),
            line(c["message"]),
            c["branch"],
            (number(c["lines_added"]), c["lines_added"] or 0),
            (number(c["lines_deleted"]), c["lines_deleted"] or 0),
            c["attribution"] if c["reachable"] else "gone since",
        ]
        for c in history.view.commits
    ]
    columns = ["Commit", "Committed", "Message", "Branch", "Added", "Deleted", "How"]
    return parts.section("Commits", parts.table("Commits", columns, rows, (4, 5))) if rows else None


def _observations(history: SessionHistory, tz: zones.Zone) -> Html | None:
    rows = [
        [zones.show(o["timestamp"], tz), o["kind"].replace("_", " "), line(o["title"]), o["outcome"]]
        for o in history.observations
    ]
    columns = ["When", "Kind", "What", "Outcome"]
    return parts.section("Observations", parts.table("Observations", columns, rows)) if rows else None


# -- turns -----------------------------------------------------------------------------


def _turns(history: SessionHistory, tz: zones.Zone) -> Html | None:
    return parts.section("Turns", *(_turn(turn, tz) for turn in history.turns)) if history.turns else None


def _turn(turn: Turn, tz: zones.Zone) -> Html:
    about = turn.about
    if about is None:
        return el("details", el("summary", "Before the first prompt"), _calls(turn.calls), class_="turn")
    facts = ", ".join(
        [
            zones.show(about["started_at"], tz),
            f"{number(about['requests'])} requests",
            f"{number(len(turn.calls))} tool calls",
            money(about["cost_usd"], about["cost_usd"] is None),
        ]
    )
    asked = el("strong", f"{about['turn_index']}. {line(about['prompt'])[:120] or '(not stored)'}")
    commits = el("ul", join(el("li", el("code", c["sha"][:9]), f" {line(c['message'])}") for c in turn.commits))
    return el(
        "details",
        el("summary", asked, el("span", f"  {facts}", class_="muted")),
        el("div", (about["prompt"] or "")[:TEXT], class_="said") if about["prompt"] else None,
        _calls(turn.calls),
        commits if turn.commits else None,
        el("div", about["response"][:TEXT], class_="said answer") if about["response"] else None,
        class_="turn",
    )


def _calls(calls: list[Line]) -> Html | None:
    if not calls:
        return None
    more = el("p", f"and {number(len(calls) - CALLS)} more", class_="muted") if len(calls) > CALLS else None
    return join([el("ol", join(map(_call, calls[:CALLS])), class_="calls"), more])


def _call(call: Line) -> Html:
    facts = [duration(call["duration_ms"]), size(call["output_bytes"]), "by a subagent" if call["agent_id"] else ""]
    what = el("code", line(call["input_summary"] or call["file_path"]))
    result = el("span", call["result"], class_=STYLES[call["result"]])
    took = el("span", f" {', '.join(filter(None, facts))}", class_="muted")
    return el("li", el("strong", call["tool_name"]), " ", what, " ", result, took)
