"""Secrets leave the text before it is stored: known formats by their marks, others by the name or place before them.

Cheap tests decide what is looked at more closely, so that text without secrets, nearly all, costs next to nothing
(`python -m benchmarks.redaction` measures it, and what is found and missed).
"""

from __future__ import annotations

import re

from claude_metrics.redaction.formats import without_tokens
from claude_metrics.redaction.names import without_named
from claude_metrics.redaction.places import without_placed
from claude_metrics.redaction.values import MARK

__all__ = ["CUTS", "MARK", "redact"]

CUTS = frozenset((300, 4000, 10_000))  # where readers cut: the last word may be half a secret, known by nothing
_HALF = re.compile(r"[\w!#$%&*+./:=?@\\^~|-]{4,}", re.ASCII)
_SEPARATOR = re.compile(r"[\s=:(,>%]")  # stands between a value and its name; ids and paths have none
# Colours, erasures, moves and links of a terminal: they would stand in the middle of a secret, or glued to it.
_ESCAPES = re.compile(r"(?:\x1b\[|\x9b)(?:[0-9;:]*[mK]|[?0-9;]+[A-Za-z])|\x1b\][^\x07\x1b]{0,2048}(?:\x07|\x1b\\)")

# The rest of a secret that changes its colour in the middle.
_AROUND = re.compile(rf"(?:[\w+/=.-]{{1,200}}\x1b{{1,9}}){{0,9}}{re.escape(MARK)}(?:\x1b+[\w+/=.-]+)*", re.ASCII)


def redact(text: str | None) -> str | None:
    """`text` with everything that looks like a credential replaced by `[redacted]`."""
    if not text:
        return text
    whole = _without_half(text)
    if "\x1b" in whole or "\x9b" in whole:
        return _without_half(_uncoloured(whole))
    clean = _without_secrets(whole)
    return whole if clean == whole else _without_half(clean)


def _uncoloured(text: str) -> str:
    """Looked at twice: where a colour ends a word, and where it stands in the middle of a secret."""
    apart = _AROUND.sub(MARK, _without_secrets(_ESCAPES.sub("\x1b", text)))
    clean = _without_secrets(apart.replace("\x1b", ""))
    return text if clean == _ESCAPES.sub("", text).replace("\x1b", "") else clean


def _without_secrets(text: str) -> str:
    """Where something went, its neighbours are looked at once more: they may have stood behind it."""
    for _ in range(8):
        clean = without_tokens(text)
        if _SEPARATOR.search(clean):
            small = _small(clean)
            placed = without_placed(clean, small)
            clean = without_named(placed, small if placed == clean else _small(placed))
        if clean == text:
            break
        text = clean
    return text


def _small(text: str) -> str:
    """In small letters, each in its place: a few letters become two."""
    small = text.lower()
    return small if len(small) == len(text) else "".join(c.lower() if c.isascii() else c for c in text)


def _without_half(text: str) -> str:
    """At a cut the last word goes: no rule knows a half."""
    while len(text) in CUTS:
        half = _HALF.match(text[::-1])  # backwards: forwards each place would be tried
        if not half:
            break
        text = text[: -half.end()] + "\N{HORIZONTAL ELLIPSIS}"
    return text
