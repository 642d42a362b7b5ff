"""Cursor: its session-start hook alone; it gives no usage, so its sessions are not recorded.

Hooks stand in `hooks.json`, a flat list per event, with times in seconds, as documented. It documents no limit for
the session-start note.
"""

from claude_metrics.agents.base import Agent
from claude_metrics.agents.cursor.hooks import HOOKS
from claude_metrics.agents.hook_spec import Place

AGENT = Agent(name="cursor", title="Cursor", program="cursor-agent", folder=Place(".cursor"), hooks=HOOKS)
