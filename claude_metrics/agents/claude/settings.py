"""What Claude Code's user settings say of its hooks, our plugin, and how long it keeps transcripts."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from claude_metrics.agents.base import Retention
from claude_metrics.agents.claude.hooks import SETTINGS

PLUGIN = "session-metrics@"
KEPT_DAYS = 30  # the client's default for `cleanupPeriodDays`


def user_settings() -> dict[str, Any]:
    """The user's settings, or nothing where they cannot be read."""
    return _read(SETTINGS.user.path())


def hooks_disabled() -> str | None:
    """The setting that stops our hook, with its file; the client merges all of these files.

    Managed settings may come from the system's folder or from the console (`remote-settings.json`): there
    `allowManagedHooksOnly` stops the user's hooks too (https://github.com/anthropics/claude-code/issues/92489).
    """
    for file in [*_managed_files(), *_own_files()]:
        if _read(file).get("disableAllHooks") is True:
            return f"`disableAllHooks` in {file}"
    for file in _managed_files():
        if _read(file).get("allowManagedHooksOnly") is True:
            return f"`allowManagedHooksOnly` in {file}"
    return None


def managed_folder() -> Path:
    """Where an administrator's settings are."""
    system = {"darwin": "/Library/Application Support/ClaudeCode", "win32": r"C:\Program Files\ClaudeCode"}
    return Path(system.get(sys.platform, "/etc/claude-code"))


def _managed_files() -> list[Path]:
    folder = managed_folder()
    parts = sorted((folder / "managed-settings.d").glob("*.json")) if folder.is_dir() else []
    return [folder / "managed-settings.json", *parts, SETTINGS.user.path().with_name("remote-settings.json")]


def _own_files() -> list[Path]:
    """The user's, and those of the project that this command is run in."""
    user = SETTINGS.user.path()
    own = [user, user.with_name("settings.local.json")]
    try:
        project = Path.cwd() / ".claude"
    except FileNotFoundError:  # a deleted folder has no settings
        return own
    return [*own, project / "settings.json", project / "settings.local.json"]


def _read(file: Path) -> dict[str, Any]:
    try:
        value = json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def has_plugin() -> bool:
    enabled = user_settings().get("enabledPlugins")
    return isinstance(enabled, dict) and any(name.startswith(PLUGIN) and on is True for name, on in enabled.items())


def retention() -> Retention:
    """`cleanupPeriodDays` of the user's settings, or the client's default."""
    value = user_settings().get("cleanupPeriodDays")
    if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
        value = KEPT_DAYS
    return Retention(value, "cleanupPeriodDays")
