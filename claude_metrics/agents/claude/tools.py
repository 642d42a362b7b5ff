"""What a Claude tool call did: a line to show, the file it touched, the lines it changed."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
from msgspec import Raw, Struct

SUMMARY = 300
EDITS = frozenset(("Write", "Edit", "MultiEdit", "NotebookEdit"))
CATEGORIES = {
    **dict.fromkeys(EDITS, "edit"),
    **dict.fromkeys(("Bash", "PowerShell", "BashOutput", "TaskOutput"), "shell"),
    **dict.fromkeys(("Read", "NotebookRead"), "read"),
    **dict.fromkeys(("Grep", "Glob", "LS"), "search"),
    **dict.fromkeys(("WebSearch", "WebFetch", "web_search", "web_fetch"), "web"),
    **dict.fromkeys(("Agent", "Task"), "agent"),
    "Skill": "skill",
    "AskUserQuestion": "question",
    **dict.fromkeys(("TodoWrite", "TaskCreate", "TaskUpdate", "EnterPlanMode", "ExitPlanMode"), "plan"),
}


class ToolInput(Struct):
    command: str | None = None
    file_path: str | None = None
    notebook_path: str | None = None
    pattern: str | None = None
    query: str | None = None
    url: str | None = None
    skill: str | None = None
    subagent_type: str | None = None
    description: str | None = None
    prompt: str | None = None
    path: str | None = None


class Hunk(Struct):
    lines: list[str] = []


class PatchResult(Struct):
    type: str | None = None
    content: str | None = None
    structuredPatch: list[Hunk] = []


class Described(NamedTuple):
    summary: str | None
    file_path: str | None
    command: str | None
    subject: str | None = None


class ResultKind(Struct):
    type: str = ""


_KIND = msgspec.json.Decoder(ResultKind)
_INPUT = msgspec.json.Decoder(ToolInput)
_PATCH = msgspec.json.Decoder(PatchResult)
_NOTHING = Described(None, None, None)


def describe(raw: Raw) -> Described:
    """The telling argument of a tool call; nothing for an input of another shape."""
    try:
        arguments = _INPUT.decode(raw)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return _NOTHING
    file_path = arguments.file_path or arguments.notebook_path
    candidates = (
        arguments.command,
        file_path,
        arguments.pattern,
        arguments.query,
        arguments.url,
        arguments.skill,
        arguments.description,
        arguments.prompt,
        arguments.path,
    )
    telling = next(filter(None, candidates), None)
    summary = telling[:SUMMARY] if telling else None
    return Described(summary, file_path, arguments.command, arguments.skill or arguments.subagent_type)


def category_of(tool: str) -> str:
    return CATEGORIES.get(tool) or ("mcp" if tool.startswith("mcp__") else "other")


def subject_of(tool: str, category: str, subject: str | None) -> str | None:
    """The subagent's type, the skill's name, or the MCP server's (`mcp__server__tool`)."""
    if category == "mcp":
        return tool.split("__")[1]
    return subject or ("general-purpose" if category == "agent" else None)


def is_error(content: Raw) -> bool:
    """True for the result of a tool of the API that failed: an object whose type says so."""
    try:
        kind = _KIND.decode(content).type
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return False
    return kind.endswith("_error")


class Patch(NamedTuple):
    """What an edit did to its file."""

    added: int | None = None
    removed: int | None = None
    change: str | None = None


_NO_PATCH, _CREATED = Patch(), Patch(change="created")


def patch_of(raw: Raw, answer: Raw) -> Patch:
    """Lines added and removed by Write and Edit; a new file counts as the client counts it: split at newlines.

    The records of subagents hold only the text that the model was given (`answer`).
    """
    if b'"structuredPatch"' not in bytes(raw):
        return _CREATED if bytes(answer).startswith(b'"File created') else _NO_PATCH
    try:
        result = _PATCH.decode(raw)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return _NO_PATCH
    lines = [line[:1] for hunk in result.structuredPatch for line in hunk.lines]
    if result.type == "create" and not lines:
        return Patch(len((result.content or "").split("\n")), 0, "created")
    return Patch(lines.count("+"), lines.count("-"), "modified")
