"""Names that people read: agents instead of their identifiers, marks instead of 1 and 0, categories of tools."""

from __future__ import annotations

from claude_metrics.agents import RECORDED

AGENTS = {agent.type: agent.title for agent in RECORDED.values()}
MARKS = {"1": "✓", "0": "✗"}
NOTHING = "Nothing in this range"
UNTITLED = "(no title)"


def agent(column: str) -> str:
    """SQL: the agent's name instead of its identifier; one that is not listed keeps the identifier."""
    cases = " ".join(f"WHEN '{name}' THEN '{shown}'" for name, shown in AGENTS.items())
    return f"CASE {column} {cases} ELSE coalesce({column}, '(none)') END"


def one_line(column: str, most: int = 400) -> str:
    """SQL: a text without line breaks and without more than a tooltip can hold."""
    return f"trim(replace(replace(substr(coalesce({column}, ''), 1, {most}), char(10), ' '), char(9), ' '))"


def title(alias: str = "") -> str:
    """SQL: what a session is called; its identifier tells a reader nothing."""
    texts = ", ".join(f"nullif({one_line(alias + name)}, '')" for name in ("title", "first_prompt"))
    return f"coalesce({texts}, '{UNTITLED}')"
