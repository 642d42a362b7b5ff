"""Read what a client wrote without trusting its shape: a wrong type is a missing value, never an error."""

from __future__ import annotations

import json
from typing import Any

MAX_COUNT = 2**40
TEXT = 10_000

Json = dict[str, Any]


def load(line: bytes | str) -> Json | None:
    """One JSON object, or None."""
    value = load_any(line)
    return value if isinstance(value, dict) else None


def load_any(line: bytes | str) -> Any:
    """Any JSON value, or None. What is no valid UTF-8 or holds half a surrogate pair is read with replacements."""
    import msgspec  # not for those who only look where sessions are

    try:
        return msgspec.json.decode(line)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return _lenient(line)


def _lenient(line: bytes | str) -> Any:
    try:
        text = line.decode("utf-8", "replace") if isinstance(line, bytes) else line
        return _clean(json.loads(text, parse_constant=lambda _: None))
    except (ValueError, RecursionError):
        return None


def _clean(value: Any) -> Any:
    """Lone surrogates cannot be stored as UTF-8."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    return value


def text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def count(value: Any) -> int:
    """A count of tokens or lines; what cannot be one (negative, absurd, not a number) is 0."""
    fits = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < MAX_COUNT
    return int(value) if fits else 0


def millis(value: Any) -> int:
    """Unix milliseconds, or 0."""
    return int(number(value) or 0)


def number(value: Any) -> float | None:
    fits = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e15
    return float(value) if fits else None


def obj(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Json]:
    """The objects of a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def size(value: Any) -> int:
    """UTF-8 bytes of a text, or of any other value as compact JSON."""
    if isinstance(value, str):
        return len(value.encode("utf-8", "replace"))
    if value is None:
        return 0
    import msgspec

    return len(msgspec.json.encode(value))
