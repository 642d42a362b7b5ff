"""Find in Grafana's log why the server did not start."""

from __future__ import annotations

import re

SHOWN = 3
LONGEST = 300
_LEVEL = re.compile(r"\b(?:level|lvl)=(?:error|eror|crit|fatal)\b", re.IGNORECASE)
_PLAIN = re.compile(r"^\W*(?:Error|Fatal|panic)\b", re.IGNORECASE)
_PART = re.compile(r'\b(msg|error|err|reason)=("(?:[^"\\]|\\.)*"|\S+)')
_CONTAINER = re.compile(r"^\S+\s+\| ")  # docker compose writes the service's name before each line


def last_errors(text: str) -> list[str]:
    """The last errors of the log, newest last; without any, its last line."""
    lines = [_CONTAINER.sub("", line).strip() for line in text.splitlines()]
    errors = [_short(line) for line in lines if _LEVEL.search(line) or _PLAIN.search(line)]
    return list(dict.fromkeys(errors))[-SHOWN:] or [line[:LONGEST] for line in lines if line][-1:]


def _short(line: str) -> str:
    """The message and its reason; the time and the logger say nothing to a user."""
    parts = [value.strip('"').replace('\\"', '"') for _, value in _PART.findall(line)]
    return (": ".join(parts) or line)[:LONGEST]
