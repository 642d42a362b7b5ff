"""Read the records of a Gemini CLI chat into rows.

A message line is written again, with the same id, when it gets its tool results: it counts once. `--resume` and
`/compress` write a snapshot of the history (`$set.messages`) without tokens: it is no second conversation, and what it
leaves out or `$rewindTo` takes back was billed all the same.
"""

from __future__ import annotations

import os.path
import re
from typing import Any

from claude_metrics import clock
from claude_metrics.agents._builder import BatchBuilder
from claude_metrics.agents._damage import FILLING
from claude_metrics.agents._json import Json, count, items, load, obj, size, text
from claude_metrics.agents._tools import category_of, commit_route, diff_lines, subject_of, summary
from claude_metrics.agents.gemini.names import AGENT_TYPE
from claude_metrics.models import Batch, Request, Source, ToolCall, key_of
from claude_metrics.text import session_name

SHELL = "run_shell_command"
CATEGORIES = {
    "run_shell_command": "shell", "write_file": "edit", "replace": "edit", "read_file": "read",
    "read_many_files": "read", "list_directory": "search", "glob": "search", "search_file_content": "search",
    "grep_search": "search", "web_fetch": "web", "google_web_search": "web", "invoke_agent": "agent",
    "activate_skill": "skill", "write_todos": "plan", "enter_plan_mode": "plan", "exit_plan_mode": "plan",
    "ask_user": "question",
}  # fmt: skip
_SUCCESS = {"success": 1, "error": 0, "cancelled": 0}
_SILENT = ("info", "error", "warning")
_CONTEXT = re.compile(r"\s*<hook_context>.*?</hook_context>\s*", re.DOTALL)
# What the client itself says in the user's place.
_NOT_TYPED = re.compile(r"<session_context>|System: (?:Potential loop detected|Please continue)")
# The shell tool's own lines stand behind the command's output.
_EXIT = re.compile(
    r"^Exit Code: (-?\d+)\n?(?:(?:Signal|Background PIDs|Process Group PGID): [^\n]*\n?)*"
    r"\s*(?:</untrusted_context>\s*)?\Z",
    re.MULTILINE,
)


class Reader(BatchBuilder):
    """`state`: the session the file names in its first line, and the newest time."""

    def __init__(self, source: Source, state: Json, project: str | None = None) -> None:
        super().__init__(source, AGENT_TYPE, text(state.get("last")))
        self.home: str | None = source.session_id or text(state.get("home"))
        self.model: str | None = text(state.get("model"))
        self.project: str | None = project or text(state.get("project"))

    def line(self, line: bytes) -> None:
        record = load(line) if line.strip(FILLING) else {}
        if record is None:
            for whole in self.recovered(line):
                self.line(whole)
        elif record:
            self.record(record)

    def record(self, record: Json) -> None:
        if "$set" in record:
            self.update(obj(record["$set"]))
        elif isinstance(record.get("id"), str):
            self.message(record)
        elif "sessionId" in record:
            self.header(record)
        elif "$rewindTo" not in record:
            self.count_unknown(record.get("type") or next(iter(record), "nothing"))

    def conversation(self, record: Json) -> None:
        """The whole session as one object, as older clients wrote it."""
        self.header(record)
        for message in items(record.get("messages")):
            self.record(message)

    def session_id(self) -> str:
        return session_name(self.home or self.source.path.stem)

    def header(self, record: Json) -> None:
        self.home = self.home or text(record.get("sessionId"))
        directories = record.get("directories")
        if self.project is None and isinstance(directories, list) and directories:
            self.project = text(directories[0])
        facts = self.facts(self.session_id())
        if self.source.agent_id is None:
            self.open_session(self.session_id(), clock.normal(record.get("startTime")))
            facts.title = text(record.get("summary")) or facts.title
        facts.project_path = facts.project_path or self.project
        self.work_in(self.project)

    def update(self, changes: Json) -> None:
        """A main session's `summary` is its title in the client's list; a subagent's is its report."""
        title = text(changes.get("summary"))
        if title and self.source.agent_id is None:
            self.facts(self.session_id()).title = title

    def message(self, record: Json) -> None:
        kind, stamp = record.get("type"), clock.normal(record.get("timestamp")) or self.last
        self.work_in(self.project)
        if kind == "user":
            self.user(record, stamp)
        elif kind == "gemini":
            self.gemini(record, stamp or clock.from_seconds(self.source.mtime_ns / 1e9))
        elif kind not in _SILENT:
            self.count_unknown(kind)

    # -- users ----------------------------------------------------------------

    def user(self, record: Json, stamp: str | None) -> None:
        prompt = typed_text(record)
        if prompt and stamp and self.source.agent_id is None:
            key = key_of(AGENT_TYPE, "prompt", self.session_id(), str(record["id"]))
            self.add_prompt(key, self.session_id(), stamp, prompt)

    # -- answers --------------------------------------------------------------

    def gemini(self, record: Json, stamp: str) -> None:
        key = key_of(AGENT_TYPE, str(record["id"]))
        self.model = text(record.get("model")) or self.model
        tokens = obj(record.get("tokens"))
        if any(count(value) for value in tokens.values()):
            self.add_request(self.request_of(key, record, stamp, tokens))
        answer = parts_text(record.get("content"))
        if answer.strip() and self.source.agent_id is None:
            self.add_response(self.session_id(), stamp, answer)
        for call in items(record.get("toolCalls")):
            self.tool(call, stamp, key if tokens else None)

    def request_of(self, key: int, record: Json, stamp: str, tokens: Json) -> Request:
        """Gemini counts cached tokens within `input` and leaves thoughts out of `output`; `tool` is more input."""
        cached, thoughts = count(tokens.get("cached")), count(tokens.get("thoughts"))
        return Request(
            id=key,
            session_id=self.session_id(),
            timestamp=stamp,
            model=self.model or "unknown",
            input_tokens=max(0, count(tokens.get("input")) - cached) + count(tokens.get("tool")),
            output_tokens=count(tokens.get("output")) + thoughts,
            cache_read_tokens=cached,
            reasoning_tokens=thoughts,
            message_id=str(record["id"]),
            agent_id=self.source.agent_id,
        )

    def tool(self, call: Json, stamp: str, key: int | None) -> None:
        """A call is written when it has ended: `timestamp` is its end."""
        arguments, name = obj(call.get("args")), text(call.get("name")) or ""
        ended = clock.normal(call.get("timestamp")) or stamp
        output, status = result_text(call), text(call.get("status")) or ""
        success = succeeded(name, status, output)
        added, removed = changed_lines(call) if success else (None, None)
        category = category_of(CATEGORIES, name)
        row = ToolCall(
            tool_call_id=f"{self.session_id()}:{call.get('id') or f'{stamp}/{name}'}",
            session_id=self.session_id(),
            timestamp=stamp,
            tool_name=name,
            input_summary=summary(arguments),
            input_bytes=size(arguments),
            output_bytes=size(output),
            success=success,
            duration_ms=clock.between_ms(stamp, ended),
            file_path=self.file_of(arguments),
            agent_id=self.source.agent_id,
            request_key=key,
            finished_at=ended,
            lines_added=added,
            lines_removed=removed,
            denied=int(status == "cancelled" or "denied by policy" in output) or None,
            category=category,
            subject=subject_of(name, category, arguments),
            change=change_of(category, obj(call.get("resultDisplay")), success),
        )
        self.add_tool_call(row)
        self.see(self.session_id(), ended)
        if name == SHELL or category == "mcp":
            self.program(row, arguments, output, stamp, ended)

    def program(self, call: ToolCall, arguments: Json, output: str, stamp: str, ended: str) -> None:
        """A shell command or a server's tool: it may check the work, and it may make commits."""
        command = text(arguments.get("command")) if call.tool_name == SHELL else None
        self.add_check_of(call, command, output)
        if (route := commit_route(call.category or "", command)) is not None:
            folder = text(arguments.get("dir_path") or arguments.get("directory")) or ""
            directory = os.path.normpath(os.path.join(self.project or "", folder))  # noqa: PTH118
            self.add_git_command(call, directory, route, stamp, ended, output)

    def file_of(self, arguments: Json) -> str | None:
        path = text(arguments.get("file_path")) or text(arguments.get("absolute_path"))
        return os.path.normpath(os.path.join(self.project or "", path)) if path else None  # noqa: PTH118

    # -- the end of a piece ----------------------------------------------------

    def snapshot(self) -> Json:
        return {"home": self.home, "last": self.last, "model": self.model, "project": self.project}

    def finish(self) -> Batch:
        if self.home:
            self.facts(self.session_id())
        return super().finish()


def typed_text(record: Json) -> str | None:
    """What a person typed: no tool results, no context of hooks, no words of the client itself."""
    content = parts_text(record.get("content"))
    if _NOT_TYPED.match(content):
        return None
    shown = parts_text(record.get("displayContent"))
    return _CONTEXT.sub("", shown or content).strip() or None


def parts_text(content: Any) -> str:
    """A text, or the text parts of a list."""
    if isinstance(content, str):
        return content
    return "\n".join(line for part in items(content) if (line := text(part.get("text"))))


def result_text(call: Json) -> str:
    """What the tool answered to the model."""
    answers = [obj(obj(part.get("functionResponse")).get("response")) for part in items(call.get("result"))]
    return "\n".join(str(answer.get("output") or answer.get("error") or "") for answer in answers)


def succeeded(name: str, status: str, output: str) -> int | None:
    """A shell command that ended with another code than 0 failed, whatever the client calls it."""
    exit_code = _EXIT.search(output) if name == SHELL else None
    return 0 if exit_code and exit_code[1] != "0" else _SUCCESS.get(status)


def change_of(category: str, shown: Json, success: int | None) -> str | None:
    if category != "edit" or not success:
        return None
    return "created" if shown.get("isNewFile") is True else "modified"


def changed_lines(call: Json) -> tuple[int | None, int | None]:
    shown = obj(call.get("resultDisplay"))
    counted = obj(shown.get("diffStat"))
    if counted:
        return count(counted.get("model_added_lines")), count(counted.get("model_removed_lines"))
    return diff_lines(shown["fileDiff"]) if text(shown.get("fileDiff")) else (None, None)
