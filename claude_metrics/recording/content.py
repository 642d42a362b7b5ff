"""The content policy: which texts of a conversation may be stored. It is applied before anything is written.

`redacted`: secrets leave the texts. `none`: no text of the conversation stays anywhere, also not in a cursor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from claude_metrics.activity import observe
from claude_metrics.models import Batch, ToolCall
from claude_metrics.redact import redact

Keeper = Callable[[str | None], str | None]


def keeper(policy: str) -> Keeper:
    """What makes of a text the text that may be stored."""
    return redact if policy == "redacted" else _drop


def clean(batch: Batch, policy: str) -> Batch:
    """Apply the policy to every text of `batch`, in place."""
    keep = keeper(policy)
    batch.tool_calls = [_with_summary(row, keep(row.input_summary)) for row in batch.tool_calls]
    batch.prompts = [row._replace(prompt=keep(row.prompt)) for row in batch.prompts]
    batch.responses = [row._replace(response=keep(row.response)) for row in batch.responses]
    batch.observations = [observe.cleaned(row, keep) for row in batch.observations]
    for facts in batch.sessions.values():
        facts.title, facts.summary = keep(facts.title), keep(facts.summary)
    batch.cursor = _clean_value(batch.cursor, redact if policy == "redacted" else _drop_words)
    return batch


def _with_summary(row: ToolCall, summary: str | None) -> ToolCall:
    """Most rows stay as they are, since copying a hundred thousand rows takes noticeable time."""
    return row if summary == row.input_summary else row._replace(input_summary=summary)


def _drop(text: str | None) -> None:
    return None


def _drop_words(text: str) -> str:
    """Keep ids, times and names; a text with a space in it is an utterance, or a command that still runs."""
    return "" if " " in text or "\n" in text else text


def _clean_value(value: Any, keep: Callable[[str], str | None]) -> Any:
    """A cursor, which may hold calls without a result yet, with `keep` applied to its texts."""
    if isinstance(value, dict):
        return {key: _clean_value(part, keep) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_clean_value(part, keep) for part in value]
    return keep(value) if isinstance(value, str) else value
