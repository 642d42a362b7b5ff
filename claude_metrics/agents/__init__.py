"""The agents we record: one module each, one line here."""

from __future__ import annotations

from typing import cast

from claude_metrics.agents import claude, codex, gemini, opencode
from claude_metrics.agents.base import Agent

AGENTS: dict[str, Agent] = {
    "claude": cast(Agent, claude),
    "codex": cast(Agent, codex),
    "gemini": cast(Agent, gemini),
    "opencode": cast(Agent, opencode),
}
