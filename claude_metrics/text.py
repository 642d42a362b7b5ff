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
# Of what nobody sees, people need joiners between letters or signs, and one selector behind a sign; white space stays.
_HIDDEN = (
    "\xad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2028\u2029\u2060-\u2065\u206a-\u206f"
    "\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_LETTER = "[\u0600-\u1fff\u2010-\u2bff\u3000-\ud7ff\ufe0f\U0001f000-\U0001faff]"
_SIGN = "[#*0-9\xa9\xae\u2010-\u3299\U0001f000-\U0001faff]"
CONTROL = re.compile(
    f"[{_OBEYED}{_HIDDEN}]"
    f"|[\u200c\u200d](?:(?<!{_LETTER}[\u200c\u200d])|(?!{_LETTER}))"
    f"|[\ufe0e\ufe0f](?:(?<!{_SIGN}[\ufe0e\ufe0f])|(?=[\ufe00-\ufe0f]))"
)
UNSEEN = re.compile(f"[{_OBEYED}{_UNSEEN}]+")
_MARKUP = "\\`*_[]<>#|!&~"
_ENTITIES = {"&": "&amp;", "<": "&lt;", "[": "&#91;", "(": "&#40;", ":": "&#58;"}
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@+-]{0,127}")


def plain(text: object) -> str:
    """`text` for a terminal, a page or a file: what is obeyed there, or hidden, is replaced by U+FFFD."""
    return CONTROL.sub("\N{REPLACEMENT CHARACTER}", str(text))


def plain_line(text: object) -> str:
    """The same on one line, for messages that name files and arguments: a line break is shown as a sign."""
    return "\N{SYMBOL FOR NEWLINE}".join(plain(text).splitlines())


def markdown(text: object) -> str:
    """`text` as one line of Markdown that stays text: what would be read as markup is escaped."""
    escaped = "".join(f"\\{c}" if c in _MARKUP else c for c in one_line(plain(text)))
    return re.sub(r"^(\d+(?=[.)])|(?=[-+=]))", r"\1\\", escaped)  # a line or a list of its own


def markdown_code(text: object) -> str:
    """A code span on one line, whose fence is longer than any run of backticks inside."""
    inside = re.sub(r"\s*\n\s*", " ", plain(text)).strip()
    fence = "`" * (max(map(len, re.findall("`+", inside)), default=0) + 1)
    return f"{fence} {inside} {fence}"


def markdown_quote(text: object) -> str:
    """A quotation of several lines: no HTML, no picture that a reader would load, no link that hides where it leads."""
    quoted = re.sub(r"&|<|(?<=!)\[|(?<=\])[(:\[]", lambda found: _ENTITIES[found[0]], plain(text))
    return "\n".join(f"> {part}" for part in quoted.splitlines())


def one_line(text: object) -> str:
    """`text` on one line: every run of white space is one space; None is empty."""
    return " ".join(str(text or "").split())


def session_name(session_id: str) -> str:
    """An agent's session id as the database holds it; one with path or control characters becomes a hash."""
    if _PLAIN_NAME.fullmatch(session_id):
        return session_id
    import hashlib

    return "odd-" + hashlib.sha256(session_id.encode("utf-8", "surrogatepass")).hexdigest()[:24]
