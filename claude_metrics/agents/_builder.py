"""Fold an agent's records into a `Batch`: what the readers of several agents share."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from claude_metrics.activity import observe, verification
from claude_metrics.agents._json import TEXT, Json, load
from claude_metrics.agents._jsonl import PACKED, Lines, open_regular
from claude_metrics.agents._tools import COMMAND
from claude_metrics.models import Batch, GitCommand, Prompt, Request, Response, SessionFacts, Source, ToolCall, merged

TAIL = 64
_NOTHING: tuple[None, ...] = (None,) * (len(ToolCall._fields) - 2)


class Fold:
    """Rows of one source in the making. `last` is the newest time seen, in earlier readings too."""

    def __init__(self, source: Source, agent_type: str, last: str | None = None) -> None:
        self.source, self.agent_type, self.last = source, agent_type, last
        self.batch = Batch(source, since=last)
        self.requests: dict[int, Request] = {}
        self.tool_calls: dict[str, ToolCall] = {}
        self.responses: dict[str, Response] = {}

    def facts(self, session_id: str) -> SessionFacts:
        found = self.batch.sessions.get(session_id)
        if found is None:
            found = self.batch.sessions[session_id] = SessionFacts(session_id, self.agent_type)
        return found

    def opened(self, session_id: str, stamp: str | None) -> None:
        facts = self.facts(session_id)
        if stamp:
            facts.opened_at = min(facts.opened_at or stamp, stamp)
        self.seen(session_id, stamp)

    def seen(self, session_id: str, stamp: str | None) -> None:
        facts = self.facts(session_id)
        if stamp:
            facts.first_record_at = min(facts.first_record_at or stamp, stamp)
            facts.last_record_at = max(facts.last_record_at or stamp, stamp)
            self.last = max(self.last or stamp, stamp)

    def works_in(self, directory: str | None) -> None:
        if directory and directory not in self.batch.cwds:
            self.batch.cwds.append(directory)

    def request(self, row: Request) -> None:
        known = self.requests.get(row.id)
        self.requests[row.id] = row if known is None else merged(known, row)
        self.seen(row.session_id, row.timestamp)

    def call(self, row: ToolCall) -> None:
        known = self.tool_calls.get(row.tool_call_id)
        if known is not None:
            row = ToolCall._make(old if new is None else new for old, new in zip(known, row, strict=True))
        self.tool_calls[row.tool_call_id] = row

    def complete(self, call_id: str, session_id: str, **known: Any) -> None:
        """What became known of a call later."""
        self.call(ToolCall(call_id, session_id, *_NOTHING)._replace(**known))

    def prompt(self, key: int, session_id: str, stamp: str, said: str) -> None:
        self.flush_answer(session_id)
        self.batch.prompts.append(Prompt(key, session_id, stamp, said[:TEXT], len(said) // 4))
        self.seen(session_id, stamp)

    def answer(self, session_id: str, stamp: str, said: str) -> None:
        """The last answer of a turn is its response."""
        self.responses[session_id] = Response(session_id, stamp, said[:TEXT], len(said) // 4)
        self.seen(session_id, stamp)

    def flush_answer(self, session_id: str) -> None:
        if session_id in self.responses:
            self.batch.responses.append(self.responses.pop(session_id))

    def git(self, session: str, call: str, where: str, command: str, start: str, end: str | None, out: str) -> None:
        row = GitCommand(session, call, where, command[:COMMAND], start, end, out[:COMMAND])
        self.batch.git_commands.append(row)
        self.works_in(where)

    def checked(self, call: ToolCall, command: str | None, output: str) -> None:
        """Note a shell command that tests, lints or builds, when it has ended."""
        check = verification.check_of(command) if command and call.success is not None else None
        if check:
            self.check(call, check, output)

    def check(self, call: ToolCall, check: str, output: str) -> None:
        passed, said = verification.result_of(output, bool(call.success))
        at = call.finished_at or call.timestamp or self.last or ""
        row = observe.verification(call.tool_call_id, call.session_id, at, check, passed, said)
        self.batch.observations.append(row._replace(agent_id=call.agent_id))

    def unknown(self, kind: object) -> None:
        name = str(kind)[:64]
        self.batch.unknown[name] = self.batch.unknown.get(name, 0) + 1

    def finish(self) -> Batch:
        for session_id in list(self.responses):
            self.flush_answer(session_id)
        self.batch.requests = list(self.requests.values())
        self.batch.tool_calls = list(self.tool_calls.values())
        return self.batch


class LineReader(Protocol):
    """A fold over lines that can be put down (`snapshot`, plain JSON) and taken up again."""

    def line(self, line: bytes) -> None: ...
    def snapshot(self) -> Json: ...
    def finish(self) -> Batch: ...


def read_lines(source: Source, cursor: Mapping[str, Any] | None, reader: Callable[[Source, Json], LineReader]) -> Batch:
    """Rows of the bytes behind the cursor; a file that is not the one it was is read from its start."""
    offset = _offset(source, cursor)
    fold = reader(source, dict(cursor.get("state", {})) if cursor and offset else {})
    lines = Lines(source.path, offset)
    for line in lines:
        fold.line(line)
    state = fold.snapshot()
    if lines.rest.rstrip().endswith(b"}") and load(lines.rest) is not None:
        fold.line(lines.rest)
    batch = fold.finish()
    batch.bytes_read = lines.bytes_read
    tail = None if source.path.suffix == PACKED else _tail(source.path, lines.offset)
    batch.cursor = {"offset": lines.offset, "inode": source.inode, "tail": tail, "state": state}
    return batch


def _offset(source: Source, cursor: Mapping[str, Any] | None) -> int:
    if not cursor or cursor.get("inode") != source.inode or source.path.suffix == PACKED:
        return 0
    offset = int(cursor.get("offset", 0))
    return offset if cursor.get("tail") == _tail(source.path, offset) else 0


def _tail(path: Path, offset: int) -> str:
    """A hash of the last bytes that were read: another text there means another file."""
    with open_regular(path) as file:
        file.seek(max(0, offset - TAIL))
        return hashlib.blake2b(file.read(min(offset, TAIL)), digest_size=8).hexdigest()
