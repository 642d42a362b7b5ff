"""Who typed what: the text of a user record that a person, or the program in a person's place, gave to the client.

A custom command or a skill typed as `/name args` is a prompt. The client's own commands, a teammate's message, a task
notification and what the client puts in itself are none. Clients since 2.1.307 say of each record that begins a turn
where the turn comes from (`turnOrigin`); they give a `turnPosition` also to records that nobody typed.
"""

from __future__ import annotations

import re
from typing import Any

from claude_metrics.agents.claude.records import ResultBlock, UserRecord

# Text that stands in a user record although no user typed it.
_NOT_TYPED = re.compile(
    r"\s*<(command-name|command-message|command-args|local-command-stdout|local-command-stderr|local-command-caveat"
    r"|bash-input|bash-stdout|bash-stderr|task-notification|system-reminder|user-memory-input|teammate-message)\b"
    r"|\s*\[Request interrupted by user"
    r"|\s*Another Claude session sent a message:\s*<teammate-message\b"
)
# A built-in command begins with its name, a custom command or a skill with its message.
_COMMAND = re.compile(
    r"\s*<command-message>.*?</command-message>\s*<command-name>\s*(?P<name>.*?)\s*</command-name>"
    r"(?:\s*<command-args>(?P<args>.*?)</command-args>)?\s*",
    re.DOTALL,
)


def typed_text(record: UserRecord, content: Any) -> str | None:
    """What a person typed, or None where the record is the client's own doing."""
    if record.isMeta or record.isCompactSummary or record.isVisibleInTranscriptOnly or _untyped_turn(record):
        return None
    if isinstance(content, list):
        content = "\n".join(text for b in content if b.type == "text" and b.text and (text := _typed(b.text)))
    else:
        content = _typed(content) if isinstance(content, str) else None
    return content if content and not content.isspace() else None


_KILLED = b'"[Tool call interrupted: the session ended before this call'


def was_killed(record: UserRecord) -> bool:
    """True for the result that a resumed client puts in for a tool call which its killed predecessor left open."""
    content = record.message.content if record.message else None
    return isinstance(content, list) and any(is_interrupted(block) for block in content)


def is_interrupted(block: ResultBlock) -> bool:
    """True for a result that says only that nobody knows the result."""
    return bytes(block.content).startswith(_KILLED)


def begins_turn(record: UserRecord) -> bool:
    """True for whatever the model is to answer: typed, or put in by the client, but not the result of a tool."""
    content = record.message.content if record.message else None
    results = isinstance(content, list) and any(block.type == "tool_result" for block in content)
    return not record.isMeta and not results


def _untyped_turn(record: UserRecord) -> bool:
    """True where the client says that it began a turn of its own accord."""
    kind = (record.origin or {}).get("kind", "human")
    return kind != "human" or (record.turnPosition is not None and record.turnOrigin is None)


def _typed(text: str) -> str | None:
    command = _COMMAND.fullmatch(text)
    if command:
        return " ".join(part for part in (command["name"], (command["args"] or "").strip()) if part)
    return None if _NOT_TYPED.match(text) else text
