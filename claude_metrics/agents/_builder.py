"""Build a `Batch` of an agent's records: what the readers of all agents share."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from claude_metrics.activity import observe, verification
from claude_metrics.agents._damage import FILLING, is_noted, whole_records
from claude_metrics.agents._json import TEXT, Json, load
from claude_metrics.agents._jsonl import PACKED, Lines, open_regular
from claude_metrics.agents._tools import COMMAND
from claude_metrics.git.output import kept
from claude_metrics.models import Batch, GitCommand, Prompt, Request, Response, SessionFacts, Source, ToolCall, merged

TAIL = 64


class BatchBuilder:
    """The rows of one source in the making. `last` is the newest time that was seen, in earlier readings too."""

    def __init__(self, source: Source, agent_type: str, last: str | None = None) -> None:
        self.source, self.agent_type, self.last = source, agent_type, last
        self.batch = Batch(source, since=last)
        self.requests: dict[int, Request] = {}
        self.tool_calls: dict[str, ToolCall] = {}
        self.responses: dict[str, Response] = {}

    # -- sessions, their times and directories ---------------------------------

    def facts(self, session_id: str) -> SessionFacts:
        facts = self.batch.sessions.get(session_id)
        if facts is None:
            facts = self.batch.sessions[session_id] = SessionFacts(session_id, self.agent_type)
        return facts

    def open_session(self, session_id: str, stamp: str | None) -> None:
        facts = self.facts(session_id)
        if stamp:
            facts.opened_at = min(facts.opened_at or stamp, stamp)
        self.see(session_id, stamp)

    def see(self, session_id: str, stamp: str | None) -> SessionFacts:
        """Widen the session's time: something of it happened at `stamp`."""
        facts = self.facts(session_id)
        if stamp:
            facts.first_record_at = min(facts.first_record_at or stamp, stamp)
            facts.last_record_at = max(facts.last_record_at or stamp, stamp)
            self.last = max(self.last or stamp, stamp)
        return facts

    def work_in(self, directory: str | None) -> None:
        if directory and directory not in self.batch.cwds:
            self.batch.cwds.append(directory)

    # -- requests and tool calls -----------------------------------------------

    def add_request(self, row: Request) -> None:
        earlier = self.requests.get(row.id)
        self.requests[row.id] = row if earlier is None else merged(earlier, row)
        self.see(row.session_id, row.timestamp)

    def add_tool_call(self, row: ToolCall) -> None:
        earlier = self.tool_calls.get(row.tool_call_id)
        self.tool_calls[row.tool_call_id] = row if earlier is None else earlier.completed_by(row)

    def complete_tool_call(self, call_id: str, session_id: str, **columns: Any) -> None:
        """Columns of a call that were written after the call itself."""
        self.add_tool_call(ToolCall(tool_call_id=call_id, session_id=session_id, **columns))

    def add_git_command(
        self, call: ToolCall, directory: str, command: str, start: str, end: str | None = None, output: str = ""
    ) -> None:
        """A call that may have made commits (`commit_route`); `end` and `output` are those of one that has ended."""
        row = GitCommand(
            session_id=call.session_id,
            tool_call_id=call.tool_call_id,
            cwd=directory,
            command=command[:COMMAND],
            started_at=start,
            finished_at=end,
            output=kept(command, output),
        )
        self.batch.git_commands.append(row)
        self.work_in(directory)

    def add_check_of(self, call: ToolCall, command: str | None, output: str) -> None:
        """Note a shell command that tests, lints or builds, when it has ended."""
        check = verification.check_of(command) if command and call.success is not None else None
        if check:
            self.add_check(call, check, output)

    def add_check(self, call: ToolCall, check: str, output: str) -> None:
        """`check` is what `verification.check_of` made of the command."""
        passed, result = verification.result_of(output, bool(call.success))
        at = call.finished_at or call.timestamp or self.last or ""
        row = observe.verification(call.tool_call_id, call.session_id, at, check, passed, result)
        self.batch.observations.append(row._replace(agent_id=call.agent_id))

    # -- prompts and responses -------------------------------------------------

    def add_prompt(self, key: int, session_id: str, stamp: str, text: str) -> Prompt:
        """A turn begins."""
        self.flush_response(session_id)
        row = Prompt(
            prompt_id=key,
            session_id=session_id,
            started_at=stamp,
            prompt=text[:TEXT],
            prompt_tokens_estimated=len(text) // 4,
        )
        self.batch.prompts.append(row)
        self.see(session_id, stamp)
        return row

    def add_response(self, session_id: str, stamp: str, text: str) -> None:
        """The last answer of a turn is its response."""
        self.responses[session_id] = response_of(session_id, stamp, text)
        self.see(session_id, stamp)

    def flush_response(self, session_id: str) -> None:
        if session_id in self.responses:
            self.batch.responses.append(self.responses.pop(session_id))

    # -- the end ---------------------------------------------------------------

    def recovered(self, line: bytes) -> list[bytes]:
        """The whole records within a line that is no record itself; what is left of it is noted."""
        whole = whole_records(line)
        self.batch.bad_lines += is_noted(line, whole)
        return whole

    def count_unknown(self, kind: object) -> None:
        name = str(kind)[:64]
        self.batch.unknown[name] = self.batch.unknown.get(name, 0) + 1

    def finish(self) -> Batch:
        for session_id in list(self.responses):
            self.flush_response(session_id)
        self.batch.requests = list(self.requests.values())
        self.batch.tool_calls = list(self.tool_calls.values())
        return self.batch


def response_of(session_id: str, stamp: str, text: str) -> Response:
    return Response(
        session_id=session_id, responded_at=stamp, response=text[:TEXT], response_tokens_estimated=len(text) // 4
    )


class LineReader(Protocol):
    """A reader of lines whose state (`snapshot`, plain JSON) lets a later reading go on from there."""

    def line(self, line: bytes) -> None: ...
    def snapshot(self) -> Json: ...
    def finish(self) -> Batch: ...


def read_lines(source: Source, cursor: Mapping[str, Any] | None, reader: Callable[[Source, Json], LineReader]) -> Batch:
    """Rows of the bytes behind the cursor; a file that is not the one it was is read from its start."""
    offset = _offset(source, cursor)
    builder = reader(source, dict(cursor.get("state", {})) if cursor and offset else {})
    lines = Lines(source.path, offset)
    for line in lines:
        builder.line(line)
    state = builder.snapshot()
    if lines.rest.rstrip(FILLING).endswith(b"}") and load(lines.rest.strip(FILLING)) is not None:
        builder.line(lines.rest)
    batch = builder.finish()
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
