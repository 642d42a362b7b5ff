"""Prompts: what kinds there are, what they cost, how long they are, which are retries, and how soon a commit follows.

The kind is the first of `KINDS` that fits the prompt's beginning. A retry says that the answer before was not right, or
repeats an earlier prompt of the session.
"""

from __future__ import annotations

import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from claude_metrics import clock
from claude_metrics.reports.query import Filter

Line = dict[str, Any]
NOT_STORED = "not stored"
_POLITE = r"(?:please |can you |could you |now )*"
# Kind and what a prompt of that kind begins with; the first that fits.
_BEGINS = (
    ("command", r"/\w"),
    ("go on", r"(?:yes|yep|ok(?:ay)?|sure|go on|go ahead|continue|proceed|do it|next|thanks?|great)\b"),
    ("fix", rf"{_POLITE}(?:fix|debug|repair|resolve|correct|solve)\b"),
    ("fix", r"(?s:.{0,80})\b(?:traceback|exception|error|bug|broken|fails?|failing)\b"),
    ("test", rf"{_POLITE}(?:test|verify|run (?:the |all )?(?:tests|checks)|write (?:\w+ )*tests?)\b"),
    ("refactor", rf"{_POLITE}(?:refactor|rename|move|extract|simplify|clean|split|reorgani[sz]e)\b"),
    ("review", rf"{_POLITE}(?:review|check|look (?:at|over|into|up)|analy[sz]e|audit|inspect)\b"),
    ("question", r"(?:what|how|why|where|when|who|which|is|are|does|do|should|explain|describe|tell me)\b"),
    ("question", r"[^\n]{0,300}\?\s*\Z"),
    ("build", rf"{_POLITE}(?:add|implement|create|make|write|build|introduce|support|set up)\b"),
    ("change", rf"{_POLITE}(?:change|update|use|let|extend|improve|adapt|remove|delete|drop|replace)\b"),
)
KINDS = [(name, re.compile(begin, re.IGNORECASE)) for name, begin in _BEGINS]
_AGAIN = re.compile(
    r"\s*(?:no[,. !]|nope|still\b|again\b|try again|that(?:'s| is) (?:not|wrong)|not (?:what|right)"
    r"|(?:it )?(?:doesn't|does not|didn't) work|wrong\b|undo\b|revert that)",
    re.IGNORECASE,
)
LENGTHS = (50, 200, 1000)


@dataclass(slots=True)
class Group:
    """Prompts that have something in common."""

    name: str
    prompts: int = 0
    retries: int = 0
    characters: int = 0
    requests: int = 0
    tool_calls: int = 0
    costs: list[float] = field(default_factory=list)

    def add(self, turn: sqlite3.Row, retry: bool) -> None:
        self.prompts += 1
        self.retries += retry
        self.characters += len(turn["prompt"] or "")
        self.requests += turn["requests"]
        self.tool_calls += turn["tool_calls"]
        if turn["cost_usd"] is not None:
            self.costs.append(turn["cost_usd"])

    def line(self) -> Line:
        """`cost_usd` is None when no price was known."""
        costs = self.costs
        return {
            "name": self.name,
            "prompts": self.prompts,
            "retries": self.retries,
            "mean_characters": round(self.characters / self.prompts) if self.prompts else None,
            "requests": self.requests,
            "tool_calls": self.tool_calls,
            "cost_usd": sum(costs) if costs else None,
            "mean_cost_usd": sum(costs) / len(costs) if costs else None,
            "median_cost_usd": median(costs) if costs else None,
        }


def kind_of(prompt: str | None) -> str:
    """The kind of a prompt; `other` when no rule knows it."""
    if not prompt or not prompt.strip():
        return NOT_STORED
    begin = prompt.strip()[:400]
    return next((name for name, rule in KINDS if rule.match(begin)), "other")


def length_of(prompt: str | None) -> str:
    if not prompt:
        return NOT_STORED
    limit = next((limit for limit in LENGTHS if len(prompt) <= limit), None)
    return f"up to {limit:,}" if limit else f"over {LENGTHS[-1]:,}"


def prompts(connection: sqlite3.Connection, where: Filter) -> dict[str, Any]:
    """`kinds` and `lengths` (the costliest first), `totals`, and `commits` (`first_commits`)."""
    condition, values = where.clauses(model=None)
    turns = connection.execute(
        f"""select session_id, turn_index, prompt, requests, tool_calls, cost_usd from v_turns {condition}
        order by session_id, turn_index""",
        values,
    )
    kinds, lengths, whole = dict[str, Group](), dict[str, Group](), Group("Total")
    for turn, retry in _with_retries(turns):
        for groups, name in ((kinds, kind_of(turn["prompt"])), (lengths, length_of(turn["prompt"]))):
            groups.setdefault(name, Group(name)).add(turn, retry)
        whole.add(turn, retry)
    return {
        "kinds": _lines(kinds),
        "lengths": _lines(lengths),
        "totals": whole.line(),
        "commits": first_commits(connection, where),
    }


def _lines(groups: dict[str, Group]) -> list[Line]:
    lines = [group.line() for group in groups.values()]
    return sorted(lines, key=lambda line: (-(line["cost_usd"] or 0), -line["prompts"], line["name"]))


def _with_retries(turns: Iterable[sqlite3.Row]) -> Iterable[tuple[sqlite3.Row, bool]]:
    """Each turn, and whether it asks again for what was asked before in its session."""
    seen = defaultdict[str, set[str]](set)
    for turn in turns:
        words = " ".join((turn["prompt"] or "").lower().split())[:200]
        earlier = seen[turn["session_id"]]
        yield turn, bool(words and earlier) and (words in earlier or _AGAIN.match(words) is not None)
        if words and kind_of(words) != "go on":
            earlier.add(words)


def first_commits(connection: sqlite3.Connection, where: Filter) -> Line:
    """How long and how many prompts it took sessions until their first own commit."""
    condition, values = where.clauses(model=None)
    rows = connection.execute(
        f"""with firsts as (select session_id, min(committed_at) as at from v_commits {condition}
            and counted group by 1)
        select f.at, s.start_time, (select count(*) from v_turns t where t.session_id = f.session_id
            and substr(t.started_at, 1, 19) <= substr(f.at, 1, 19)) as prompts
        from firsts f join v_sessions s using (session_id) where s.start_time is not null""",
        values,
    ).fetchall()
    times = [clock.between_ms(row["start_time"], row["at"]) for row in rows]
    return {
        "sessions": len(rows),
        "median_ms": round(median(times)) if times else None,
        "median_prompts": median(row["prompts"] for row in rows) if rows else None,
    }
