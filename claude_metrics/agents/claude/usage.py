"""Usage as the client writes it, as rows: requests, the models of a cost state, what a person typed."""

from __future__ import annotations

import re
from typing import Any

from claude_metrics.agents.claude.records import Answer, AssistantRecord, ModelUsage, UserRecord, usage_of
from claude_metrics.models import Request, key_of

AGENT_TYPE = "claude_code"
MAX_TOKENS = 2**40
# Text that stands in a user record although no user typed it.
_NOT_TYPED = re.compile(
    r"\s*<(command-name|command-message|command-args|local-command-stdout|local-command-stderr|local-command-caveat"
    r"|bash-input|bash-stdout|bash-stderr|task-notification|system-reminder|user-memory-input)>"
    r"|\s*\[Request interrupted by user"
)


def request_of(record: AssistantRecord, message: Answer, pair: tuple[str, str], owner: str, stamp: str) -> Request:
    """One line's message as a request; the model is the requested one, by which the client bills."""
    usage = usage_of(bytes(message.usage))
    created, server, details = usage.cache_creation, usage.server_tool_use, usage.output_tokens_details
    written = tokens(usage.cache_creation_input_tokens)
    hourly = min(written, tokens(created.ephemeral_1h_input_tokens if created else None))
    model = (record.requestedModel or message.model or "unknown").removesuffix("[1m]")
    return Request(
        key_of(AGENT_TYPE, *pair), owner, stamp, model,
        tokens(usage.input_tokens), tokens(usage.output_tokens), written, tokens(usage.cache_read_input_tokens),
        written - hourly, hourly, tokens(details.thinking_tokens if details else None),
        tokens(server.web_search_requests if server else None), usage.speed, usage.inference_geo or None,
        pair[0], pair[1] or None, None,
    )  # fmt: skip


def model_row(usage: ModelUsage) -> list[float]:
    """A cost state's figures for one model, in the order of `store.totals.COLUMNS`, then its USD."""
    return [
        tokens(usage.inputTokens), tokens(usage.outputTokens), tokens(usage.cacheCreationInputTokens),
        tokens(usage.cacheReadInputTokens), tokens(usage.cacheCreationEphemeral1hInputTokens),
        tokens(usage.thinkingTokens), tokens(usage.webSearchRequests), number(usage.costUSD),
    ]  # fmt: skip


def tokens(value: float | None) -> int:
    """A count as the API gives it; what cannot be one (negative, absurd, not a number) is 0."""
    return int(value) if value is not None and 0 <= value < MAX_TOKENS else 0


def number(value: float | None) -> float:
    return float(value) if value is not None and 0 <= value < 1e15 else 0.0


def typed_text(record: UserRecord, content: Any) -> str | None:
    """What a person typed, or None where the record is the client's own doing."""
    if record.isMeta or record.isCompactSummary or record.isVisibleInTranscriptOnly:
        return None
    if isinstance(content, list):
        content = "\n".join(b.text for b in content if b.type == "text" and b.text and not _NOT_TYPED.match(b.text))
    if not isinstance(content, str) or not content or content.isspace() or _NOT_TYPED.match(content):
        return None
    return content
