"""Gemini CLI: `settings.json`, nested form, milliseconds. Verified with 0.61.0.

SessionEnd may fire three times or never (terminal closed), so AfterAgent records every turn as well.
`GEMINI_CLI_HOME` stands for the home folder: `.gemini` is inside it.
"""

from collections.abc import Mapping

from claude_metrics.agents.hook_spec import EventSet, HookFile, JsonHook, Place, Slot

SETTINGS = JsonHook(
    user=Place(".gemini/settings.json", env="GEMINI_CLI_HOME", under_env=".gemini/settings.json"),
    inside_project={"project": ".gemini/settings.json"},
    events={
        "recorder": {"SessionEnd": Slot(timeout=10), "AfterAgent": Slot(timeout=10)},
        "session-start": {"SessionStart": Slot(timeout=10)},
    },
    timeout_unit="ms",
    windows_shell="powershell",
    fields={"name": "claude-metrics", "type": "command"},  # the name is what hooksConfig.disabled lists
)
HOOKS: Mapping[EventSet, HookFile] = {"recorder": SETTINGS, "session-start": SETTINGS}
