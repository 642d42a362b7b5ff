"""The agents we know: a folder each, and one line here. `RECORDED` are those whose sessions we read."""

from __future__ import annotations

from claude_metrics.agents import claude, codex, cursor, gemini, opencode
from claude_metrics.agents.base import Agent, RecordedAgent

DEFAULT = "claude"  # where a hook, or a data folder given to `sync`, names no agent

_ALL: tuple[Agent, ...] = (
    claude.AGENT,
    gemini.AGENT,
    codex.AGENT,
    opencode.AGENT,
    cursor.AGENT,
)
AGENTS: dict[str, Agent] = {agent.name: agent for agent in _ALL}
RECORDED: dict[str, RecordedAgent] = {agent.name: agent for agent in _ALL if isinstance(agent, RecordedAgent)}


def of_type(agent_type: str) -> RecordedAgent | None:
    """The agent that a session's `agent_type` names; None for one that another version recorded."""
    return next((agent for agent in RECORDED.values() if agent.type == agent_type), None)
