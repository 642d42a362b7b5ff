"""Read the records of one Claude Code transcript into rows.

One API message is several lines with one (`message.id`, `requestId`) and the same usage: it counts once. Lines that a
fork copied belong to the session that made the request: since 2.1.328 it is named (`requestSessionId`), for older
clients the store finds it. See the records in `records`.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

from claude_metrics import clock
from claude_metrics.agents._builder import response_of
from claude_metrics.agents.claude.names import AGENT_TYPE
from claude_metrics.agents.claude.prompts import typed_text
from claude_metrics.agents.claude.raw import size_of, text_of
from claude_metrics.agents.claude.records import (
    Answer,
    AssistantRecord,
    Block,
    OtherRecord,
    UserRecord,
    decode,
    is_bulky,
    is_own,
    timestamp_of,
)
from claude_metrics.agents.claude.totals import Totals
from claude_metrics.agents.claude.usage import advisors_of, request_of
from claude_metrics.models import Batch, Copy, Prompt, Request, Response, Source, key_of
from claude_metrics.text import session_name

MAX_KEY = 2**63
KEPT_REQUEST_IDS = 8
# Records of the session's own process: a fork never copies them.
_OWN = ("queue-operation", "api-request")
_KNOWN = frozenset(
    (
        *("attachment", "api-request", "api-request-shape", "api-request-blob", "queue-operation", "agent-name"),
        *("last-prompt", "mode", "system", "permission-mode", "tools-used", "atis-latch", "file-history-snapshot"),
        *("file-history-delta", "cost-state", "ai-title", "custom-title", "summary", "progress"),
    )
)


class Reader(Totals):
    """Records in, a `Batch` out. `state` is what the next piece of the same file needs to know.

    `owner` is the session that made a request; it differs from the file's own session in the lines that a fork copied.
    """

    def __init__(self, source: Source, state: dict[str, Any]) -> None:
        super().__init__(source, state)
        # (message id, request id) -> the request's key, and its usage as the last line wrote it
        self.messages: dict[tuple[str, str], tuple[int, bytes]] = {}
        self.request_ids: dict[str, str] = state.get("request_ids", {})
        self.placeholder: list[Any] = state.get("placeholder") or ["", 0]
        self.unanswered: list[Prompt] = [Prompt._make(row) for row in state.get("waiting", [])]
        self.last_prompt: list[Any] = state.get("asked", [])
        self.answer: tuple[str, str, Any] | None = None

    # -- one line ------------------------------------------------------------

    def line(self, block: bytes, start: int, end: int, begin: int) -> None:
        """Read the record `block[start:end]`, which begins at byte `begin` of the file."""
        self.begin = begin
        if is_bulky(block, start, end):
            self.bulky(block, start, end)
            return
        record = decode(block, start, end)
        if record is None:
            for whole in self.recovered(block[start:end]):
                self.line(whole, 0, len(whole), begin)
            return
        stamp = clock.normal(record.timestamp)
        if not self.headed:
            self.read_head(record, stamp)
        self.follow(record, stamp)
        if isinstance(record, AssistantRecord):
            self.assistant(record, stamp)
        elif isinstance(record, UserRecord):
            self.user(record, stamp)
        else:
            self.other(record, stamp)

    def bulky(self, block: bytes, start: int, end: int) -> None:
        """Of a record that is not decoded only its time is used."""
        own = is_own(block, start)
        if own:
            self.see_sent(block, start, end)
        wanted = own or not self.copied or not self.headed
        stamp = clock.normal(timestamp_of(block, start, end)) if wanted else None
        if stamp and not self.headed:
            self.head = max(self.head or stamp, stamp)
        if stamp and (own or not self.copied) and not block.startswith(b'{"type":"file-history', start):
            self.see(self.file_session(None), stamp)
        self.follow_bulky(block, start, end, stamp)

    # -- answers -------------------------------------------------------------

    def assistant(self, record: AssistantRecord, stamp: str | None) -> None:
        message = record.message
        if message is None or message.model == "<synthetic>" or not message.usage:
            self.failed(record, stamp)
            self.see_own(record, stamp)
            return
        file_session = self.file_session(record.sessionId)
        owner = session_name(record.requestSessionId) if record.requestSessionId else file_session
        if owner != file_session:
            self.copied_from(owner, file_session)
        else:
            self.copied = False
            self.unanswered.clear()
        stamp = stamp or self.last or clock.from_seconds(self.source.mtime_ns / 1e9)
        agent_id = self.agent_of(record)
        key = self.message(record, message, owner, file_session, stamp, agent_id)
        self.see_record(owner, stamp, record)
        if isinstance(message.content, list):
            for block in message.content:
                self.block(block, record, owner, stamp, agent_id, key)

    def copied_from(self, owner: str, fork: str) -> None:
        """Prompts wait for the answer behind them: a copied answer says that they are copies too."""
        self.fork_of(owner, fork)
        self.answer = None
        for prompt in self.unanswered:
            self.batch.prompts.append(prompt._replace(session_id=owner, owner_known=1))
            self.batch.copies.append(Copy(key=prompt.prompt_id, session_id=fork))
            self.see(owner, prompt.started_at)
        self.unanswered.clear()

    def message(
        self, record: AssistantRecord, message: Answer, owner: str, file_session: str, stamp: str, agent_id: str | None
    ) -> int:
        """Add one line's message; returns the key of its request. Most lines only repeat the usage of the first."""
        pair = self.pair_of(message.id or record.uuid or "", record.requestId or "")
        key, usage = self.messages.get(pair, (None, b""))
        raw = bytes(message.usage)
        if key is not None and raw == usage and message.stop_reason is not None:
            return key
        row = self.attributed(request_of(record, message, pair, owner, stamp, agent_id), record)
        if owner != file_session:
            row = row._replace(owner_known=1)
            self.branched = self.branched or record.forkedFrom is not None
            if key is None:
                self.batch.copies.append(Copy(key=row.id, session_id=file_session))
        if message.stop_reason is None and row.output_tokens <= 1:
            row = row._replace(understated_tokens=self.understated(row, message))
        advisors = advisors_of(message, pair, owner, stamp, agent_id)
        for request in (row, *(advisor._replace(owner_known=row.owner_known) for advisor in advisors)):
            self.add_request(request)
            if owner == file_session:
                self.link_process(owner, request.id)
        self.messages[pair] = (row.id, raw)
        return row.id

    def pair_of(self, message_id: str, request_id: str) -> tuple[str, str]:
        """A message has one request id, which some of its lines lack (after a restart, over another transport)."""
        return message_id, self.request_ids.setdefault(message_id, request_id)

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
        elif block.type.endswith("_tool_result") and block.tool_use_id:
            self.server_result(block, block.tool_use_id, owner, stamp)

    # -- users ---------------------------------------------------------------

    def user(self, record: UserRecord, stamp: str | None) -> None:
        content = record.message.content if record.message else None
        file_session = self.file_session(record.sessionId)
        results = [b for b in content if b.type == "tool_result"] if isinstance(content, list) else None
        if results:
            for block in results:
                self.result(block, record, stamp, file_session)
            self.see_own(record, stamp)
        else:
            self.see_command(record, content)
            self.prompt(record, typed_text(record, content), stamp, file_session)
        if record.permissionMode:
            self.facts(file_session).permission_mode = record.permissionMode

    def prompt(self, record: UserRecord, text: str | None, stamp: str | None, file_session: str) -> None:
        """A turn begins; a subagent's task, and what nobody typed, begins none."""
        if text is None or not stamp or self.agent_of(record):
            self.see_own(record, stamp)
            return
        self.copied = False
        self.flush_answer()
        key = key_of(AGENT_TYPE, "prompt", record.uuid or stamp)
        self.unanswered.append(self.add_prompt(key, file_session, stamp, text))
        self.see_record(file_session, stamp, record)

    def newest_prompt(self) -> list[Any]:
        """The latest prompt so far: the next piece may begin with its answer."""
        prompts = [*map(list, self.last_prompt), *([p.started_at, p.prompt_id] for p in self.batch.prompts)]
        return sorted(prompts)[-1:]

    def flush_answer(self) -> None:
        """Only the last text of a turn is decoded: it is the turn's response."""
        if self.answer is not None:
            session_id, stamp, raw = self.answer
            self.batch.responses.append(response_of(session_id, stamp, text_of(raw)))
            self.answer = None

    def matched_responses(self) -> list[Response]:
        """Each answer with the last prompt before it, in time: old clients' forks begin with an answer."""
        earlier = {(started_at, prompt_id) for started_at, prompt_id in self.last_prompt}
        prompts = sorted({(p.started_at, p.prompt_id) for p in self.batch.prompts} | earlier)
        matched = []
        for response in self.batch.responses:
            at = bisect_right(prompts, (response.responded_at, MAX_KEY))
            matched.append(response._replace(prompt_id=prompts[at - 1][1] if at else None))
        return matched

    # -- the rest ------------------------------------------------------------

    def other(self, record: OtherRecord, stamp: str | None) -> None:
        file_session = self.file_session(record.sessionId)
        if record.type == "cost-state":
            self.cost_state(record, file_session)
        elif record.type in _OWN and stamp:
            self.see(file_session, stamp)
        elif record.type == "custom-title" and record.customTitle:
            self.facts(file_session).title = record.customTitle
            self.state["named"] = True
        elif record.type == "ai-title" and record.aiTitle and not self.state.get("named"):
            self.facts(file_session).title = record.aiTitle
        elif record.type == "worktree-state":
            self.enter_worktree(file_session, record.worktreeSession)
        elif record.type == "summary" and record.summary:
            self.facts(file_session).summary = record.summary
        else:
            self.plain(record, stamp)

    def plain(self, record: OtherRecord, stamp: str | None) -> None:
        if record.type == "mode":
            self.copied = False
        elif record.type == "system":
            self.system(record, stamp)
        elif record.type == "last-prompt":
            self.lineage.last_prompt(record.leafUuid)
        elif record.type not in _KNOWN:
            self.count_unknown(record.type)
        if stamp:
            self.see_own(record, stamp)

    # -- the end of a piece --------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        """The state after the last whole line, as plain JSON; what is empty need not be kept."""
        state = {
            **self.state,
            **self.timeline_state(),
            **self.totals_state(),
            "calls": dict(self.open_calls),
            "asked": self.newest_prompt(),
            "request_ids": dict(list(self.request_ids.items())[-KEPT_REQUEST_IDS:]),
            "waiting": [list(prompt._replace(prompt=None)) for prompt in self.unanswered],
            "placeholder": list(self.placeholder) if self.placeholder[1] else None,
        }
        return {key: value for key, value in state.items() if value}

    def finish(self) -> Batch:
        self.flush_answer()
        self.batch.responses = self.matched_responses()
        return super().finish()
