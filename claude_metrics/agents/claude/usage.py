"""Usage as the client writes it, as rows: requests and the models of a cost state."""

from __future__ import annotations

from collections.abc import Iterator

from claude_metrics.agents.claude.names import AGENT_TYPE
from claude_metrics.agents.claude.records import (
    Answer,
    AssistantRecord,
    Iteration,
    ModelUsage,
    Usage,
    usage_of,
)
from claude_metrics.models import TOTAL_FIELDS, Request, key_of
from claude_metrics.pricing import names_a_model

MAX_TOKENS = 2**40


def request_of(
    record: AssistantRecord, message: Answer, pair: tuple[str, str], owner: str, stamp: str, agent_id: str | None
) -> Request:
    """One line's message as a request; the model is the requested one, by which the client bills."""
    row = _request(usage_of(bytes(message.usage)), key_of(AGENT_TYPE, *pair), model_of(record, message))
    return _made_by(row, pair, owner, stamp, agent_id)


def advisors_of(
    message: Answer, pair: tuple[str, str], owner: str, stamp: str, agent_id: str | None
) -> Iterator[Request]:
    """What advisors answered within the request: billed at their own model, and not in the request's own usage.

    Source: `usage.iterations` of type `advisor_message`, seen in 2.1.278
    (https://github.com/getagentseal/codeburn/issues/659).
    """
    if b"advisor_message" not in bytes(message.usage):
        return
    parts = (part for part in usage_of(bytes(message.usage)).iterations or () if part.type == "advisor_message")
    for number, part in enumerate(parts):
        row = _request(part, key_of(AGENT_TYPE, *pair, f"advisor {number}"), part.model or "unknown")
        yield _made_by(row, pair, owner, stamp, agent_id)


def model_of(record: AssistantRecord, message: Answer) -> str:
    """The requested model, unless that is an ARN that names none.

    Bedrock's inference profiles: https://github.com/anthropics/claude-code/issues/27890.
    """
    requested = record.requestedModel
    model = requested if requested and names_a_model(requested) else message.model or requested
    return (model or "unknown").removesuffix("[1m]")


def _made_by(row: Request, pair: tuple[str, str], owner: str, stamp: str, agent_id: str | None) -> Request:
    return row._replace(
        session_id=owner, timestamp=stamp, message_id=pair[0], request_id=pair[1] or None, agent_id=agent_id
    )


def _request(usage: Usage | Iteration, key: int, model: str) -> Request:
    """Cache writes are told as a sum, in parts by their lifetime, or both: the larger figure was written."""
    created, server, details = usage.cache_creation, usage.server_tool_use, usage.output_tokens_details
    hourly = tokens(created.ephemeral_1h_input_tokens if created else None)
    brief = tokens(created.ephemeral_5m_input_tokens if created else None)
    written = max(tokens(usage.cache_creation_input_tokens), hourly + brief)
    return Request(
        id=key,
        session_id="",
        timestamp="",
        model=model,
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
        message_id="",
        request_id=None,
        agent_id=None,
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
