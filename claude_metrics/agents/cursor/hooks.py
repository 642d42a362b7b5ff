"""The hook file of Cursor: `hooks.json` with a flat list per event, times in seconds, as documented."""

from collections.abc import Mapping

from claude_metrics.agents.hook_spec import EventSet, HookFile, JsonHook, Place, Slot

HOOKS: Mapping[EventSet, HookFile] = {
    "session-start": JsonHook(
        user=Place(".cursor/hooks.json"),
        inside_project={"project": ".cursor/hooks.json"},
        events={"session-start": {"sessionStart": Slot(timeout=10)}},
        shape="flat",
        root={"version": 1},
    )
}
