"""Fold the records of one Claude Code transcript into rows.

One API message is several lines with one (`message.id`, `requestId`) and the same usage: it counts once. Lines that a
fork copied belong to the session that made the request: since 2.1.328 it is named (`requestSessionId`), for older
clients the store finds it. See the records in `records`.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

import msgspec

from claude_metrics import clock
from claude_metrics.activity.verification import check_of
from claude_metrics.agents.claude import observe as claude_observe
from claude_metrics.agents.claude.records import (
    Answer,
    AssistantRecord,
    Block,
    OtherRecord,
    ResultBlock,
    UserRecord,
    decode,
    is_bulky,
    is_own,
    size_of,
    text_of,
    timestamp_of,
)
from claude_metrics.agents.claude.timeline import Timeline
from claude_metrics.agents.claude.tools import EDITS, Patch, category_of, describe, is_git, patch_of, subject_of
from claude_metrics.agents.claude.usage import AGENT_TYPE, model_row, number, request_of, typed_text
from claude_metrics.models import (
    Batch,
    Copy,
    CostState,
    GitCommand,
    Prompt,
    Request,
    Response,
    Source,
    ToolCall,
    key_of,
    merged,
)
from claude_metrics.text import session_name

OPEN_CALLS = 500
MAX_KEY = 2**63
TEXT = 4000
PROMPT = RESPONSE = 10_000
_NO_PATCH = Patch()
# Records of the session's own process: a fork never copies them.
_OWN = ("queue-operation", "api-request")
_KNOWN = frozenset(
    (
        *("attachment", "api-request", "api-request-shape", "api-request-blob", "queue-operation", "agent-name"),
        *("last-prompt", "mode", "system", "permission-mode", "tools-used", "atis-latch", "file-history-snapshot"),
        *("file-history-delta", "cost-state", "ai-title", "custom-title", "summary", "progress"),
    )
)


class Reader(Timeline):
    """The fold: records in, a `Batch` out. `state` is what the next piece of the same file needs to know."""

    def __init__(self, source: Source, state: dict[str, Any]) -> None:
        super().__init__(source, state)
        self.requests: dict[tuple[str, str], Request] = {}
        self.usages: dict[tuple[str, str], bytes] = {}
        self.tool_calls: dict[str, ToolCall] = {}
        self.placeholder: list[Any] = state.get("placeholder") or ["", 0]
        self.calls: dict[str, list[Any]] = state.get("calls", {})
        self.waiting: list[Prompt] = [Prompt(*row) for row in state.get("waiting", [])]
        self.asked: list[Any] = state.get("asked", [])
        self.answer: tuple[str, str, Any] | None = None

    # -- one line ------------------------------------------------------------

    def line(self, block: bytes, start: int, end: int) -> None:
        if is_bulky(block, start, end):
            self.bulky(block, start, end)
            return
        record = decode(block, start, end)
        if record is None:
            self.batch.bad_lines += bool(block[start:end].strip())
            return
        stamp = clock.normal(record.timestamp)
        if not self.headed:
            self.read_head(record, stamp)
        if isinstance(record, AssistantRecord):
            self.assistant(record, stamp)
        elif isinstance(record, UserRecord):
            self.user(record, stamp)
        else:
            self.other(record, stamp)

    def bulky(self, block: bytes, start: int, end: int) -> None:
        """Of a record that is not decoded only its time is used."""
        own = is_own(block, start)
        wanted = own or not self.copied or not self.headed
        stamp = clock.normal(timestamp_of(block, start, end)) if wanted else None
        if stamp and not self.headed:
            self.head = max(self.head or stamp, stamp)
        if stamp and (own or not self.copied) and not block.startswith(b'{"type":"file-history', start):
            self.seen(self.session_id(None), stamp)

    # -- answers -------------------------------------------------------------

    def assistant(self, record: AssistantRecord, stamp: str | None) -> None:
        message = record.message
        if message is None or message.model == "<synthetic>" or not message.usage:
            self.seen_own(record, stamp)
            return
        here = self.session_id(record.sessionId)
        owner = session_name(record.requestSessionId) if record.requestSessionId else here
        if owner != here:
            self.copied_from(owner, here)
        else:
            self.copied = False
            self.waiting.clear()
        stamp = stamp or self.last or clock.from_seconds(self.source.mtime_ns / 1e9)
        agent_id = self.agent_of(record)
        key = self.request(record, message, owner, here, stamp, agent_id)
        self.seen(owner, stamp, record)
        if isinstance(message.content, list):
            for block in message.content:
                self.block(block, record, owner, stamp, agent_id, key)

    def copied_from(self, owner: str, here: str) -> None:
        """Prompts wait for the answer behind them: a copied answer says that they are copies too."""
        self.fork_of(owner, here)
        self.answer = None
        for prompt in self.waiting:
            self.batch.prompts.append(prompt._replace(session_id=owner, owner_known=1))
            self.batch.copies.append(Copy(prompt.prompt_id, here))
            self.seen(owner, prompt.started_at)
        self.waiting.clear()

    def request(
        self, record: AssistantRecord, message: Answer, owner: str, here: str, stamp: str, agent_id: str | None
    ) -> int:
        pair = (message.id or record.uuid or "", record.requestId or "")
        known = self.requests.get(pair)
        usage = bytes(message.usage)
        if known is not None and usage == self.usages[pair] and message.stop_reason is not None:
            return known.id
        fresh = request_of(record, message, pair, owner, stamp)._replace(agent_id=agent_id)
        if owner != here:
            fresh = fresh._replace(owner_known=1)
            if known is None:
                self.batch.copies.append(Copy(fresh.id, here))
        if message.stop_reason is None and fresh.output_tokens <= 1:
            fresh = fresh._replace(understated_tokens=self.understated(fresh, message))
        self.requests[pair] = fresh if known is None else merged(known, fresh)
        self.usages[pair] = usage
        return int(fresh.id)

    def understated(self, request: Request, message: Answer) -> int:
        """Clients up to 2.0.64 wrote message_start's usage: estimate what is missing, four characters a token."""
        blocks = message.content if isinstance(message.content, list) else []
        size = sum(max(0, size_of(raw) - 2) for b in blocks for raw in (b.text, b.thinking, b.input))
        if self.placeholder[0] != request.id:
            self.placeholder = [request.id, 0]
        self.placeholder[1] += size
        return max(0, int(self.placeholder[1]) // 4 - request.output_tokens)

    def block(
        self, block: Block, record: AssistantRecord, owner: str, stamp: str, agent_id: str | None, key: int
    ) -> None:
        if block.type == "text":
            if agent_id is None:
                self.answer = (owner, stamp, block.text)
        elif block.type in ("tool_use", "server_tool_use") and block.id:
            self.call(block, block.id, record.cwd, owner, stamp, agent_id, key)

    # -- tools ---------------------------------------------------------------

    def call(
        self, block: Block, call_id: str, cwd: str | None, owner: str, stamp: str, agent_id: str | None, key: int
    ) -> None:
        name, what = block.name or "", describe(block.input)
        command = [cwd or "", (what.command or "")[:TEXT]] if is_git(name, what.command) else None
        category = category_of(name)
        check = check_of(what.command) if category == "shell" and what.command else None
        if len(self.calls) < OPEN_CALLS:
            self.calls[call_id] = [stamp, owner, command, name, check]
        self.tool_call(
            ToolCall(
                call_id, owner, stamp, name, what.summary, size_of(block.input), None, None, None, what.file_path,
                agent_id, key, None, None, None, None, category, subject_of(name, category, what.subject),
            )
        )  # fmt: skip
        if command:
            self.git(call_id, owner, command, stamp, None, "")

    def result(self, block: ResultBlock, record: UserRecord, stamp: str | None, here: str) -> None:
        if not block.tool_use_id:
            return
        began, owner, command, name, check = self.calls.pop(block.tool_use_id, (None, here, None, None, None))
        patch = patch_of(record.toolUseResult, block.content) if name is None or name in EDITS else _NO_PATCH
        self.tool_call(
            ToolCall(
                block.tool_use_id, owner, began, None, None, None, size_of(block.content), int(not block.is_error),
                clock.between_ms(began, stamp) if began and stamp else None, None, None, None, stamp, patch.added,
                patch.removed, 1 if record.toolDenialKind is not None else None, None, None, patch.change,
            )
        )  # fmt: skip
        if stamp and (check or name in claude_observe.RULES):
            self.observe(block, record, stamp, owner, name, check)
        if command and began and stamp:
            self.git(block.tool_use_id, owner, command, began, stamp, text_of(block.content)[:TEXT])

    def observe(
        self, block: ResultBlock, record: UserRecord, stamp: str, owner: str, name: str | None, check: str | None
    ) -> None:
        result = claude_observe.Result(
            block.tool_use_id or "", owner, stamp, self.agent_of(record), bool(block.is_error),
            record.toolDenialKind is not None, record.toolUseResult,
        )  # fmt: skip
        if check:
            self.batch.observations.append(claude_observe.check(check, result, block.content))
        elif name:
            self.batch.observations.extend(claude_observe.found(name, result))

    def tool_call(self, row: ToolCall) -> None:
        known = self.tool_calls.get(row.tool_call_id)
        self.tool_calls[row.tool_call_id] = row if known is None else known.completed_by(row)

    def git(self, call: str, session: str, command: list[str], start: str, end: str | None, output: str) -> None:
        self.batch.git_commands.append(GitCommand(session, call, command[0], command[1], start, end, output))

    # -- users ---------------------------------------------------------------

    def user(self, record: UserRecord, stamp: str | None) -> None:
        content = record.message.content if record.message else None
        here = self.session_id(record.sessionId)
        results = [b for b in content if b.type == "tool_result"] if isinstance(content, list) else None
        if results:
            for block in results:
                self.result(block, record, stamp, here)
            self.seen_own(record, stamp)
        else:
            self.prompt(record, typed_text(record, content), stamp, here)
        if record.permissionMode:
            self.facts(here).permission_mode = record.permissionMode

    def prompt(self, record: UserRecord, text: str | None, stamp: str | None, here: str) -> None:
        """A turn begins; a subagent's task, and what nobody typed, begins none."""
        if text is None or not stamp or self.agent_of(record):
            self.seen_own(record, stamp)
            return
        self.copied = False
        self.flush_answer()
        prompt = Prompt(key_of(AGENT_TYPE, "prompt", record.uuid or stamp), here, stamp, text[:PROMPT], len(text) // 4)
        self.batch.prompts.append(prompt)
        self.waiting.append(prompt)
        self.seen(here, stamp, record)

    def last_asked(self) -> list[Any]:
        """The latest prompt so far: the next piece may begin with its answer."""
        return sorted([*map(list, self.asked), *([p.started_at, p.prompt_id] for p in self.batch.prompts)])[-1:]

    def flush_answer(self) -> None:
        if self.answer is not None:
            session, stamp, raw = self.answer
            text = text_of(raw)
            self.batch.responses.append(Response(session, stamp, text[:RESPONSE], len(text) // 4))
            self.answer = None

    def place_answers(self) -> list[Response]:
        """Each answer to the last prompt before it, in time: old clients' forks begin with an answer."""
        prompts = sorted({(p.started_at, p.prompt_id) for p in self.batch.prompts} | {(a, b) for a, b in self.asked})
        placed = []
        for answer in self.batch.responses:
            at = bisect_right(prompts, (answer.responded_at, MAX_KEY))
            placed.append(answer._replace(prompt_id=prompts[at - 1][1] if at else None))
        return placed

    # -- the rest ------------------------------------------------------------

    def other(self, record: OtherRecord, stamp: str | None) -> None:
        here = self.session_id(record.sessionId)
        if record.type == "cost-state":
            self.cost_state(record, here)
        elif record.type in _OWN and stamp:
            self.seen(here, stamp)
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
        elif record.type not in _KNOWN:
            self.batch.unknown[record.type[:64]] = self.batch.unknown.get(record.type[:64], 0) + 1
        if stamp:
            self.seen_own(record, stamp)

    def cost_state(self, record: OtherRecord, here: str) -> None:
        began = clock.from_seconds(number(record.startTime) / 1000)
        as_of = self.last or began
        models = {name.removesuffix("[1m]"): model_row(usage) for name, usage in (record.modelUsage or {}).items()}
        state = (
            began, number(record.totalCostUSD), int(number(record.totalDuration)),
            int(number(record.totalAPIDuration)), int(number(record.totalLinesAdded)),
            int(number(record.totalLinesRemoved)), msgspec.json.encode(models).decode(),
        )  # fmt: skip
        self.copied = False
        self.batch.cost_states.append(CostState(key_of(AGENT_TYPE, here, repr(state)), here, as_of, *state))
        self.facts(here).ended_at = as_of

    # -- the end of a piece --------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        """The state after the last whole line, as plain JSON; what is empty need not be kept."""
        state = {
            **self.state, **self.kept(), "calls": dict(self.calls), "asked": self.last_asked(),
            "waiting": [list(prompt._replace(prompt=None)) for prompt in self.waiting],
            "placeholder": list(self.placeholder) if self.placeholder[1] else None,
        }  # fmt: skip
        return {key: value for key, value in state.items() if value}

    def finish(self) -> Batch:
        self.flush_answer()
        self.batch.responses = self.place_answers()
        self.batch.requests = list(self.requests.values())
        self.batch.tool_calls = list(self.tool_calls.values())
        return self.batch
