"""What the records of Claude Code tell beside usage: skills, commands and servers, subagents, compactions, API errors.

Verified with 2.1.328 and 2.1.331. Older clients write less of it; what no record tells is None.
"""

from __future__ import annotations

import re
from typing import Any

from claude_metrics.agents._json import load, text
from claude_metrics.agents._jsonl import open_regular
from claude_metrics.agents.claude.names import AGENT_TYPE
from claude_metrics.agents.claude.prompts import typed_text
from claude_metrics.agents.claude.records import AssistantRecord, OtherRecord, UserRecord
from claude_metrics.agents.claude.timeline import Timeline
from claude_metrics.agents.claude.usage import tokens
from claude_metrics.models import Batch, Request, Source, key_of
from claude_metrics.models.details import Agent, ApiError, Compaction

META_BYTES = 100_000
NAME = 200  # characters of a name
_TYPED_COMMAND = re.compile(
    r"\s*(?:<command-message>[^<]*</command-message>\s*)?<command-name>/?([^<\s]{1,200})</command-name>"
)
_SHAPE = re.compile(rb'"id":"([^"]{1,80})".{0,200}"shapeHash":"(\w{8,128})"')
_HEAD = 600  # both stand before the request's parameters
KEPT_SHAPES = 8
_ERROR_TYPE = re.compile(r'"error":\s*\{[^{}]*"type":\s*"(\w{1,60})"')


class Details(Timeline):
    """`command` is the slash command that was typed last, until another prompt was."""

    def __init__(self, source: Source, state: dict[str, Any]) -> None:
        super().__init__(source, state)
        self.command: str | None = state.get("command")
        self.agent_type_told: str | None = state.get("agent_type")
        # what was sent with the latest requests, by the name that their answers have of them
        self.shapes: dict[str, str] = state.get("shapes", {})

    def timeline_state(self) -> dict[str, Any]:
        told = {"command": self.command, "agent_type": self.agent_type_told, "shapes": dict(self.shapes)}
        return {**super().timeline_state(), **told}

    # -- requests ------------------------------------------------------------

    def see_sent(self, block: bytes, start: int, end: int) -> None:
        """A hash of the system prompt and the tools of a request that is about to be answered."""
        found = _SHAPE.search(block, start, min(end, start + _HEAD))
        if found:
            self.shapes[found[1].decode("utf-8", "replace")] = found[2].decode()[:16]
            if len(self.shapes) > KEPT_SHAPES:
                del self.shapes[next(iter(self.shapes))]

    def see_command(self, record: UserRecord, content: Any) -> None:
        """A command that makes requests has the mark of a typed prompt; the client's own commands have none."""
        if self.agent_of(record):
            return
        found = _TYPED_COMMAND.match(content) if isinstance(content, str) and not record.isMeta else None
        if found and record.turnOrigin:
            self.command = found[1]
        elif not found and typed_text(record, content) is not None:
            self.command = None

    def attributed(self, row: Request, record: AssistantRecord) -> Request:
        """The request with what caused it. A subagent's file does not name the command of the main thread."""
        if record.attributionAgent and row.agent_id:
            self.agent_type_told = record.attributionAgent[:NAME]
        return row._replace(
            effort=_name(record.effort),
            skill=_name(record.attributionSkill),
            slash_command=self.command if row.agent_id is None else None,
            mcp_server=_name(record.attributionMcpServer),
            mcp_tool=_name(record.attributionMcpTool),
            shape=self.shapes.get(record.requestRef or ""),
        )

    # -- compactions and errors ------------------------------------------------

    def system(self, record: OtherRecord, stamp: str | None) -> None:
        if self.copied or not stamp:
            return
        if record.subtype == "compact_boundary" and record.compactMetadata:
            self.compaction(record, stamp)
        elif record.subtype == "api_error":
            self.retried(record, stamp)

    def compaction(self, record: OtherRecord, stamp: str) -> None:
        told = record.compactMetadata
        row = Compaction(
            compaction_id=key_of(AGENT_TYPE, "compaction", record.uuid or stamp),
            session_id=self.file_session(record.sessionId),
            timestamp=stamp,
            trigger=_name(told.trigger) if told else None,
            tokens_before=_count(told.preTokens) if told else None,
            tokens_after=_count(told.postTokens) if told else None,
            duration_ms=_count(told.durationMs) if told else None,
            agent_id=self.agent_of(record),
        )
        self.batch.compactions.append(row)

    def retried(self, record: OtherRecord, stamp: str) -> None:
        """An error after which the client tries again."""
        error = load(bytes(record.error)) or {}
        kind = _ERROR_TYPE.search(str(error.get("message") or ""))
        status = error.get("status")
        row = ApiError(
            api_error_id=key_of(AGENT_TYPE, "api error", record.uuid or stamp),
            session_id=self.file_session(record.sessionId),
            timestamp=stamp,
            outcome="retried",
            status=_count(status) if isinstance(status, int) else None,
            error=kind[1] if kind else None,
            attempt=_count(record.retryAttempt),
            most_attempts=_count(record.maxRetries),
            wait_ms=_count(record.retryInMs),
            request_id=text(error.get("requestId")),
            agent_id=self.agent_of(record),
        )
        self.batch.api_errors.append(row)

    def failed(self, record: AssistantRecord, stamp: str | None) -> None:
        """An error that the user was shown in place of an answer."""
        if self.copied or not stamp or not record.isApiErrorMessage:
            return
        refused = record.message is not None and record.message.stop_reason == "refusal"
        row = ApiError(
            api_error_id=key_of(AGENT_TYPE, "api error", record.uuid or stamp),
            session_id=self.file_session(record.sessionId),
            timestamp=stamp,
            outcome="refused" if refused else "failed",
            status=_count(record.apiErrorStatus),
            error=_name(record.apiErrorType or record.error),
            request_id=record.requestId,
            agent_id=self.agent_of(record),
        )
        self.batch.api_errors.append(row)

    # -- subagents -------------------------------------------------------------

    def finish(self) -> Batch:
        batch = super().finish()
        row = self.subagent()
        if row is not None and row.session_id in batch.sessions:
            batch.agents.append(row)
        return batch

    def subagent(self) -> Agent | None:
        """What the file beside a subagent's transcript says of it; its lines alone name its type at most."""
        if self.source.agent_id is None:
            return None
        told = _meta(self.source)
        depth = told.get("spawnDepth")
        row = Agent(
            session_id=self.file_session(None),
            agent_id=self.source.agent_id,
            type=_name(told.get("agentType")) or self.agent_type_told,
            name=_name(told.get("name")),
            parent_agent_id=_name(told.get("parentAgentId")),
            depth=depth if isinstance(depth, int) and 0 <= depth < 1000 else None,
            team=_name(told.get("teamName")),
            model=_name(told.get("model")),
            tool_call_id=_name(told.get("toolUseId")),
        )
        return row if any(value is not None for value in row[2:]) else None


def _meta(source: Source) -> dict[str, Any]:
    try:
        with open_regular(source.path.with_suffix(".meta.json")) as file:
            return load(file.read(META_BYTES)) or {}
    except OSError:
        return {}


def _name(value: Any) -> str | None:
    return value[:NAME] if isinstance(value, str) and value else None


def _count(value: float | None) -> int | None:
    return None if value is None else tokens(value)
