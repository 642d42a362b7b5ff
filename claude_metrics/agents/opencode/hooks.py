"""OpenCode: a plugin file of our own in `plugins/`, loaded at its next start. Verified with 1.18.33."""

from collections.abc import Mapping

from claude_metrics.agents.hook_spec import DropFile, EventSet, HookFile, Place


def _plugin(name: str, template: str) -> DropFile:
    return DropFile(
        user=Place(f".config/opencode/plugins/{name}", env="XDG_CONFIG_HOME", under_env=f"opencode/plugins/{name}"),
        inside_project={"project": f".opencode/plugins/{name}"},
        template=template,
        notice="OpenCode loads the plugin at its next start.",
    )


HOOKS: Mapping[EventSet, HookFile] = {
    "recorder": _plugin("claude-metrics.js", "hooks/opencode.js"),
    "session-start": _plugin("claude-metrics-context.js", "hooks/opencode_context.js"),
}
