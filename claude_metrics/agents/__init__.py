"""The agents we record: one module each, one line here."""

from __future__ import annotations

from typing import cast

from claude_metrics.agents import claude, gemini
from claude_metrics.agents.base import Agent

AGENTS: dict[str, Agent] = {
    "claude": cast(Agent, claude),
    "gemini": cast(Agent, gemini),
}
