"""What tool calls were for: kinds of activity with their subagents, skills and MCP servers, and programs of a shell."""

from __future__ import annotations

import sqlite3
from typing import Any

from claude_metrics import shell_words
from claude_metrics.reports.query import Filter

Line = dict[str, Any]
_COUNTS = """count(*) as calls, sum(result = 'failed') as failed, sum(result = 'denied') as denied,
    sum(result = 'unfinished') as unfinished, coalesce(sum(duration_ms), 0) as duration_ms,
    count(distinct session_id) as sessions"""
_PREFIXES = frozenset(("sudo", "env", "time", "nohup", "exec", "command", "then", "do", "else", "!", "{"))
_NO_PROGRAMS = frozenset(("cd", "export", "set", "for", "if", "fi", "done", "while", "case", "esac", "}", "#"))


def activities(connection: sqlite3.Connection, where: Filter) -> list[Line]:
    """A line per kind of activity and what it was given to: a subagent, a skill or an MCP server."""
    condition, values = where.clauses(model=None)
    rows = connection.execute(
        f"""select coalesce(category, 'other') as activity, coalesce(subagent, skill, mcp_server) as subject, {_COUNTS}
            from v_tool_calls {condition} group by 1, 2 order by calls desc, 1, 2""",
        values,
    )
    return [dict(row) for row in rows]


def programs(connection: sqlite3.Connection, where: Filter) -> list[Line]:
    """A line per program that shell commands name first; a call counts once for each of its programs."""
    condition, values = where.clauses(model=None)
    connection.create_function("programs_of", 1, lambda text: "\n".join(programs_of(text)), deterministic=True)
    rows = connection.execute(
        f"""select programs_of(input_summary) as program, {_COUNTS} from v_tool_calls {condition}
            and category = 'shell' group by session_id, 1""",
        values,
    )
    lines: dict[str, Line] = {}
    for row in rows:
        for name in str(row["program"]).split("\n"):
            line = lines.setdefault(name, {"program": name or None, **dict.fromkeys(row.keys()[1:], 0)})
            for key in row.keys()[1:]:
                line[key] += row[key]
    return sorted(lines.values(), key=lambda line: (-line["calls"], str(line["program"])))


def programs_of(command: str | None) -> list[str]:
    """`cd src && sudo make -j2 | tee log` -> make, tee: each program once, without its folder."""
    names, begins = list[str](), True
    for token in shell_words.TOKEN.finditer(shell_words.without_heredocs(command or "", [])):
        if token.lastgroup == "control":
            begins = True
        elif token.lastgroup == "word" and begins:
            word = token[0].strip("'\"").rsplit("/", 1)[-1]
            begins = word in _PREFIXES or "=" in word
            if not begins and word not in _NO_PROGRAMS:
                names.append(word)
    return list(dict.fromkeys(names))
