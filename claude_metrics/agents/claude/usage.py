"""Usage as the client writes it, as rows: requests, the models of a cost state, what a person typed."""

from __future__ import annotations

import re
from typing import Any

from claude_metrics.agents.claude.records import Answer, AssistantRecord, ModelUsage, UserRecord, usage_of
from claude_metrics.models import TOTAL_FIELDS, Request, key_of

AGENT_TYPE = "claude_code"
MAX_TOKENS = 2**40
# Text that stands in a user record although no user typed it.
_NOT_TYPED = re.compile(
    r"\s*<(command-name|command-message|command-args|local-command-stdout|local-command-stderr|local-command-caveat"
    r"|bash-input|bash-stdout|bash-stderr|task-notification|system-reminder|user-memory-input)>"
    r"|\s*\[Request interrupted by user"
)


def request_of(
    record: AssistantRecord, message: Answer, pair: tuple[str, str], owner: str, stamp: str, agent_id: str | None
) -> Request:
    """One line's message as a request; the model is the requested one, by which the client bills."""
    usage = usage_of(bytes(message.usage))
    created, server, details = usage.cache_creation, usage.server_tool_use, usage.output_tokens_details
    written = tokens(usage.cache_creation_input_tokens)
    hourly = min(written, tokens(created.ephemeral_1h_input_tokens if created else None))
    return Request(
        id=key_of(AGENT_TYPE, *pair),
        session_id=owner,
        timestamp=stamp,
        model=(record.requestedModel or message.model or "unknown").removesuffix("[1m]"),
        input_tokens=tokens(usage.input_tokens),
        output_tokens=tokens(usage.output_tokens),
        cache_creation_tokens=written,
        cache_read_tokens=tokens(usage.cache_read_input_tokens),
        cache_creation_5m_tokens=written - hourly,
        cache_creation_1h_tokens=hourly,
        reasoning_tokens=tokens(details.thinking_tokens if details else None),
        web_search_requests=tokens(server.web_search_requests if server else None),
        speed=usage.speed,
        inference_geo=usage.inference_geo or None,
        message_id=pair[0],
        request_id=pair[1] or None,
        agent_id=agent_id,
    )


# The column of a request that each count of a cost state is.
_TOTALS = {
    "input_tokens": "inputTokens",
    "output_tokens": "outputTokens",
    "cache_creation_tokens": "cacheCreationInputTokens",
    "cache_read_tokens": "cacheReadInputTokens",
    "cache_creation_1h_tokens": "cacheCreationEphemeral1hInputTokens",
    "reasoning_tokens": "thinkingTokens",
    "web_search_requests": "webSearchRequests",
}


def model_totals(usage: ModelUsage) -> list[float]:
    """A cost state's figures for one model, in the order of `TOTAL_FIELDS`, then its USD."""
    return [*(tokens(getattr(usage, _TOTALS[name])) for name in TOTAL_FIELDS), number(usage.costUSD)]


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
