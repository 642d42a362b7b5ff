"""Rows of what happened in a session beside requests and tool calls; `models` says what all rows have in common."""

from __future__ import annotations

from typing import NamedTuple


class Agent(NamedTuple):
    """A subagent: which agent started it by which call, how deep, and the `model` that was asked for."""

    session_id: str
    agent_id: str
    type: str | None = None
    name: str | None = None
    parent_agent_id: str | None = None
    depth: int | None = None
    team: str | None = None
    model: str | None = None
    tool_call_id: str | None = None


class Compaction(NamedTuple):
    """The conversation was replaced by a summary; `trigger` is `manual` or `auto`."""

    compaction_id: int
    session_id: str
    timestamp: str
    trigger: str | None = None
    tokens_before: int | None = None
    tokens_after: int | None = None
    duration_ms: int | None = None
    agent_id: str | None = None


class ApiError(NamedTuple):
    """A request that failed: it was `retried` (as which attempt, after what pause), or `failed`, or was `refused`."""

    api_error_id: int
    session_id: str
    timestamp: str
    outcome: str
    status: int | None = None
    error: str | None = None
    attempt: int | None = None
    most_attempts: int | None = None
    wait_ms: int | None = None
    request_id: str | None = None
    agent_id: str | None = None
