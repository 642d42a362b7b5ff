"""The records of a Claude Code transcript, typed: only the fields that are used are decoded.

A record whose fields have other types than the client writes is read again leniently: wrong fields are dropped,
the rest of the record counts.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec
from msgspec import Raw, Struct

from claude_metrics.agents._json import load

Count = int | float | None


class CacheCreation(Struct):
    ephemeral_1h_input_tokens: Count = None
    ephemeral_5m_input_tokens: Count = None


class ServerToolUse(Struct):
    web_search_requests: Count = None


class OutputDetails(Struct):
    thinking_tokens: Count = None


class Iteration(Struct):
    """One pass of a request; an advisor's has a model of its own."""

    type: str | None = None
    model: str | None = None
    input_tokens: Count = None
    output_tokens: Count = None
    cache_creation_input_tokens: Count = None
    cache_read_input_tokens: Count = None
    cache_creation: CacheCreation | None = None
    server_tool_use: ServerToolUse | None = None
    output_tokens_details: OutputDetails | None = None
    speed: str | None = None
    inference_geo: str | None = None


class Usage(Struct):
    input_tokens: Count = None
    output_tokens: Count = None
    cache_creation_input_tokens: Count = None
    cache_read_input_tokens: Count = None
    cache_creation: CacheCreation | None = None
    server_tool_use: ServerToolUse | None = None
    output_tokens_details: OutputDetails | None = None
    speed: str | None = None
    inference_geo: str | None = None
    iterations: list[Iteration] | None = None


class Block(Struct):
    """A content block of an answer: text, thinking, tool_use, or the result of a tool that the API ran itself."""

    type: str = ""
    id: str | None = None
    name: str | None = None
    input: Raw = Raw()
    text: Raw = Raw()
    thinking: Raw = Raw()
    tool_use_id: str | None = None
    is_error: bool | None = None
    content: Raw = Raw()


class Answer(Struct):
    """`usage` stays raw: every line of a message repeats it, so it is decoded once."""

    id: str | None = None
    model: str | None = None
    stop_reason: str | None = None
    usage: Raw = Raw()
    content: list[Block] | str | None = None


class ResultBlock(Struct):
    """A content block of a user record: text, or a tool's result."""

    type: str = ""
    tool_use_id: str | None = None
    is_error: bool | None = None
    content: Raw = Raw()
    text: str | None = None


class UserMessage(Struct):
    content: list[ResultBlock] | str | None = None


class Common(Struct):
    type: str = ""
    uuid: str | None = None
    parentUuid: str | None = None
    timestamp: str | None = None
    sessionId: str | None = None
    agentId: str | None = None
    isSidechain: bool | None = None
    cwd: str | None = None
    version: str | None = None
    gitBranch: str | None = None
    entrypoint: str | None = None
    sessionKind: str | None = None


class AssistantRecord(Common):
    message: Answer | None = None
    requestId: str | None = None
    requestedModel: str | None = None
    requestSessionId: str | None = None
    requestRef: str | None = None
    effort: str | None = None
    attributionSkill: str | None = None
    attributionMcpServer: str | None = None
    attributionMcpTool: str | None = None
    attributionAgent: str | None = None
    isApiErrorMessage: bool | None = None
    apiErrorStatus: Count = None
    apiErrorType: str | None = None
    error: str | None = None
    forkedFrom: dict[str, Any] | None = None


class UserRecord(Common):
    message: UserMessage | None = None
    toolUseResult: Raw = Raw()
    toolDenialKind: str | None = None
    permissionMode: str | None = None
    isMeta: bool | None = None
    isCompactSummary: bool | None = None
    isVisibleInTranscriptOnly: bool | None = None
    promptId: str | None = None
    turnOrigin: str | None = None
    turnPosition: dict[str, Any] | None = None
    origin: dict[str, Any] | None = None


class ModelUsage(Struct):
    inputTokens: Count = None
    outputTokens: Count = None
    cacheReadInputTokens: Count = None
    cacheCreationInputTokens: Count = None
    cacheCreationEphemeral1hInputTokens: Count = None
    thinkingTokens: Count = None
    webSearchRequests: Count = None
    costUSD: Count = None


class WorktreeSession(Struct):
    """Where a session was started that the client put into a git worktree of its own."""

    originalCwd: str | None = None
    worktreeName: str | None = None


class CompactMetadata(Struct):
    trigger: str | None = None
    preTokens: Count = None
    postTokens: Count = None
    durationMs: Count = None


class OtherRecord(Common):
    """Everything else: titles, modes, cost states, system records; unknown types too."""

    subtype: str | None = None
    leafUuid: str | None = None
    customTitle: str | None = None
    aiTitle: str | None = None
    summary: str | None = None
    permissionMode: str | None = None
    totalCostUSD: Count = None
    totalAPIDuration: Count = None
    totalDuration: Count = None
    totalLinesAdded: Count = None
    totalLinesRemoved: Count = None
    startTime: Count = None
    modelUsage: dict[str, ModelUsage] | None = None
    worktreeSession: WorktreeSession | None = None
    compactMetadata: CompactMetadata | None = None
    error: Raw = Raw()
    retryAttempt: Count = None
    maxRetries: Count = None
    retryInMs: Count = None


Record = AssistantRecord | UserRecord | OtherRecord
_DECODERS: dict[str, msgspec.json.Decoder[Any]] = {
    "assistant": msgspec.json.Decoder(AssistantRecord),
    "user": msgspec.json.Decoder(UserRecord),
    "other": msgspec.json.Decoder(OtherRecord),
}

_USAGE = msgspec.json.Decoder(Usage)

# What the client writes for itself: bulky, and nothing in it is ours. The key stands near the record's beginning.
_BULKY = (b'{"type":"api-request', b'{"type":"file-history-')
_ATTACHMENT = b'"attachment":{"type":"'
_HEAD = 200
_PARENT, _UUID = b'"parentUuid":"', b'"uuid":"'


def is_bulky(block: bytes, start: int, end: int) -> bool:
    """True for context attachments and request copies, which are most of what is not conversation."""
    head = min(end, start + _HEAD)
    return block.find(_ATTACHMENT, start, head) >= 0 or block.startswith(_BULKY, start)


def is_own(block: bytes, start: int) -> bool:
    """True for a bulky record that a fork never copies."""
    return block.startswith(_BULKY[0], start)


def timestamp_of(block: bytes, start: int, end: int) -> str | None:
    """The record's own time, found without decoding it: the last `timestamp` in the line is the outermost one."""
    at = block.rfind(b'"timestamp":"', start, end)
    stamp = block[at + 13 : at + 37]
    return stamp.decode() if at >= 0 and stamp[-1:] == b"Z" and stamp.isascii() else None


def chained(block: bytes, start: int, end: int) -> tuple[str | None, str | None]:
    """The uuid of a context attachment and that of the record before it, found without decoding."""
    parent = _text_at(block, block.find(_PARENT, start, min(end, start + _HEAD)) + len(_PARENT))
    return _text_at(block, block.rfind(_UUID, start, end) + len(_UUID)), parent


def _text_at(block: bytes, begin: int) -> str | None:
    text = block[begin : begin + 36]
    return text.decode() if text.isascii() and text[8:9] == text[23:24] == b"-" else None


def decode(block: bytes, start: int, end: int) -> Record | None:
    """One record, or None for what is no JSON object. The type is guessed from the bytes, then checked."""
    kind = "user" if block.find(b'"type":"user"', start, min(end, start + _HEAD)) >= 0 else "other"
    if kind == "other" and block.find(b'"type":"assistant"', start, end) >= 0:
        kind = "assistant"
    try:
        line = memoryview(block)[start:end]
        record: Record = _DECODERS[kind].decode(line)
        right = record.type if record.type in ("user", "assistant") else "other"
        return record if right == kind else _DECODERS[right].decode(line)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return _lenient(block[start:end])


def usage_of(raw: bytes) -> Usage:
    try:
        return _USAGE.decode(raw)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return _convert(load(raw) or {}, Usage)  # type: ignore[no-any-return]


def _lenient(line: bytes) -> Record | None:
    value = load(line)
    if value is None:
        return None
    kind = value.get("type")
    shape = {"assistant": AssistantRecord, "user": UserRecord}.get(kind if isinstance(kind, str) else "", OtherRecord)
    return _convert(value, shape)  # type: ignore[no-any-return]


def _convert(value: Any, shape: Any) -> Any:
    """`value` as `shape`, without the fields that do not fit."""
    fitting = {}
    for field in msgspec.structs.fields(shape):
        if field.name in value:
            try:
                fitting[field.name] = _field(value[field.name], field.type)
            except (msgspec.MsgspecError, ValueError, TypeError, RecursionError):
                continue
    return shape(**fitting)


def _field(value: Any, kind: Any) -> Any:
    if kind is Raw:
        return Raw(json.dumps(value).encode())
    for struct in (Answer, UserMessage, CacheCreation, ServerToolUse, OutputDetails, WorktreeSession, CompactMetadata):
        if isinstance(value, dict) and kind == struct | None:
            return _convert(value, struct)
    for block in (Block, ResultBlock, Iteration):
        if isinstance(value, list) and kind in (list[block] | str | None, list[block] | None):  # type: ignore[valid-type]
            return [_convert(item, block) for item in value if isinstance(item, dict)]
    if kind == dict[str, ModelUsage] | None and isinstance(value, dict):
        return {str(k): _convert(v, ModelUsage) for k, v in value.items() if isinstance(v, dict)}
    return msgspec.convert(value, kind)
