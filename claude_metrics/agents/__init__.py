"""The agents we record: one module each, one line here."""

from __future__ import annotations

from typing import cast

from claude_metrics.agents.base import Agent
from claude_metrics.agents.claude import sources as claude
from claude_metrics.agents.codex import sources as codex
from claude_metrics.agents.gemini import sources as gemini
from claude_metrics.agents.opencode import sources as opencode

AGENTS: dict[str, Agent] = {
    "claude": cast(Agent, claude),
    "codex": cast(Agent, codex),
    "gemini": cast(Agent, gemini),
    "opencode": cast(Agent, opencode),
}
