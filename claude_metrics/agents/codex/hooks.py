"""Codex CLI: `hooks.json`, nested form, seconds (SessionEnd at most 3). Verified with 0.169.0.

A new or changed hook does not run until the user approves it; the approval is a hash in `config.toml`, which we read
and never write. The hash is over the hook as the client normalises it (codex-rs: hooks/src/engine/discovery.rs,
`command_hook_hash`).
"""

import hashlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from claude_metrics.agents.hook_spec import EventSet, HookFile, JsonHook, Place, Slot

APPROVE = "start `codex` and choose to trust the hooks in its dialog; `codex exec` skips them silently until then"


def untrusted(file: Path, event: str, group_index: int, hook_index: int, group: Any) -> str | None:
    label = re.sub(r"(?<!^)(?=[A-Z])", "_", event).lower()
    approval = _approval(f"{label}:{group_index}:{hook_index}", file)
    if "trusted_hash" not in approval:
        return f"not approved yet: {APPROVE}"
    if approval["trusted_hash"] != _fingerprint(label, group, group["hooks"][hook_index]):
        return f"changed since it was approved: {APPROVE}"
    return "switched off in Codex" if approval.get("enabled") is False else None


def _approval(entry: str, file: Path) -> dict[str, Any]:
    """What stands under `[hooks.state."<file>:<event>:<group>:<hook>"]`; the client may write the path resolved."""
    import tomllib  # wanted by few commands, and every worker loads this module

    try:
        text = CONFIG.path().read_text(encoding="utf-8")
        state: Any = tomllib.loads(text)["hooks"]["state"]
        names = (f"{path}:{entry}" for path in (file, os.path.realpath(file)))
        return dict(next(state[name] for name in names if name in state))
    except (OSError, ValueError, TypeError, KeyError, StopIteration):
        return {}


def _fingerprint(label: str, group: Any, hook: Any) -> str:
    known = {"type": "command", "command": hook["command"], "timeout": hook.get("timeout", 600)}
    known["async"] = hook.get("async", False)
    if "statusMessage" in hook:
        known["statusMessage"] = hook["statusMessage"]
    identity: dict[str, Any] = {"event_name": label, "hooks": [known]}
    if "matcher" in group:
        identity["matcher"] = group["matcher"]
    text = json.dumps(identity, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


CONFIG = Place(".codex/config.toml", env="CODEX_HOME", under_env="config.toml")
HOOKS_FILE = JsonHook(
    user=Place(".codex/hooks.json", env="CODEX_HOME", under_env="hooks.json"),
    inside_project={"project": ".codex/hooks.json"},
    events={
        "recorder": {"SessionEnd": Slot(timeout=3), "Stop": Slot(timeout=10)},
        "session-start": {"SessionStart": Slot(timeout=10, matcher="startup|resume|clear|compact")},
    },
    windows_shell="cmd",
    fields={"type": "command"},
    notice=f"Codex runs a new or changed hook only after you approve it: {APPROVE}.",
    trust=untrusted,
)
HOOKS: Mapping[EventSet, HookFile] = {"recorder": HOOKS_FILE, "session-start": HOOKS_FILE}
