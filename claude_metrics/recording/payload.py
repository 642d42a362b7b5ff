"""What a hook's payload says by itself, beside the transcript that it names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from claude_metrics import clock
from claude_metrics.agents import RECORDED
from claude_metrics.agents._json import load
from claude_metrics.models import SessionFacts
from claude_metrics.recording import ingest, spool


def parse(raw: bytes) -> dict[str, Any] | None:
    """The payload, or the names salvaged from one that was cut; never a text that cannot be stored."""
    value = load(raw) or load(json.dumps(spool.salvage(raw)))
    return value if value and isinstance(value.get("session_id"), str) and value["session_id"] else None


def facts_of(payload: Mapping[str, Any], agent: str, session_id: str, received_at: str) -> ingest.Payload:
    """The payload's own facts; `cost` is that of older set-ups, which had it from the status line."""
    facts = SessionFacts(session_id, RECORDED[agent].type)
    facts.permission_mode, facts.project_path = _text(payload, "permission_mode"), _text(payload, "cwd")
    if payload.get("hook_event_name") not in RECORDED[agent].turn_events:
        facts.ended_at, facts.end_reason = received_at, _text(payload, "reason")
    cost = payload.get("cost")
    if not isinstance(cost, dict):
        return ingest.Payload(facts)
    facts.total_duration_ms = _count(cost, "total_duration_ms")
    facts.total_api_duration_ms = _count(cost, "total_api_duration_ms")
    facts.lines_added, facts.lines_removed = _count(cost, "total_lines_added"), _count(cost, "total_lines_removed")
    if not RECORDED[agent].sources_of(payload):
        began = clock.to_seconds(received_at) - (facts.total_duration_ms or 0) / 1000
        facts.first_record_at, facts.last_record_at = clock.from_seconds(began), received_at
    total = cost.get("total_cost_usd")
    return ingest.Payload(facts, float(total) if isinstance(total, int | float) and 0 <= total < 1e9 else None)


def _text(payload: Mapping[str, Any], key: str) -> str | None:
    value = payload.get(key)
    return value[:4096] if isinstance(value, str) and value else None


def _count(cost: Mapping[str, Any], key: str) -> int | None:
    value = cost.get(key)
    return int(value) if isinstance(value, int | float) and 0 <= value < 2**53 else None
