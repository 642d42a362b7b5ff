"""A group's rows as a batch, as if a reader had read the transcripts of its sessions."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from claude_metrics.maintenance.group import Group, Row
from claude_metrics.maintenance.other_database import named_row
from claude_metrics.models import Batch, Observation, Prompt, Request, SessionFacts, Source
from claude_metrics.store.rates import RateBook
from claude_metrics.store.requests import Priced
from claude_metrics.store.rows import marks


def priced(rates: RateBook, requests: Sequence[Request]) -> Priced:
    """Our price lists; a price that only the other database knew stays."""
    known = {row.id: row.cost_usd for row in requests}

    def price(row: Request) -> Request:
        ours = rates.priced(row)
        return row._replace(cost_usd=known.get(row.id)) if ours.cost_usd is None else ours

    return price


def batch_of(group: Group, stored: Mapping[str, Row]) -> Batch:
    """The group's facts; `stored` are the rows that this database has of its sessions."""
    batch = Batch(Source("import", Path()))
    for row in group.sessions:
        batch.sessions[row["session_id"]] = _facts(row, stored.get(row["session_id"]))
    batch.requests = [row._replace(cost_usd=None) for row in group.requests]
    batch.tool_calls, batch.copies, batch.cost_states = group.tool_calls, group.copies, group.cost_states
    batch.agents, batch.compactions, batch.api_errors = group.agents, group.compactions, group.api_errors
    batch.process_links = group.process_links
    batch.prompts = [named_row(Prompt, row) for row in group.turns]
    return batch


def new_observations(connection: sqlite3.Connection, group: Group, stored: Mapping[str, Row]) -> list[Observation]:
    """Those that are not known, or may have been completed since; the rest of them is derived anew."""
    last = {row["session_id"]: row.get("last_record_at") or "" for row in group.sessions}
    later = {name for name, at in last.items() if name in stored and at > (stored[name]["last_record_at"] or "")}
    known = {
        row[0]
        for row in connection.execute(
            f"select observation_id from observations where session_id in ({marks([*last])})", [*last]
        )
    }
    return [row for row in group.observations if row.session_id in later or row.observation_id not in known]


def _facts(row: Row, stored: Row | None) -> SessionFacts:
    """What the other database says. Where this one has the session up to the same time or later, its values stand."""
    facts: dict[str, Any] = {name: row.get(name) for name in SessionFacts.__dataclass_fields__}
    for name, column in RENAMED.items():
        facts[name] = row.get(column)
    if stored and (stored["last_record_at"] or "") >= (row.get("last_record_at") or ""):
        for name in facts.keys() - MERGED:
            if stored[RENAMED.get(name, name)] is not None:
                facts[name] = None
    return SessionFacts(**facts)


RENAMED = {
    "reported_cost_usd": "source_cost_usd",
    "lines_added": "source_lines_added",
    "lines_removed": "source_lines_removed",
}
# Of these `sessions.upsert_session` keeps the right one of two values, whichever database is the later one.
MERGED = {"session_id", "agent_type", "opened_at", "first_record_at", "last_record_at", "ended_at"}
