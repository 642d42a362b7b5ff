"""What a Codex tool call asked for, and how it ended."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from claude_metrics.agents._json import Json, items, load, obj, text
from claude_metrics.agents._tools import diff_lines, written_lines

CATEGORIES = {
    **dict.fromkeys(("exec_command", "write_stdin", "shell", "shell_command", "local_shell"), "shell"),
    **dict.fromkeys(("spawn_agent", "wait_agent", "send_input", "close_agent", "resume_agent"), "agent"),
    "exec": "shell",
    "container.exec": "shell",
    "apply_patch": "edit",
    "view_image": "read",
    "web_search": "web",
    "update_plan": "plan",
    "request_user_input": "question",
}
# Their output tells the exit code; without one they did not get that far.
SHELLS = frozenset(("exec_command", "shell", "shell_command", "local_shell", "container.exec", "apply_patch"))
_EXIT = re.compile(r"^(?:Process exited with code|Exit code:) (-?\d+)", re.MULTILINE)
_RUNNING = ("Process running with", "Script running with")
_FAILED = ("Script error", "Script failed", "err: ", "aborted", "unsupported call")
_CHANGES = {"add": "created", "update": "modified", "delete": "deleted"}
_STEP = ("command", "cwd", "arguments", "changes")  # of an item that is a script's step
_DENIED = "rejected by user"
_PATCHED = re.compile(r"^\*\*\* (?:Add|Update|Delete) File: (.+)$", re.MULTILINE)


class Ended(NamedTuple):
    """`success` None: it still runs, or nothing says."""

    success: int | None
    denied: int | None
    running: bool = False


def arguments(payload: Json) -> Json:
    """The arguments of a call of any kind, or of an item."""
    if isinstance(payload.get("arguments"), str):
        return load(payload["arguments"]) or {}
    if isinstance(payload.get("input"), str):
        return {"input": payload["input"]}
    return obj(payload.get("action")) or {key: payload[key] for key in _STEP if key in payload}


def command_of(parameters: Json) -> str | None:
    """The command line; of `["bash", "-lc", LINE]` the line."""
    command = parameters.get("cmd") or parameters.get("command")
    if isinstance(command, list):
        words = [word for word in command if isinstance(word, str)]
        return words[2] if len(words) == 3 and words[1] in ("-c", "-lc") else " ".join(words) or None
    return text(command)


def directory_of(parameters: Json) -> str | None:
    found = text(parameters.get("workdir")) or text(parameters.get("working_directory")) or text(parameters.get("cwd"))
    return found.removeprefix("file://") if found else None


def patched_file(parameters: Json) -> str | None:
    found = _PATCHED.search(parameters["input"]) if isinstance(parameters.get("input"), str) else None
    return found[1].strip() if found else None


def output_text(output: Any) -> str:
    """A text, or the texts of a list of content items."""
    if isinstance(output, str):
        return output
    parts = items(output) or items(obj(output).get("content"))
    return "\n".join(str(part.get("text") or "") for part in parts)


def ended(name: str, output: str) -> Ended:
    """How a call ended by what the model was told; clients of 2025 told it as JSON."""
    if _DENIED in output[:200]:
        return Ended(0, 1)
    if output.startswith("{") and "exit_code" in output:
        code = obj((load(output) or {}).get("metadata")).get("exit_code")
        if isinstance(code, int):
            return Ended(int(code == 0), None)
    found = _EXIT.search(output[:400]) if name in SHELLS or name == "write_stdin" else None
    if found:
        return Ended(int(found[1] == "0"), None)
    if any(mark in output[:400] for mark in _RUNNING):
        return Ended(None if name != "write_stdin" else 1, None, running=True)
    return Ended(int(name not in SHELLS and not output.startswith(_FAILED)), None)


def item_ended(item: Json) -> Ended:
    """How a `CommandExecution`, `FileChange` or `McpToolCall` item, or an older `..._end` event, ended."""
    status, code = item.get("status"), item.get("exit_code")
    if status == "declined":
        return Ended(0, 1)
    if isinstance(code, int):
        return Ended(int(code == 0), None)
    if isinstance(item.get("success"), bool):
        return Ended(int(item["success"]), None)
    return Ended({"completed": 1, "failed": 0}.get(str(status)), None)


class Changed(NamedTuple):
    """The first file of a `FileChange` and what became of it, and the lines of all of them."""

    path: str | None
    change: str | None
    added: int
    removed: int


def changed(changes: Any) -> Changed:
    added = removed = 0
    for change in obj(changes).values():
        more, less = _change_lines(obj(change))
        added, removed = added + more, removed + less
    first = next(iter(obj(changes)), None)
    return Changed(first, _CHANGES.get(_kind(obj(obj(changes).get(first)))) if first else None, added, removed)


def _kind(change: Json) -> str:
    """Older clients wrote `{"add": {...}}` instead of `{"type": "add", ...}`."""
    return str(change.get("type") or next(iter(change), ""))


def _change_lines(change: Json) -> tuple[int, int]:
    kind = _kind(change)
    change = obj(change.get(kind)) or change
    if kind == "update":
        return diff_lines(change.get("unified_diff"))
    lines = written_lines(change.get("content"))
    return (lines, 0) if kind == "add" else (0, lines)
