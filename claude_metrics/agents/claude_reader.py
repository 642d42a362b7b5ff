"""Fold the records of one Claude Code transcript into rows.

One API message is several lines with one (`message.id`, `requestId`) and the same usage: it counts once. Lines that a
fork copied belong to the session that made the request: since 2.1.328 it is named (`requestSessionId`), for older
clients the store finds it. See the records in `claude_records`.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from claude_metrics import clock
from claude_metrics.agents.claude_records import (
    Answer,
    AssistantRecord,
    Block,
    OtherRecord,
    Record,
    ResultBlock,
    Usage,
    UserRecord,
    decode,
    is_bulky,
    text_bytes,
    text_of,
    timestamp_of,
)
from claude_metrics.agents.claude_tools import describe, is_git, patch_lines
from claude_metrics.models import (
    Batch,
    Copy,
    CostState,
    GitCommand,
    Prompt,
    Request,
    Response,
    SessionFacts,
    Source,
    ToolCall,
    key_of,
    merged,
)
from claude_metrics.names import session_name

AGENT = "claude_code"
MAX_TOKENS = 2**40
OPEN_CALLS = 500
# Text that stands in a user record although no user typed it.
_NOT_TYPED = re.compile(
    r"\s*<(command-name|command-message|command-args|local-command-stdout|local-command-stderr|local-command-caveat"
    r"|bash-input|bash-stdout|bash-stderr|task-notification|system-reminder|user-memory-input)>"
    r"|\s*\[Request interrupted by user"
)
# Records of the session's own process: a fork never copies them.
_OWN = ("queue-operation", "api-request")
_UNKNOWN_OK = frozenset(
    "attachment api-request api-request-shape api-request-blob queue-operation agent-name last-prompt mode system"
    " permission-mode tools-used atis-latch file-history-snapshot file-history-delta cost-state ai-title custom-title"
    " summary progress".split()
)


class Reader:
    """The fold: records in, a `Batch` out. `state` is what the next piece of the same file needs to know."""

    def __init__(self, source: Source, state: dict[str, Any]) -> None:
        self.source, self.state = source, state
        self.batch = Batch(source)
        self.requests: dict[tuple[str, str], Request] = {}
        self.tool_calls: dict[str, ToolCall] = {}
        self.placeholder: list[Any] = state.get("placeholder", ["", 0])
        self.calls: dict[str, list[Any]] = state.get("calls", {})
        self.waiting: list[Prompt] = [Prompt(*row) for row in state.get("waiting", [])]
        self.copied: bool = state.get("copied", False)
        self.last: str | None = state.get("last")
        self.batch.since = self.last
        self.home: str | None = session_name(source.session_id) if source.session_id else state.get("home")
        self.answer: tuple[str, str, Any] | None = None

    # -- one line ------------------------------------------------------------

    def line(self, line: bytes) -> None:
        if is_bulky(line):
            self.bulky(line)
            return
        record = decode(line) if line else None
        if record is None:
            self.batch.bad_lines += bool(line.strip())
            return
        self.record(record)

    def bulky(self, line: bytes) -> None:
        own = line.startswith(b'{"type":"api-request"')
        stamp = clock.normal(timestamp_of(line)) if own or not self.copied else None
        if stamp and b'"attachment"' in line[:160]:
            self.seen(self.session_id(None), stamp)
        elif stamp and own:
            self.opened(self.session_id(None), stamp)

    def record(self, record: Record) -> None:
        stamp = clock.normal(record.timestamp)
        if isinstance(record, AssistantRecord):
            self.assistant(record, stamp)
        elif isinstance(record, UserRecord):
            self.user(record, stamp)
        else:
            self.other(record, stamp)

    def session_id(self, named: str | None) -> str:
        """The file's session; agent files of old clients name it only in their lines."""
        if self.home is None and named:
            self.home = session_name(named)
        return self.home or session_name(self.source.path.stem)

    def facts(self, session_id: str) -> SessionFacts:
        found = self.batch.sessions.get(session_id)
        if found is None:
            found = self.batch.sessions[session_id] = SessionFacts(session_id, AGENT)
        return found

    def seen(self, session_id: str, stamp: str | None, record: Record | None = None) -> None:
        """Widen the session's time, and note where it works."""
        facts = self.facts(session_id)
        if stamp and self.source.agent_id is None:
            if facts.first_record_at is None or stamp < facts.first_record_at:
                facts.first_record_at = stamp
            if facts.last_record_at is None or stamp > facts.last_record_at:
                facts.last_record_at = stamp
        if stamp and (self.last is None or stamp > self.last):
            self.last = stamp
        if record is not None and record.agentId is None:
            facts.project_path = facts.project_path or record.cwd
            facts.git_branch = record.gitBranch or facts.git_branch
            facts.agent_version = record.version or facts.agent_version
        if record is not None and record.cwd and record.cwd not in self.batch.cwds:
            self.batch.cwds.append(record.cwd)

    def opened(self, session_id: str, stamp: str) -> None:
        facts = self.facts(session_id)
        facts.opened_at = min(facts.opened_at or stamp, stamp)
        self.seen(session_id, stamp)

    # -- answers -------------------------------------------------------------

    def assistant(self, record: AssistantRecord, stamp: str | None) -> None:
        message = record.message
        if message is None or message.model == "<synthetic>" or message.usage is None:
            self.own_record(record, stamp)
            return
        here = self.session_id(record.sessionId)
        owner = session_name(record.requestSessionId) if record.requestSessionId else here
        if owner != here:
            self.copied_from(owner, here)
        else:
            self.copied = False
            self.flush_waiting(None, here)
        stamp = stamp or self.last or clock.from_seconds(self.source.mtime_ns / 1e9)
        key = self.request(record, message, owner, here, stamp)
        self.seen(owner, stamp, record)
        agent_id = self.agent_of(record)
        for block in message.content if isinstance(message.content, list) else ():
            self.block(block, record, owner, stamp, agent_id, key)

    def own_record(self, record: Record, stamp: str | None) -> None:
        if not self.copied:
            self.seen(self.session_id(record.sessionId), stamp, record)

    def agent_of(self, record: Record) -> str | None:
        return record.agentId or self.source.agent_id or ("sidechain" if record.isSidechain else None)

    def copied_from(self, owner: str, here: str) -> None:
        """All that a fork's file held up to here is its parent's; the fork's own time begins later."""
        facts = self.facts(here)
        if not self.copied:
            facts.first_record_at = facts.opened_at
            facts.last_record_at = facts.opened_at
        facts.parent_session_id = owner
        self.copied = True
        self.answer = None
        self.flush_waiting(owner, here)

    def flush_waiting(self, owner: str | None, here: str) -> None:
        """Prompts wait for the answer behind them: a copied answer says that they are copies too."""
        for prompt in self.waiting:
            if owner:
                self.batch.prompts.append(prompt._replace(session_id=owner, owner_known=1))
                self.batch.copies.append(Copy(prompt.prompt_id, here))
                self.seen(owner, prompt.started_at)
        self.waiting.clear()

    def request(self, record: AssistantRecord, message: Answer, owner: str, here: str, stamp: str) -> int:
        pair = (message.id or record.uuid or "", record.requestId or "")
        known = self.requests.get(pair)
        fresh = _request(record, message, pair, owner, stamp, self.agent_of(record))
        if owner != here:
            fresh = fresh._replace(owner_known=1)
            if known is None:
                self.batch.copies.append(Copy(fresh.id, here))
        if message.stop_reason is None and fresh.output_tokens <= 1:
            fresh = fresh._replace(understated_tokens=self.understated(fresh, message))
        self.requests[pair] = fresh if known is None else merged(known, fresh)
        return fresh.id

    def understated(self, request: Request, message: Answer) -> int:
        """Clients up to 2.0.64 wrote message_start's usage: estimate what is missing, four characters a token."""
        blocks = message.content if isinstance(message.content, list) else []
        size = sum(max(0, len(bytes(raw)) - 2) for b in blocks for raw in (b.text, b.thinking, b.input))
        if self.placeholder[0] != request.id:
            self.placeholder = [request.id, 0]
        self.placeholder[1] += size
        return max(0, self.placeholder[1] // 4 - request.output_tokens)

    def block(
        self, block: Block, record: AssistantRecord, owner: str, stamp: str, agent_id: str | None, key: int
    ) -> None:
        if block.type == "text":
            if agent_id is None:
                self.answer = (owner, stamp, block.text)
        elif block.type in ("tool_use", "server_tool_use") and block.id:
            name = block.name or ""
            what = describe(block.input)
            git = is_git(name, what.command)
            command = [record.cwd or "", (what.command or "")[:4000]] if git else None
            if len(self.calls) < OPEN_CALLS:
                self.calls[block.id] = [stamp, owner, command]
            self.tool_call(
                ToolCall(
                    block.id, owner, stamp, name, what.summary, len(bytes(block.input)), None, None, None, what.file_path,
                    agent_id, key,
                )
            )  # fmt: skip
            if command:
                self.git(block.id, owner, command, stamp, None, "")

    def tool_call(self, row: ToolCall) -> None:
        known = self.tool_calls.get(row.tool_call_id)
        if known is not None:
            row = ToolCall(*[old if new is None else new for old, new in zip(known, row, strict=True)])
        self.tool_calls[row.tool_call_id] = row

    def git(self, call: str, session: str, command: list[str], start: str, end: str | None, output: str) -> None:
        self.batch.git_commands.append(GitCommand(session, call, command[0], command[1], start, end, output))

    # -- users ---------------------------------------------------------------

    def user(self, record: UserRecord, stamp: str | None) -> None:
        content = record.message.content if record.message else None
        results = [b for b in content if b.type == "tool_result"] if isinstance(content, list) else []
        here = self.session_id(record.sessionId)
        for block in results:
            self.result(block, record, stamp, here)
        if not results:
            self.prompt(record, content, stamp, here)
        elif not self.copied:
            self.seen(here, stamp, record)
        if record.permissionMode:
            self.facts(here).permission_mode = record.permissionMode

    def result(self, block: ResultBlock, record: UserRecord, stamp: str | None, here: str) -> None:
        if not block.tool_use_id:
            return
        began, owner, command = self.calls.pop(block.tool_use_id, (None, here, None))
        added, removed = patch_lines(record.toolUseResult)
        self.tool_call(
            ToolCall(
                block.tool_use_id, owner, None, None, None, None, text_bytes(block.content), int(not block.is_error),
                clock.between_ms(began, stamp) if began and stamp else None, None, None, None, stamp, added, removed,
                int(record.toolDenialKind is not None) or None,
            )
        )  # fmt: skip
        if command and stamp:
            self.git(block.tool_use_id, owner, command, began, stamp, text_of(block.content)[:4000])

    def prompt(self, record: UserRecord, content: Any, stamp: str | None, here: str) -> None:
        text = typed_text(record, content)
        if text is None or not stamp or self.agent_of(record):
            if self.agent_of(record) or not text:
                self.own_record(record, stamp)
            return
        self.copied = False
        self.flush_answer()
        prompt = Prompt(key_of(AGENT, "prompt", record.uuid or stamp), here, stamp, text, len(text) // 4)
        self.batch.prompts.append(prompt)
        self.waiting.append(prompt)
        self.seen(here, stamp, record)

    def flush_answer(self) -> None:
        if self.answer is not None:
            session, stamp, raw = self.answer
            text = text_of(raw)
            self.batch.responses.append(Response(session, stamp, text[:10_000], len(text) // 4))
            self.answer = None

    # -- the rest ------------------------------------------------------------

    def other(self, record: OtherRecord, stamp: str | None) -> None:
        here = self.session_id(record.sessionId)
        if record.type == "cost-state":
            self.cost_state(record, here)
        elif record.type in _OWN and stamp:
            self.opened(here, stamp)
        elif record.type == "custom-title" and record.customTitle:
            self.facts(here).title = record.customTitle
            self.state["named"] = True
        elif record.type == "ai-title" and record.aiTitle and not self.state.get("named"):
            self.facts(here).title = record.aiTitle
        elif record.type == "summary" and record.summary:
            self.facts(here).summary = record.summary
        else:
            self.plain(record, stamp)

    def plain(self, record: OtherRecord, stamp: str | None) -> None:
        if record.type == "mode":
            self.copied = False
        elif record.type not in _UNKNOWN_OK:
            self.batch.unknown[record.type[:64]] = self.batch.unknown.get(record.type[:64], 0) + 1
        if stamp:
            self.own_record(record, stamp)

    def cost_state(self, record: OtherRecord, here: str) -> None:
        total = _number(record.totalCostUSD)
        self.copied = False
        models = {name.removesuffix("[1m]"): model_row(usage) for name, usage in (record.modelUsage or {}).items()}
        text = msgspec.json.encode(models).decode()
        as_of = self.last or clock.from_seconds(_number(record.startTime) / 1000)
        state = (
            clock.from_seconds(_number(record.startTime) / 1000), total, int(_number(record.totalDuration)),
            int(_number(record.totalAPIDuration)), int(_number(record.totalLinesAdded)),
            int(_number(record.totalLinesRemoved)), text,
        )  # fmt: skip
        self.batch.cost_states.append(CostState(key_of(AGENT, here, repr(state)), here, as_of, *state))
        self.facts(here).ended_at = as_of

    # -- the end of a piece --------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        """The state after the last whole line, as plain JSON."""
        waiting = [list(prompt._replace(prompt=None)) for prompt in self.waiting]
        return {
            **self.state, "calls": dict(self.calls), "waiting": waiting, "copied": self.copied, "last": self.last,
            "placeholder": list(self.placeholder), "home": self.home,
        }  # fmt: skip

    def finish(self) -> Batch:
        self.flush_answer()
        self.batch.requests = list(self.requests.values())
        self.batch.tool_calls = list(self.tool_calls.values())
        return self.batch


def typed_text(record: UserRecord, content: Any) -> str | None:
    """What a person typed, or None where the record is the client's own doing."""
    if record.isMeta or record.isCompactSummary or record.isVisibleInTranscriptOnly:
        return None
    if isinstance(content, list):
        content = "\n".join(b.text for b in content if b.type == "text" and b.text and not _NOT_TYPED.match(b.text))
    if not isinstance(content, str) or not content.strip() or _NOT_TYPED.match(content):
        return None
    return content


def model_row(usage: Any) -> list[float]:
    """A cost state's figures for one model, in the order of `store.settle.COLUMNS`, then its USD."""
    return [
        tokens(usage.inputTokens), tokens(usage.outputTokens), tokens(usage.cacheCreationInputTokens),
        tokens(usage.cacheReadInputTokens), tokens(usage.cacheCreationEphemeral1hInputTokens),
        tokens(usage.thinkingTokens), tokens(usage.webSearchRequests), _number(usage.costUSD),
    ]  # fmt: skip


def tokens(value: float | None) -> int:
    """A count as the API gives it; what cannot be one (negative, absurd, not a number) is 0."""
    return int(value) if value is not None and 0 <= value < MAX_TOKENS else 0


def _number(value: float | None) -> float:
    return float(value) if value is not None and abs(value) < 1e15 else 0.0


def _request(
    record: AssistantRecord, message: Answer, pair: tuple[str, str], owner: str, stamp: str, agent_id: str | None
) -> Request:
    usage = message.usage or Usage()
    created = usage.cache_creation
    written, hourly = tokens(usage.cache_creation_input_tokens), tokens(created and created.ephemeral_1h_input_tokens)
    hourly = min(hourly, written)
    server, details = usage.server_tool_use, usage.output_tokens_details
    return Request(
        key_of(AGENT, *pair), owner, stamp, (record.requestedModel or message.model or "unknown").removesuffix("[1m]"),
        tokens(usage.input_tokens), tokens(usage.output_tokens), written, tokens(usage.cache_read_input_tokens),
        written - hourly, hourly, tokens(details and details.thinking_tokens), tokens(server and server.web_search_requests),
        usage.speed, usage.inference_geo or None, pair[0], pair[1] or None, agent_id,
    )  # fmt: skip
