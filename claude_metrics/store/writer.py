"""Upsert batches inside the caller's transaction. Every row has a natural key, so writing twice changes nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from claude_metrics.models import Batch, CostState
from claude_metrics.store.details import save_agents, save_api_errors, save_compactions
from claude_metrics.store.observations import save_observations
from claude_metrics.store.requests import Priced, save_copies, save_requests
from claude_metrics.store.rows import marks
from claude_metrics.store.sessions import upsert_session
from claude_metrics.store.tool_calls import save_tool_calls
from claude_metrics.store.touched import Touched, touch
from claude_metrics.store.turns import save_prompts, save_responses


def upsert(connection: sqlite3.Connection, batches: Sequence[Batch], priced: Priced, recorded_by: str) -> Touched:
    """Write all facts of `batches`; returns each session they touch with the earliest time that changed."""
    touched: Touched = {}
    for batch in batches:
        _sessions(connection, batch, recorded_by, touched)
    copies = [copy for batch in batches for copy in batch.copies]
    copies += save_requests(connection, [r for b in batches for r in b.requests], priced, touched)
    copies += save_prompts(connection, [p for b in batches for p in b.prompts], touched)
    save_copies(connection, copies)
    save_tool_calls(connection, [t for b in batches for t in b.tool_calls], touched)
    save_observations(connection, [o for b in batches for o in b.observations])
    save_agents(connection, [a for b in batches for a in b.agents])
    save_compactions(connection, [c for b in batches for c in b.compactions])
    save_api_errors(connection, [e for b in batches for e in b.api_errors])
    _cost_states(connection, batches, touched)
    _process_links(connection, batches)
    save_responses(connection, [r for b in batches for r in b.responses])
    return touched


def _sessions(connection: sqlite3.Connection, batch: Batch, recorded_by: str, touched: Touched) -> None:
    for facts in batch.sessions.values():
        upsert_session(connection, facts, recorded_by)
        touch(touched, facts.session_id, None)


# Databases of 0.1.0 have totals without a process; the same total read again names it.
_SAVE_COST_STATE = f"""insert into cost_states ({", ".join(CostState._fields)}) values ({marks(CostState._fields)})
    on conflict (cost_state_id) do update set as_of = excluded.as_of, process = excluded.process,
        position = excluded.position, follows = excluded.follows, fresh = excluded.fresh,
        interactive = excluded.interactive
    where process is null and excluded.process is not null"""
_SAVE_PROCESS_LINK = """insert into process_links (session_id, key, target) values (?, ?, ?)
    on conflict (session_id, key) do update set target = excluded.target where target <> excluded.target"""


def _cost_states(connection: sqlite3.Connection, batches: Sequence[Batch], touched: Touched) -> None:
    rows = [state for batch in batches for state in batch.cost_states]
    connection.executemany(_SAVE_COST_STATE, rows)
    for state in rows:
        touch(touched, state.session_id, None)


def _process_links(connection: sqlite3.Connection, batches: Sequence[Batch]) -> None:
    connection.executemany(_SAVE_PROCESS_LINK, [link for batch in batches for link in batch.process_links])
