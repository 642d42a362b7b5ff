"""How each agent takes the note: how long it may be, in what the agent counts, and the form on stdout.

An agent's `context.json` beside its `__init__.py` says so. It is a file of data, because the hook that reads it runs
without the libraries that the agents' modules need.
"""

import json
import os
from collections.abc import Callable
from os.path import dirname
from typing import NamedTuple

from claude_metrics.context.text import Length

AGENTS = dirname(dirname(__file__)) + "/agents"


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
COUNTED_IN: dict[str, Length] = {"utf16": utf16, "utf8": utf8}
FORMS: dict[str, Callable[[str], str]] = {"nested": nested, "flat": flat}


def names() -> list[str]:
    """The agents that take the note in a form of their own."""
    return sorted(name for name in os.listdir(AGENTS) if os.path.isfile(f"{AGENTS}/{name}/context.json"))


def client_of(name: str | None) -> Client:
    """The client of that agent, or a terminal. Raises OSError for an agent without a form."""
    if not name:
        return PLAIN
    with open(f"{AGENTS}/{os.path.basename(name)}/context.json", encoding="utf-8") as file:
        form = json.load(file)
    return Client(form["limit"], COUNTED_IN[form["counted_in"]], FORMS[form["form"]])
