"""Facts for a note, and what stands between its tags."""

import re
import subprocess
from collections.abc import Callable

from claude_metrics.context import tools
from claude_metrics.context.gathering import Facts
from claude_metrics.context.repositories import Repository
from claude_metrics.context.settings import Settings

Run = Callable[..., subprocess.CompletedProcess[str]]
LONG = Settings(context_deadline_s=30)
NOW = 1_795_000_000.0
UNSAFE = re.compile(r"[<>\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def inside(text: str) -> list[str]:
    """The lines between the tags; fails when the tags are not what begins and ends the note, or stand within it."""
    lines = text.split("\n")
    assert (lines[0], lines[-1]) == ("<session-context>", "</session-context>")
    assert not UNSAFE.search("\n".join(lines[1:-1])), text
    return lines[1:-1]


def some_facts(count: int = 3, **attributes: object) -> Facts:
    facts = Facts("/home/dev/work")
    facts.complete = True
    for number in range(count):
        state = Repository(f"repository-{number:03}")
        state.branch, state.commit, state.subject, state.committed_at = "main", "a" * 40, "Begin", int(NOW) - 7200
        for name, value in attributes.items():
            setattr(state, name, value)
        facts.repositories.append(state)
    facts.tools = tools.find({}, "/")
    return facts
