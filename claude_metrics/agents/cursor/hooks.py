"""Cursor: `hooks.json` with a flat list per event, seconds, as documented. It gives no usage, so no recorder."""

from claude_metrics.agents.hook_spec import AgentHooks, JsonHook, Place, Slot

HOOKS_FILE = JsonHook(
    user=Place(".cursor/hooks.json"),
    inside_project={"project": ".cursor/hooks.json"},
    events={"session-start": {"sessionStart": Slot(timeout=10)}},
    shape="flat",
    root={"version": 1},
)
HOOKS = AgentHooks(title="Cursor", program="cursor-agent", folder=Place(".cursor"), specs={"session-start": HOOKS_FILE})
