"""What a tool call did, in the words several agents share: a line to show, lines changed, its category."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claude_metrics.agents._json import Json, text
from claude_metrics.git.command_line import may_commit

SUMMARY = 300
COMMAND = 4000
_SUBJECTS = ("subagent_type", "agent_name", "agent_type", "skill", "name")
_TELLING = (
    "command", "cmd", "file_path", "filePath", "absolute_path", "path", "dir_path", "pattern", "query", "url", "name",
    "description", "prompt", "message", "input",
)  # fmt: skip


def summary(given: Json) -> str | None:
    """The telling argument of a call."""
    return next((found[:SUMMARY] for key in _TELLING if (found := text(given.get(key)))), None)


def written_lines(content: Any) -> int:
    """Lines of a file as `git diff --numstat` counts them."""
    if not isinstance(content, str) or not content:
        return 0
    return content.count("\n") + (not content.endswith("\n"))


def diff_lines(diff: Any) -> tuple[int, int]:
    """Lines added and removed by a unified diff; file headers stand before the first `@@`."""
    if not isinstance(diff, str):
        return 0, 0
    signs = [line[:1] for line in diff[max(0, diff.find("@@")) :].split("\n")]
    return signs.count("+"), signs.count("-")


def category_of(categories: Mapping[str, str], tool: str) -> str:
    """One of `observe.CATEGORIES`; `categories` are the agent's own tools."""
    return categories.get(tool) or ("mcp" if tool.startswith("mcp__") else "other")


def commit_route(category: str, command: str | None) -> str | None:
    """The command line of a call that may make commits, "" for a server's tool, None where it can make none."""
    if category == "mcp":
        return ""
    return command if may_commit(command) else None


def subject_of(tool: str, category: str, given: Json) -> str | None:
    """The subagent's type, the skill's name, or the MCP server's (`mcp__server__tool`)."""
    if category == "mcp":
        return tool.split("__")[1] if tool.count("__") > 1 else None
    if category in ("agent", "skill"):
        return next((found for key in _SUBJECTS if (found := text(given.get(key)))), None)
    return None
