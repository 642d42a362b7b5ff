"""The tool calls of a Claude Code transcript: a block of an answer, and the result in a user record behind it."""

from __future__ import annotations

from typing import Any

from claude_metrics import clock
from claude_metrics.activity.verification import check_of
from claude_metrics.agents._tools import COMMAND, commit_route
from claude_metrics.agents.claude import observe as claude_observe
from claude_metrics.agents.claude.details import Details
from claude_metrics.agents.claude.prompts import is_interrupted
from claude_metrics.agents.claude.raw import size_of, text_of
from claude_metrics.agents.claude.records import Block, ResultBlock, UserRecord
from claude_metrics.agents.claude.tools import EDITS, Patch, category_of, describe, is_error, patch_of, subject_of
from claude_metrics.git.command_line import names_a_commit
from claude_metrics.git.output import may_speak_of_commits
from claude_metrics.models import Source, ToolCall

OPEN_CALLS = 500
_NO_PATCH = Patch()


class Calls(Details):
    """The calls of a transcript. `open_calls` are those without a result.

    Each has when it began, its session, [directory, command] of one that may commit (`commit_route`), its tool, and
    what it checks (`verification.check_of`).
    """

    def __init__(self, source: Source, state: dict[str, Any]) -> None:
        super().__init__(source, state)
        self.open_calls: dict[str, list[Any]] = state.get("calls", {})

    def call(
        self,
        block: Block,
        call_id: str,
        cwd: str | None,
        owner: str,
        stamp: str,
        agent_id: str | None,
        key: int,
    ) -> None:
        """`owner` is the session that made the call, `key` that of the request."""
        name, described = block.name or "", describe(block.input)
        category = category_of(name)
        row = ToolCall(
            tool_call_id=call_id,
            session_id=owner,
            timestamp=stamp,
            tool_name=name,
            input_summary=described.summary,
            input_bytes=size_of(block.input),
            file_path=described.file_path,
            agent_id=agent_id,
            request_key=key,
            category=category,
            subject=subject_of(name, category, described.subject),
        )
        self.add_tool_call(row)
        shell = described.command if category == "shell" else None
        route = commit_route(category, described.command)
        git = None if route is None else [cwd or "", route[:COMMAND]]
        if len(self.open_calls) < OPEN_CALLS:
            self.open_calls[call_id] = [stamp, owner, git, name, check_of(shell) if shell else None]
        if git and names_a_commit(git[1]):
            self.add_git_command(row, git[0], git[1], stamp)

    def result(self, block: ResultBlock, record: UserRecord, stamp: str | None, file_session: str) -> None:
        if not block.tool_use_id:
            return
        no_call = (None, file_session, None, None, None)
        began, owner, git, name, check = self.open_calls.pop(block.tool_use_id, no_call)
        if owner != file_session and is_interrupted(block):
            return  # a fork does not know what became of its parent's call
        patch = patch_of(record.toolUseResult, block.content) if name is None or name in EDITS else _NO_PATCH
        row = ToolCall(
            tool_call_id=block.tool_use_id,
            session_id=owner,
            timestamp=began,
            output_bytes=size_of(block.content),
            success=int(not block.is_error),
            duration_ms=clock.between_ms(began, stamp) if began and stamp else None,
            finished_at=stamp,
            lines_added=patch.added,
            lines_removed=patch.removed,
            denied=1 if record.toolDenialKind is not None else None,
            change=patch.change,
        )
        self.add_tool_call(row)
        if stamp and check:
            self.add_check(row._replace(agent_id=self.agent_of(record)), check, text_of(block.content))
        elif stamp and name in claude_observe.RULES:
            self.observe(row, record, name)
        if git and began and stamp:
            output = text_of(block.content) if may_speak_of_commits(git[1], bytes(block.content)) else ""
            self.add_git_command(row, git[0], git[1], began, stamp, output)

    def server_result(self, block: Block, call_id: str, owner: str, stamp: str) -> None:
        """A tool that the API ran: its result stands in the answer itself, and no time of its own is given."""
        session_id = self.open_calls.pop(call_id, (None, owner))[1]
        success = int(not (block.is_error or is_error(block.content)))
        self.complete_tool_call(
            call_id, session_id, output_bytes=size_of(block.content), success=success, finished_at=stamp
        )

    def observe(self, row: ToolCall, record: UserRecord, name: str) -> None:
        result = claude_observe.Result(
            call=row.tool_call_id,
            session=row.session_id,
            at=row.finished_at or "",
            agent_id=self.agent_of(record),
            failed=not row.success,
            denied=row.denied is not None,
            raw=record.toolUseResult,
        )
        self.batch.observations.extend(claude_observe.observations_of(name, result))
