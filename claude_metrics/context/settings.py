"""What the config says about the note.

It is read here a second time, and leniently: the hook has the standard library only, and a slip in the config must not
cost the note (`claude-metrics config` names the slip).
"""

import math
import sys
from typing import Any, NamedTuple


class Settings(NamedTuple):
    """Names and defaults are those of `claude_metrics.config.Config`; a test holds them equal."""

    timezone: str = ""
    budget_daily_usd: float = 0.0
    budget_monthly_usd: float = 0.0
    context_max_chars: int = 0
    context_deadline_s: float = 1.5
    tools: dict[str, dict[str, Any]] = {}  # noqa: RUF012 - never changed


def load(path: str, longest_s: float = math.inf) -> Settings:
    """Of the file's values those that are of the right type; `longest_s` bounds the deadline."""
    given = _toml(path)
    kept: dict[str, Any] = {}
    for name in Settings._fields:
        value, default = given.get(name), getattr(Settings(), name)
        if isinstance(default, float) and type(value) is int:
            value = float(value)
        if type(value) is type(default):
            kept[name] = value
    deadline = kept.get("context_deadline_s", Settings().context_deadline_s)
    return Settings(**kept | {"context_deadline_s": min(deadline, longest_s)})


def _toml(path: str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            raw = file.read()
    except OSError:
        return {}
    import tomllib

    try:
        return tomllib.loads(raw.decode("utf-8"))
    except ValueError:  # TOMLDecodeError and UnicodeDecodeError are both
        return {}


def config_file(env: dict[str, str], home: str) -> str:
    """What `claude_metrics.paths.config_file()` says: there platformdirs knows it; a test holds the two equal."""
    chosen = env.get("CLAUDE_METRICS_HOME")
    if chosen:
        return (home + chosen[1:] if chosen[:2] in ("~", "~/") else chosen) + "/config/config.toml"
    folder = env.get("XDG_CONFIG_HOME", "")
    if sys.platform == "win32":
        folder = env.get("LOCALAPPDATA") or f"{home}/AppData/Local"
    elif not folder.startswith("/"):
        folder = home + ("/Library/Application Support" if sys.platform == "darwin" else "/.config")
    return f"{folder}/claude-metrics/config.toml"
