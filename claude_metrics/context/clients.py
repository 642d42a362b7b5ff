"""How each client takes the note: how long it may be, in what that client counts, and the form on stdout.

A new client is one line of `CLIENTS` and one line of its test. Limits, tried with the real clients: Claude Code 2.1.328
takes 10,000 UTF-16 units, Codex 0.169.0 10,000 bytes (it calls them tokens of four), Gemini 0.61.0 took 200,000
characters; Cursor documents none.
"""

import json
from collections.abc import Callable
from typing import NamedTuple

from claude_metrics.context.text import Length


class Client(NamedTuple):
    limit: int
    length: Length
    wrap: Callable[[str], str]
    empty: str = "{}"  # valid, and says nothing
    takes_more: bool = False  # the limit is only our choice

    def output(self, note: str) -> str:
        return self.wrap(note) if note else self.empty


def utf16(text: str) -> int:
    """What JavaScript counts as characters: an emoji is two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def utf8(text: str) -> int:
    """What Rust's `str::len` counts: bytes; never fewer than characters."""
    return len(text.encode("utf-8", "surrogatepass"))


def nested(note: str) -> str:
    return json.dumps({"hookSpecificOutput": {"hookEventName": "SessionStart", "additionalContext": note}})


def flat(note: str) -> str:
    return json.dumps({"additional_context": note})


PLAIN = Client(
    9_500, len, str, empty="", takes_more=True
)  # a terminal; OpenCode's plugin, which sends it with every request
CLIENTS = {
    "claude": Client(9_500, utf16, nested),
    "codex": Client(9_500, utf8, nested),
    "gemini": Client(20_000, utf16, nested),
    "cursor": Client(9_500, utf16, flat),
}


def client_of(tool: str | None) -> Client:
    return CLIENTS[tool] if tool else PLAIN
