"""Claude Code: `settings.json`, nested form, seconds. Verified with 2.1.328; SessionEnd and Stop exist since 2.0.64.

A hook without a timeout is killed after 1.5 s at the session's end; a timeout is an upper limit, ours needs some ms.
"""

from collections.abc import Mapping

from claude_metrics.agents.hook_spec import EventSet, HookFile, JsonHook, Place, Slot

SETTINGS = JsonHook(
    user=Place(".claude/settings.json", env="CLAUDE_CONFIG_DIR", under_env="settings.json"),
    inside_project={"project": ".claude/settings.json", "local": ".claude/settings.local.json"},
    events={
        "recorder": {"SessionEnd": Slot(timeout=10), "Stop": Slot(timeout=10)},
        "session-start": {"SessionStart": Slot(timeout=10, matcher="startup|resume|clear|compact")},
    },
    fields={"type": "command"},
)
HOOKS: Mapping[EventSet, HookFile] = {"recorder": SETTINGS, "session-start": SETTINGS}
