"""The user's settings: TOML at `paths.config_file()`, every key known here, an unknown one an error with the nearest name."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from claude_metrics import paths
from claude_metrics.errors import ClaudeMetricsError

CONTENT = ("redacted", "none")
JOURNAL = ("delete", "wal", "truncate")


@dataclass(frozen=True, slots=True)
class Config:
    """Defaults are what a person who never opens the file gets."""

    content: str = "redacted"
    journal_mode: str = "delete"
    timezone: str = ""
    machine_id: str = ""
    current_md: bool = False
    current_md_projects: tuple[str, ...] = ()
    budget_daily_usd: float = 0.0
    budget_monthly_usd: float = 0.0
    context_max_chars: int = 0
    context_deadline_s: float = 1.5
    prices: dict[str, dict[str, Any]] = field(default_factory=dict)
    tools: dict[str, dict[str, Any]] = field(default_factory=dict)


_TABLES = ("prices", "tools")
KEYS = {name: f.type for name, f in Config.__dataclass_fields__.items()}


def load(path: Path | None = None) -> Config:
    """Read the file. Raises ClaudeMetricsError for what is not TOML, unknown keys and wrong types."""
    path = path or paths.config_file()
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Config()
    except (OSError, UnicodeDecodeError) as error:
        raise ClaudeMetricsError(f"cannot read the config ({error}); {path}; check its mode and encoding") from error
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ClaudeMetricsError(f"the config is not TOML: {error}; {path}; mend that line") from error
    return Config(**{key: checked(key, value, path) for key, value in given.items()})


def checked(key: str, value: Any, path: Path) -> Any:
    """`value` as the type of `key`, or an error that says what would be right."""
    if key not in KEYS:
        near = difflib.get_close_matches(key, KEYS, 1, 0.4)
        hint = f"did you mean `{near[0]}`?" if near else f"known keys: {', '.join(KEYS)}"
        raise ClaudeMetricsError(f"unknown key `{key}`; {path}; {hint}")
    default = getattr(Config(), key)
    if (key == "content" and value not in CONTENT) or (key == "journal_mode" and value not in JOURNAL):
        known = CONTENT if key == "content" else JOURNAL
        raise ClaudeMetricsError(f"`{key}` cannot be `{value}`; {path}; use one of: {', '.join(known)}")
    if isinstance(default, tuple) and isinstance(value, list):
        return tuple(str(item) for item in value)
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not type(default):
        raise ClaudeMetricsError(
            f"`{key}` must be {type(default).__name__}, not {type(value).__name__}; {path}; mend it"
        )
    return value
