"""What Claude Code's user settings say of its hooks, our plugin, and how long it keeps transcripts."""

from __future__ import annotations

import json
from typing import Any

from claude_metrics.agents.base import Retention
from claude_metrics.agents.claude.hooks import SETTINGS

PLUGIN = "session-metrics@"
KEPT_DAYS = 30  # the client's default for `cleanupPeriodDays`


def user_settings() -> dict[str, Any]:
    """The user's settings, or nothing where they cannot be read."""
    try:
        value = json.loads(SETTINGS.user.path().read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def hooks_disabled() -> str | None:
    return "disableAllHooks" if user_settings().get("disableAllHooks") is True else None


def has_plugin() -> bool:
    enabled = user_settings().get("enabledPlugins")
    return isinstance(enabled, dict) and any(name.startswith(PLUGIN) and on is True for name, on in enabled.items())


def retention() -> Retention:
    """`cleanupPeriodDays` of the user's settings, or the client's default."""
    value = user_settings().get("cleanupPeriodDays")
    if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
        value = KEPT_DAYS
    return Retention(value, "cleanupPeriodDays")
