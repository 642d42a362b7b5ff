"""The user's settings: TOML at `paths.config_file()`; an unknown key is an error that names the nearest one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from claude_metrics import paths
from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.log import logger

CONTENT = ("redacted", "none")
JOURNAL = ("delete", "wal", "truncate")


@dataclass(frozen=True, slots=True)
class Config:
    """Defaults are what a person who never opens the file gets."""

    content: str = "redacted"
    journal_mode: str = "delete"
    timezone: str = ""
    fresh: bool = True
    ticket_pattern: str = r"[A-Z][A-Z0-9]+-\d+"
    machine_id: str = ""
    current_md: bool = False
    current_md_projects: tuple[str, ...] = ()
    budget_daily_usd: float = 0.0
    budget_monthly_usd: float = 0.0
    context_max_chars: int = 0
    context_deadline_s: float = 1.5
    prices: dict[str, dict[str, Any]] = field(default_factory=dict)
    tools: dict[str, dict[str, Any]] = field(default_factory=dict)
    roots: dict[str, list[str]] = field(default_factory=dict)


class Damaged(Config):
    """What could be used of a file with a mistake in it (`lenient`)."""


_KINDS = {str: "a text", float: "a number", int: "a whole number", bool: "true or false", tuple: "a list"}
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
    import tomllib  # most users have no config file

    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ClaudeMetricsError(f"the config is not TOML: {error}; {path}; correct that line") from error
    return Config(**{key: checked(key, value, path) for key, value in given.items()})


def lenient(path: Path | None = None) -> Config:
    """For recording, which no mistake in the file may stop: what is right in it counts, the rest is logged.

    Where the file cannot be understood at all, no text is stored if it may have said so.
    """
    path = path or paths.config_file()
    try:
        return load(path)
    except ClaudeMetricsError as error:
        logger.error("%s", error)
    import re
    import tomllib

    try:
        raw = path.read_bytes()
        given = tomllib.loads(raw.decode("utf-8"))
    except OSError:
        return Damaged(content="none")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return Damaged(content="none" if re.search(rb"content\W+none", raw) else "redacted")
    return Damaged(**dict(_right(given, path)))


def _right(given: dict[str, Any], path: Path) -> Iterator[tuple[str, Any]]:
    for key, value in given.items():
        try:
            yield key, checked(key, value, path)
        except ClaudeMetricsError:
            if key == "content":
                yield key, "none"


def checked(key: str, value: Any, path: Path) -> Any:
    """`value` as the type of `key`, or an error that says what would be right."""
    if key not in KEYS:
        raise ClaudeMetricsError(f"unknown key `{key}`; {path}; {_hint(key, KEYS)}")
    default = getattr(Config(), key)
    if (key == "content" and value not in CONTENT) or (key == "journal_mode" and value not in JOURNAL):
        known = CONTENT if key == "content" else JOURNAL
        raise ClaudeMetricsError(f"`{key}` cannot be `{value}`; {path}; use one of: {', '.join(known)}")
    if key == "prices":
        return _prices(value, path)
    if key == "tools" and not (isinstance(value, dict) and all(isinstance(item, dict) for item in value.values())):
        raise ClaudeMetricsError(f"`tools` holds one table a tool; {path}; write [tools.name]")
    if key == "roots" and not (isinstance(value, dict) and all(_is_texts(item) for item in value.values())):
        raise ClaudeMetricsError(f'`roots` holds a list of folders an agent; {path}; write claude = ["~/.claude-work"]')
    if isinstance(default, tuple) and isinstance(value, list):
        if not _is_texts(value):
            raise ClaudeMetricsError(f"`{key}` must be a list of texts, not `{value}`; {path}; correct it")
        return tuple(value)
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not type(default):
        raise ClaudeMetricsError(f"`{key}` must be {_KINDS[type(default)]}, not `{value}`; {path}; correct it")
    _check_range(key, value, path)
    return value


def _check_range(key: str, value: Any, path: Path) -> None:
    """Numbers are amounts, lengths and times: none is negative or endless, and no time limit is nothing."""
    is_number = isinstance(value, float | int) and not isinstance(value, bool)
    is_limit = key == "context_deadline_s"
    if is_number and (not 0 <= value < 1e9 or (is_limit and value == 0)):
        least = "more than 0" if is_limit else "0 or more"
        raise ClaudeMetricsError(f"`{key}` must be {least}, not `{value}`; {path}; correct it")
    if key == "ticket_pattern" and not _is_pattern(value):
        raise ClaudeMetricsError(f"`{key}` is no regular expression: `{value}`; {path}; correct it")
    if key == "timezone" and value and not is_zone(value):
        raise ClaudeMetricsError(f"no time zone `{value}`; `timezone` in {path}; use a name like Europe/Berlin")


def _is_pattern(text: str) -> bool:
    import re

    try:
        return bool(re.compile(text))
    except re.error:
        return False


def is_zone(name: str) -> bool:
    from zoneinfo import ZoneInfo

    try:
        return name.upper() in ("UTC", "Z") or bool(ZoneInfo(name))
    except (KeyError, OSError, ValueError):  # ZoneInfoNotFoundError is a KeyError
        return False


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


PRICE_KEYS = (
    "input",
    "output",
    "cache_read",
    "cache_write",
    "cache_write_5m",
    "cache_write_1h",
    "web_search",
    "fast_factor",
)


def _prices(value: Any, path: Path) -> dict[str, dict[str, Any]]:
    """`[prices."model-id"]`: USD per million tokens; `web_search` per search, `fast_factor` times the rest."""
    if not isinstance(value, dict):
        raise ClaudeMetricsError(f'`prices` holds one table a model; {path}; write [prices."model-id"]')
    for model, prices in value.items():
        name = f'prices."{model}"'
        if not isinstance(prices, dict):
            raise ClaudeMetricsError(
                f"`{name}` must be a table of prices; {path}; write [{name}] and below it input = 3.0"
            )
        for key, price in prices.items():
            if key not in PRICE_KEYS:
                raise ClaudeMetricsError(f"unknown key `{name}.{key}`; {path}; {_hint(key, PRICE_KEYS)}")
            if isinstance(price, bool) or not isinstance(price, int | float) or not 0 <= price < 1e9:
                raise ClaudeMetricsError(f"`{name}.{key}` must be a number of USD, not `{price}`; {path}; correct it")
    return value


def _hint(key: str, known: Iterable[str]) -> str:
    import difflib

    near = difflib.get_close_matches(key, list(known), 1, 0.4)
    return f"did you mean `{near[0]}`?" if near else f"known keys: {', '.join(known)}"
