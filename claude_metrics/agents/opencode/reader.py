"""Read the messages of an OpenCode session, and of its child sessions, into rows.

One assistant message is one API response; its `step-finish` parts say the same again. A fork copies messages, with
tokens and cost, under new ids: what is older than its session belongs to the one it came from.
"""

from __future__ import annotations

import os.path
import re

from claude_metrics import clock
from claude_metrics.agents._builder import BatchBuilder
from claude_metrics.agents._json import Json, count, millis, number, obj, size, text
from claude_metrics.agents._tools import category_of, commit_route, diff_lines, subject_of, summary, written_lines
from claude_metrics.agents.opencode.names import AGENT_TYPE
from claude_metrics.agents.opencode.store import Message, Part, Session
from claude_metrics.models import Request, Source, ToolCall, counts_of, key_of
from claude_metrics.text import session_name

SHELL = "bash"
CATEGORIES = {
    "bash": "shell", "write": "edit", "edit": "edit", "multiedit": "edit", "apply_patch": "edit", "patch": "edit",
    "read": "read", "grep": "search", "glob": "search", "list": "search", "codesearch": "search", "webfetch": "web",
    "websearch": "web", "task": "agent", "skill": "skill", "todowrite": "plan", "todoread": "plan",
    "plan_enter": "plan", "plan_exit": "plan", "question": "question",
}  # fmt: skip
_SILENT = {
    "text", "reasoning", "step-start", "step-finish", "file", "agent", "snapshot", "patch", "retry", "compaction",
    "subtask",
}  # fmt: skip
_DENIED = ("rejected permission", "specified a rule which prevents", "user dismissed")
# `opencode run` puts quotes around a prompt with spaces.
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"\Z')
_UNTITLED = re.compile(r"(?:New|Child) session - \d{4}-")


class Reader(BatchBuilder):
    """`root` is the session the rows belong to; its children are its subagents."""

    def __init__(self, source: Source, root: Session, last: str | None = None) -> None:
        super().__init__(source, AGENT_TYPE, last)
        self.root, self.home = root, session_name(root.id)
        self.newest = self.bytes_read = 0

    def session(self, parent: str | None) -> None:
        root, facts = self.root, self.facts(self.home)
        facts.agent_version, facts.project_path = root.version, root.directory
        facts.parent_session_id = session_name(parent) if parent else None
        facts.title = root.title if root.title and not _UNTITLED.match(root.title) else None
        facts.lines_added, facts.lines_removed = root.lines or (None, None)
        self.open_session(self.home, _stamp(root.created))
        self.work_in(root.directory)

    def message(self, message: Message, session: Session) -> None:
        self.newest = max(self.newest, message.updated, *(part.updated for part in message.parts), 0)
        self.bytes_read += message.size + sum(part.size for part in message.parts)
        if message.created < session.created:  # a fork's copy
            return
        agent_id = session.id if session.id != self.root.id else None
        if message.data.get("role") == "user":
            self.user(message, agent_id)
        elif message.data.get("role") == "assistant":
            self.assistant(message, agent_id)
        else:
            self.count_unknown(f"role {message.data.get('role')}")

    def user(self, message: Message, agent_id: str | None) -> None:
        prompt = "\n".join(line for part in message.parts if (line := typed_text(part.data)))
        if prompt.strip() and agent_id is None:
            quoted = _QUOTED.match(prompt)
            prompt = quoted[1].replace('\\"', '"') if quoted else prompt
            self.add_prompt(key_of(AGENT_TYPE, "prompt", message.id), self.home, _stamp(message.created), prompt)

    # -- answers -----------------------------------------------------------------

    def assistant(self, message: Message, agent_id: str | None) -> None:
        data, key = message.data, key_of(AGENT_TYPE, message.id)
        directory = text(obj(data.get("path")).get("cwd")) or self.root.directory or ""
        self.work_in(directory)
        row = self.request_of(key, message, agent_id)
        if row:
            self.add_request(row)
        ended = millis(obj(data.get("time")).get("completed"))
        self.see(self.home, _stamp(ended or message.created))
        if agent_id is None and text(data.get("mode")):
            self.facts(self.home).permission_mode = text(data.get("mode"))
        for part in message.parts:
            self.part(part, message, directory, agent_id, key if row else None)

    def request_of(self, key: int, message: Message, agent_id: str | None) -> Request | None:
        """The counters are disjoint. A cost of 0 for tokens may be a price the client does not know."""
        tokens, cost = obj(message.data.get("tokens")), number(message.data.get("cost"))
        cache, reasoning = obj(tokens.get("cache")), count(tokens.get("reasoning"))
        row = Request(
            id=key,
            session_id=self.home,
            timestamp=_stamp(message.created),
            model=text(message.data.get("modelID")) or "unknown",
            input_tokens=count(tokens.get("input")),
            output_tokens=count(tokens.get("output")) + reasoning,
            cache_creation_tokens=count(cache.get("write")),
            cache_read_tokens=count(cache.get("read")),
            cache_creation_5m_tokens=count(cache.get("write")),
            reasoning_tokens=reasoning,
            message_id=message.id,
            agent_id=agent_id,
            reported_cost_usd=cost or None,
        )
        return row if any(counts_of(row)) or cost else None

    def part(self, part: Part, message: Message, directory: str, agent_id: str | None, key: int | None) -> None:
        kind, data = str(part.data.get("type")), part.data
        if kind == "tool":
            self.tool(part, message, directory, agent_id, key)
        elif kind == "text" and agent_id is None and message.data.get("summary") is not True:
            answer, ended = typed_text(data), millis(obj(data.get("time")).get("end"))
            if answer and ended:
                self.add_response(self.home, _stamp(ended), answer)
        elif kind not in _SILENT:
            self.count_unknown(f"part {kind}")

    # -- tool calls ----------------------------------------------------------------

    def tool(self, part: Part, message: Message, directory: str, agent_id: str | None, key: int | None) -> None:
        name, state = text(part.data.get("tool")) or "", obj(part.data.get("state"))
        arguments, times, meta = obj(state.get("input")), obj(state.get("time")), obj(state.get("metadata"))
        began, ended = millis(times.get("start")) or message.created, millis(times.get("end"))
        output, error = text(state.get("output")) or "", text(state.get("error")) or ""
        success = succeeded(name, state)
        added, removed = changed_lines(name, arguments, meta) if success else (None, None)
        category = category_of(CATEGORIES, name)
        row = ToolCall(
            tool_call_id=part.id,
            session_id=self.home,
            timestamp=_stamp(began),
            tool_name=name,
            input_summary=summary(arguments),
            input_bytes=size(arguments),
            output_bytes=size(output or error) if success is not None else None,
            success=success,
            duration_ms=ended - began if ended else None,
            file_path=text(arguments.get("filePath")),
            agent_id=agent_id,
            request_key=key,
            finished_at=_stamp(ended) if ended else None,
            lines_added=added,
            lines_removed=removed,
            denied=int(any(mark in error for mark in _DENIED)) or None,
            category=category,
            subject=subject_of(name, category, arguments),
            change=change_of(category, meta, success),
        )
        self.add_tool_call(row)
        self.see(self.home, _stamp(max(began, ended)))
        if name == SHELL or category == "mcp":
            self.program(row, arguments, directory, output or text(meta.get("output")) or "")

    def program(self, call: ToolCall, arguments: Json, directory: str, output: str) -> None:
        """A shell command or a server's tool: it may check the work, and it may make commits."""
        command = text(arguments.get("command")) if call.tool_name == SHELL else None
        self.add_check_of(call, command, output)
        if (route := commit_route(call.category or "", command)) is not None:
            where = os.path.normpath(os.path.join(directory, text(arguments.get("workdir")) or ""))  # noqa: PTH118
            self.add_git_command(call, where, route, call.timestamp or "", call.finished_at, output)


def _stamp(milliseconds: int) -> str:
    return clock.from_seconds(milliseconds / 1000)


def typed_text(data: Json) -> str | None:
    """The text of a part, unless the client put it there."""
    if data.get("type") != "text" or data.get("synthetic") is True or data.get("ignored") is True:
        return None
    return text(data.get("text"))


def succeeded(name: str, state: Json) -> int | None:
    """None while it runs. A shell command with another exit code than 0 (null: killed) is `completed` to the client."""
    status, meta = state.get("status"), obj(state.get("metadata"))
    if status == "completed":
        return int(meta["exit"] == 0) if name == SHELL and "exit" in meta else 1
    return 0 if status == "error" else None


def change_of(category: str, meta: Json, success: int | None) -> str | None:
    if category != "edit" or not success:
        return None
    return "created" if meta.get("exists") is False else "modified"


def changed_lines(name: str, arguments: Json, meta: Json) -> tuple[int | None, int | None]:
    """`edit` tells its counts, `apply_patch` those of each file, others their diff; a new file is its content."""
    counted = [obj(meta.get("filediff"))] if meta.get("filediff") else [obj(f) for f in meta.get("files") or []]
    if counted:
        return sum(count(f.get("additions")) for f in counted), sum(count(f.get("deletions")) for f in counted)
    if text(meta.get("diff")):
        return diff_lines(meta["diff"])
    if name == "write" and meta.get("exists") is False:
        return written_lines(arguments.get("content")), 0
    return None, None
