"""What an installation looks like on disk, and a command of another tool."""

from pathlib import Path
from typing import Any

from claude_metrics.agents import AGENTS
from claude_metrics.agents.hook_spec import EventSet, Scope
from claude_metrics.installer.install import status

FOREIGN = "python3 ~/.claude/hooks/session_end.py"
FOREIGN_GROUP: dict[str, Any] = {"matcher": "", "hooks": [{"type": "command", "command": FOREIGN}]}
PAIRS = [(agent, event_set) for agent in AGENTS for event_set in AGENTS[agent].hooks]
JSON_PAIRS = [pair for pair in PAIRS if pair[0] != "opencode"]


def user_file(agent: str, event_set: EventSet = "recorder") -> Path:
    return AGENTS[agent].hooks[event_set].user.path()


def states(agent: str = "claude", event_set: EventSet = "recorder", scope: Scope = "user") -> dict[str, str]:
    return {row.event: row.state for row in status(agent, scope, event_set)}
