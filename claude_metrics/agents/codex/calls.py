"""The tool calls of a Codex rollout: what the model asked for, what it was told, what the client noted.

A call is a `function_call` and its output; an item (`CommandExecution`, `FileChange`, ...) of the same id says more,
and comes first. In code mode the model calls one script, `exec`, and what that ran stands only in items.
"""

from __future__ import annotations

from typing import Any

from claude_metrics import clock
from claude_metrics.activity.verification import check_of
from claude_metrics.agents._json import Json, obj, size, text
from claude_metrics.agents._tools import SUMMARY, category_of, commit_route, subject_of, summary
from claude_metrics.agents.codex.outcome import (
    CATEGORIES,
    Changed,
    Ended,
    arguments,
    changed,
    command_of,
    directory_of,
    ended,
    item_ended,
    output_text,
    patched_file,
)
from claude_metrics.agents.codex.thread import ThreadBuilder
from claude_metrics.git.command_line import names_a_commit
from claude_metrics.models import ToolCall

OPEN_CALLS = 200
NO_FILE = Changed(None, None, 0, 0)
CALLS = ("function_call", "custom_tool_call", "local_shell_call", "web_search_call")
# A collaboration call is always the model's own: no name of its own is needed.
TOOL_ITEMS = {
    "CommandExecution": "exec_command",
    "FileChange": "apply_patch",
    "McpToolCall": "mcp",
    "DynamicToolCall": "tool",
    "CollabAgentToolCall": None,
}


class Open:
    """A call that has not ended.

    It has its row's id, its tool and beginning, [directory, command] of one that may commit, and what it checks
    (`verification.check_of`).
    """

    def __init__(
        self, row: str, name: str, began: str, git: list[str] | None, check: str | None, noted: bool = False
    ) -> None:
        self.row, self.name, self.began, self.git, self.check, self.noted = row, name, began, git, check, noted

    def plain(self) -> list[Any]:
        return [self.row, self.name, self.began, self.git, self.check, self.noted]


class Calls:
    """Rows of tool calls in the making, for a `Reader`."""

    def __init__(self, reader: ThreadBuilder, state: Json) -> None:
        self.reader = reader
        self.open = {call_id: Open(*call) for call_id, call in obj(state.get("open")).items()}
        self.waiting: list[str] = list(state.get("waiting", []))  # calls of an answer whose tokens are still to come
        self.key: int | None = state.get("key")

    def answered(self, key: int) -> None:
        """The tokens of the answer that made the waiting calls."""
        self.key = key
        for row in self.waiting:
            self.reader.complete_tool_call(row, self.reader.home, request_key=key)
        self.waiting = []

    def called(self, item: Json, kind: str, stamp: str) -> None:
        call_id = text(item.get("call_id")) or text(item.get("id"))
        if call_id is None:
            return
        name, space = text(item.get("name")) or kind.removesuffix("_call"), text(item.get("namespace")) or ""
        self.waiting.append(self.begin(call_id, space + name if space.startswith("mcp__") else name, item, stamp))
        if kind == "web_search_call":  # the API ran it: there is no output
            self.end(call_id, Ended(1, None), stamp)

    def begin(self, call_id: str, name: str, item: Json, stamp: str, key: int | None = None) -> str:
        """A row for a call that was made. The client's ids are unique within a turn only."""
        reader, parameters = self.reader, arguments(item)
        row = f"{reader.turn or reader.lineage}:{call_id}"
        command, path = command_of(parameters), patched_file(parameters)
        category = category_of(CATEGORIES, name)
        route = commit_route(category, command)
        git = None if route is None else [directory_of(parameters) or reader.cwd or "", route]
        while len(self.open) >= OPEN_CALLS:
            self.open.pop(next(iter(self.open)))
        self.open[call_id] = Open(row, name, stamp, git, check_of(command) if command else None)
        call = ToolCall(
            tool_call_id=row,
            session_id=reader.home,
            timestamp=stamp,
            tool_name=name,
            input_summary=path or (command or summary(parameters) or "")[:SUMMARY] or None,
            input_bytes=size(parameters),
            file_path=path,
            agent_id=reader.agent_id,
            request_key=key,
            category=category,
            subject=subject_of(name, category, parameters),
        )
        reader.add_tool_call(call)
        if git and names_a_commit(git[1]):
            reader.add_git_command(call, git[0], git[1], stamp)
        return row

    def output(self, item: Json, stamp: str) -> None:
        call_id, output = str(item.get("call_id")), output_text(item.get("output"))
        call = self.open.get(call_id)
        if call is None:
            return
        how = ended(call.name, output)
        if call.noted:  # its item says how it ended
            self.reader.complete_tool_call(call.row, self.reader.home, output_bytes=size(output))
        else:
            self.end(call_id, how, stamp, output)
        if call.noted or not how.running:
            del self.open[call_id]

    def noted(self, item: Json, call_id: str | None, name: str | None, stamp: str) -> None:
        """An item, or an older `..._end` event, of a call or of a script's step."""
        if call_id is None or (name is None and call_id not in self.open):
            return
        if call_id not in self.open:
            self.begin(call_id, _mcp_name(item) or str(name), item, self.script_began(stamp), self.key)
        how, files = item_ended(item), changed(item.get("changes"))
        output = text(item.get("aggregated_output")) or text(item.get("stdout"))
        self.end(call_id, how, stamp, output, files if files.path else NO_FILE)
        self.open[call_id].noted = how.success is not None

    def script_began(self, stamp: str) -> str:
        return next((call.began for call in reversed(self.open.values()) if call.name == "exec"), stamp)

    def end(self, call_id: str, how: Ended, stamp: str, output: str | None = None, files: Changed = NO_FILE) -> None:
        call, reader, done = self.open[call_id], self.reader, how.success is not None
        lines = (files.added, files.removed) if files.path and how.success else (None, None)
        reader.complete_tool_call(
            call.row,
            reader.home,
            output_bytes=size(output) if output is not None else None,
            success=how.success,
            duration_ms=clock.between_ms(call.began, stamp) if done else None,
            file_path=files.path,
            denied=how.denied,
            finished_at=stamp if done else None,
            lines_added=lines[0],
            lines_removed=lines[1],
            change=files.change if how.success else None,
        )
        if call.git and done:
            reader.add_git_command(
                reader.tool_calls[call.row], call.git[0], call.git[1], call.began, stamp, output or ""
            )
        if call.check and done:
            reader.add_check(reader.tool_calls[call.row]._replace(agent_id=reader.agent_id), call.check, output or "")

    def snapshot(self) -> Json:
        open_calls = {call_id: call.plain() for call_id, call in self.open.items()}
        return {"open": open_calls, "waiting": list(self.waiting), "key": self.key}


def _mcp_name(item: Json) -> str | None:
    call = obj(item.get("invocation")) or item
    server, tool = text(call.get("server")), text(call.get("tool"))
    return f"mcp__{server}__{tool}" if server and tool else None
