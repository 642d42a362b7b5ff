"""`session show`, below its tables: subagents, what requests were for, the cache, compactions and API errors."""

from __future__ import annotations

from typing import Any

from claude_metrics.config import zones
from claude_metrics.render.causes import UNKNOWN
from claude_metrics.render.tables import Column, Row, digits_for, duration, line, note, number, usd
from claude_metrics.render.tables import show as show_table
from claude_metrics.reports.session import SessionView

AGENT = (
    Column("Subagent", text=True, least=14), Column("Team", text=True, least=6, missed=3), Column("Depth", missed=2),
    Column("Requests", missed=1), Column("Total\nTokens"), Column("Cost (USD)"),
)  # fmt: skip
BREAK = (
    Column("At", text=True, least=16), Column("Cause", text=True, least=15), Column("Pause", missed=1),
    Column("Tokens\nwritten again"), Column("Cost (USD)"),
)  # fmt: skip
NAMED = {"skill": "Skill", "command": "Command", "server": "MCP server"}


def show(found: SessionView, tz: zones.Zone) -> None:
    _agents(found.agents)
    _breaks(found.cache_breaks, tz)
    lines = [*_causes(found.causes), *_compactions(found.compactions, tz), *_errors(found.api_errors)]
    if lines:
        note("")
    for text in lines:
        note(text, "")


def _agents(agents: list[dict[str, Any]]) -> None:
    if not agents:
        return
    money = usd(digits_for([row["cost_usd"] for row in agents]))
    rows = [
        Row([line(_name(row)), line(row["team"]), number(row["depth"]), number(row["requests"]),
             number(row["total_tokens"]), money(row["cost_usd"], row["unpriced_tokens"])])
        for row in agents
    ]  # fmt: skip
    note("")
    show_table(AGENT, rows, title="Subagents")


def _name(row: dict[str, Any]) -> str:
    named = " ".join(dict.fromkeys(part for part in (row["name"], row["type"]) if part))
    return named or str(row["agent_id"])


def _breaks(breaks: list[dict[str, Any]], tz: zones.Zone) -> None:
    if not breaks:
        return
    money = usd(digits_for([row["cost_usd"] for row in breaks]))
    rows = [
        Row([zones.show(row["timestamp"], tz), row["cause"] or UNKNOWN, duration(row["pause_ms"]),
             number(row["rewritten_tokens"]), money(row["cost_usd"], row["cost_usd"] is None)])
        for row in breaks
    ]  # fmt: skip
    note("")
    show_table(BREAK, rows, title="Why the cache was written again")


def _causes(causes: list[dict[str, Any]]) -> list[str]:
    money = usd(4)
    return [
        f"{NAMED[row['kind']]} {line(row['cause'])}: {_requests(row['requests'])},"
        f" {money(row['cost_usd'], row['cost_usd'] is None)}"
        for row in causes
        if row["kind"] in NAMED
    ]


def _requests(count: int) -> str:
    return "1 request" if count == 1 else f"{number(count)} requests"


def _compactions(compactions: list[dict[str, Any]], tz: zones.Zone) -> list[str]:
    return [
        f"Compaction ({row['trigger'] or 'trigger unknown'}) at {zones.show(row['timestamp'], tz)}:"
        f" {number(row['tokens_before']) or '?'} tokens before, {number(row['tokens_after']) or '?'} after"
        for row in compactions
    ]


def _errors(errors: list[dict[str, Any]]) -> list[str]:
    """Errors of one kind together: `529 overloaded_error: 2 retried, 1 failed`."""
    counts: dict[str, dict[str, int]] = {}
    for row in errors:
        kind = " ".join(str(part) for part in (row["status"], row["error"]) if part) or "unknown"
        outcomes = counts.setdefault(kind, {})
        outcomes[row["outcome"]] = outcomes.get(row["outcome"], 0) + 1
    return [
        f"API error {line(kind)}: " + ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items())
        for kind, outcomes in counts.items()
    ]
