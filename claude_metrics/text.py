"""Text that comes from outside, made harmless. Imports nothing heavy: the session-start note uses it."""

from __future__ import annotations

import re

# What a terminal obeys: control characters except tab and line feed, marks that turn the direction, surrogates.
_OBEYED = "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff"
# What nobody sees: spaces of no width, fillers, selectors, and the tag characters that can hide a text.
_UNSEEN = (
    "\t\n\xa0\xad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200d\u2028\u2029\u202f\u205f-\u2065\u206a-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
CONTROL = re.compile(f"[{_OBEYED}]")
UNSEEN = re.compile(f"[{_OBEYED}{_UNSEEN}]+")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@+-]{0,127}")


def plain(text: object) -> str:
    """`text` for a terminal, a page or a file: what would be obeyed there is replaced by U+FFFD."""
    return CONTROL.sub("\N{REPLACEMENT CHARACTER}", str(text))


def one_line(text: object) -> str:
    """`text` on one line: every run of white space is one space; None is empty."""
    return " ".join(str(text or "").split())


def session_name(session_id: str) -> str:
    """An agent's session id as the database holds it; one with path or control characters becomes a hash."""
    if _PLAIN_NAME.fullmatch(session_id):
        return session_id
    import hashlib

    return "odd-" + hashlib.sha256(session_id.encode("utf-8", "surrogatepass")).hexdigest()[:24]
