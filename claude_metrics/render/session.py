"""How one session looks on a screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from claude_metrics import clock
from claude_metrics.config import zones
from claude_metrics.render import session_details
from claude_metrics.render.tables import Column, Row, digits_for, duration, line, note, number, usd
from claude_metrics.render.tables import show as show_table
from claude_metrics.reports.session import FACETS, HEADINGS, SessionView

LAST = 20
UNLISTED = "compaction, titles, web searches or dropped streams"
TOKENS = ("input_tokens", "output_tokens", "cache_creation_tokens", "cache_read_tokens", "total_tokens")
MODEL = (
    Column("Model", text=True, least=26),
    Column("Requests", missed=2),
    Column("Input", missed=1),
    Column("Output", missed=1),
    Column("Cache\nCreate", missed=4),
    Column("Cache\nRead", missed=3),
    Column("Total\nTokens"),
    Column("Cost (USD)"),
)
TURN = (
    Column("#"),
    Column("Began", text=True, least=8),
    Column("Took", missed=2),
    Column("Prompt", text=True, least=20),
    Column("Requests", missed=1),
    Column("Tools"),
    Column("Output", missed=3),
    Column("Cost (USD)"),
)
CALL = (
    Column("Turn", missed=2),
    Column("Began", text=True, least=8),
    Column("Tool", text=True, least=6),
    Column("What", text=True, least=20),
    Column("Result", text=True, least=10),
    Column("Took"),
)
COMMIT = (
    Column("Commit", text=True, least=9),
    Column("Committed", text=True, least=16, missed=2),
    Column("Branch", text=True, least=6, missed=3),
    Column("Message", text=True, least=20),
    Column("Files", missed=1),
    Column("Added"),
    Column("Deleted"),
    Column("How", text=True, least=8),
)


def show(found: SessionView, tz: zones.Zone, whole: bool) -> None:
    _head(found, tz)
    _models(found)
    _unlisted(found)
    _turns(found, tz, whole)
    _calls(found, tz, whole)
    _commits(found, tz)
    session_details.show(found, tz)
    _summary(found.summary)


def _head(found: SessionView, tz: zones.Zone) -> None:
    row = found.session
    note(line(row["title"] or row["first_prompt"]) or "(no title)", "bold")
    agent = " ".join(filter(None, (row["agent"], row["agent_version"])))
    place = " on ".join(filter(None, (row["project_path"], row["branch"])))
    facts = {
        "Session": row["session_id"],
        "Agent": agent,
        "Project": place,
        "Time": _time(row, tz),
        "Cost": _cost(row),
        "Incomplete": f"{row['incomplete']}; the cost is at least that" if row["incomplete"] else "",
        "Lines": f"{number(row['lines_added'])} added, {number(row['lines_removed'])} removed"
        if row["lines_added"] is not None
        else "",
        "Fork of": row["parent_session_id"],
        "Forks": ", ".join(found.forks),
        "Subagents": _subagents(found.subagents),
        "Recorded": ", ".join(dict.fromkeys(f"{r['event']}: {r['outcome']}" for r in found.recordings)),
    }
    for name, value in facts.items():
        if value:
            note(f"  {name:<10} {line(value)}", "")


def _time(row: dict[str, Any], tz: zones.Zone) -> str:
    ended = f"{row['status']}, {row['end_reason']}" if row["end_reason"] else row["status"]
    took = duration(row["total_duration_ms"])
    return (
        f"{zones.show(row['start_time'], tz)} to {zones.show(row['end_time'], tz)}"
        + (f", {took}" if took else "")
        + f" ({ended})"
    )


def _cost(row: dict[str, Any]) -> str:
    money = usd(4)
    own = row["reported_cost_usd"]
    reported = "the agent reported none" if own is None else f"reported by the agent: {money(own, 0)}"
    return f"{money(row['total_cost_usd'], row['unpriced_tokens'])} ({reported})"


def _subagents(row: dict[str, Any]) -> str:
    return (
        f"{row['agents']}, {number(row['requests'])} requests, {_known(usd(4), row['cost_usd'])}"
        if row["agents"]
        else ""
    )


def _known(money: Callable[[float | None, int], str], cost: float | None) -> str:
    return money(cost, cost is None)


def _models(found: SessionView) -> None:
    if not found.models:
        return
    money = usd(digits_for([row["cost_usd"] for row in found.models]))
    rows = [
        Row(
            [
                row["model"],
                number(row["requests"]),
                *(number(row[name]) for name in TOKENS),
                _known(money, row["cost_usd"]),
            ]
        )
        for row in found.models
    ]
    whole = found.session
    sums = [number(sum(row["requests"] for row in found.models)), *(number(whole[name]) for name in TOKENS)]
    note("")
    show_table(MODEL, rows, ["Total", *sums, money(whole["total_cost_usd"], whole["unpriced_tokens"])])
    unpriced = [row["model"] for row in found.models if row["cost_usd"] is None]
    if unpriced:
        tokens = number(whole["unpriced_tokens"])
        note(f"? price unknown: {', '.join(unpriced)}; {tokens} tokens are not in the cost", "yellow")
    if whole["understated_tokens"]:
        note(f"An old client: about {number(whole['understated_tokens'])} output tokens were never written down")


def _unlisted(found: SessionView) -> None:
    """Requests that the agent billed and no line of the transcript tells of."""
    for row in found.unlisted:
        searches = f", {row['web_search_requests']} web searches" if row["web_search_requests"] else ""
        what = f"{number(row['total_tokens'])} tokens of {row['model']} ({_known(usd(4), row['cost_usd'])}{searches})"
        note(f"Of these, {what} were billed without a line in the transcript: {UNLISTED}", "")


def _turns(found: SessionView, tz: zones.Zone, whole: bool) -> None:
    turns = found.turns if whole else found.turns[-LAST:]
    if not turns:
        return
    money = usd(digits_for([row["cost_usd"] for row in turns]))
    rows = [
        Row(
            [
                str(row["turn_index"]),
                _clock(row["started_at"], tz),
                _between(row["started_at"], row["ended_at"]),
                line(row["prompt"])[:200],
                number(row["requests"]),
                number(row["tool_calls"]),
                number(row["output_tokens"]),
                _known(money, row["cost_usd"]),
            ]
        )
        for row in turns
    ]
    note("")
    show_table(TURN, rows, title=_titled("Turns", len(found.turns), len(turns)))


def _calls(found: SessionView, tz: zones.Zone, whole: bool) -> None:
    calls = found.tool_calls if whole else found.tool_calls[-LAST:]
    if not calls:
        return
    rows = [
        Row(
            [
                str(row["turn_index"] or ""),
                _clock(row["timestamp"], tz),
                line(row["tool_name"]),
                _what(row, found.session["project_path"]),
                row["result"],
                duration(row["duration_ms"]),
            ]
        )
        for row in calls
    ]
    note("")
    show_table(CALL, rows, title=_titled("Tool calls", len(found.tool_calls), len(calls)))


def _what(row: dict[str, Any], project_path: str | None) -> str:
    """What the tool was given; a file of the project by its name there."""
    text = line(row["input_summary"] or row["file_path"])[:500]
    return text.removeprefix(f"{project_path}/") if project_path else text


def _commits(found: SessionView, tz: zones.Zone) -> None:
    if not found.commits:
        return
    rows = [
        Row(
            [
                row["sha"][:9],
                zones.show(row["committed_at"], tz),
                line(row["branch"]),
                line(row["message"])[:200],
                number(row["files_changed"]),
                number(row["lines_added"]),
                number(row["lines_deleted"]),
                row["attribution"] if row["reachable"] else "gone since",
            ]
        )
        for row in found.commits
    ]
    note("")
    show_table(COMMIT, rows, title="Commits")


def _summary(summary: dict[str, Any]) -> None:
    """The summary, and the agent's own judgement of the session."""
    for name, heading in HEADINGS.items():
        for at, text in enumerate((summary.get(name) or [])[:LAST]):
            if at == 0:
                note(f"\n{heading}", "bold")
            note(f"  {line(text)}", "")
    for name, heading in {"plan_progress": "Plan", **FACETS}.items():
        if summary.get(name):
            note(f"{heading}: {line(summary[name])}", "")


def _titled(name: str, count: int, shown: int) -> str:
    return name if count == shown else f"{name} (the last {shown} of {number(count)}; --all shows every one)"


def _clock(text: str | None, tz: zones.Zone) -> str:
    return zones.moment(clock.to_seconds(text), tz).strftime("%H:%M:%S") if text else ""


def _between(start: str, end: str | None) -> str:
    return duration(clock.between_ms(start, end)) if end else ""
