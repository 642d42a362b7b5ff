"""Facts about what a session did, taken from its records while they are read: no model, no guess, the same every time.

Readers call these for the few tools whose result has to be read to know; `store.observations` derives the others
(what was read, searched, changed, tried and committed) from the stored rows. The rules, by kind:

verification  a shell command that tests, lints, checks types or builds (`verification.check_of`), with what it said
decision      the answer to a question of the agent's, a plan approved or rejected
plan_item     a to-do list as it was written, or one task made or changed
file_change   one file of a tool that changes several at once (those of one file are derived)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from claude_metrics.activity.verification import check_of
from claude_metrics.models import Observation, key_of

# What a tool is for; each agent's module says so for its own tools.
CATEGORIES = ("read", "search", "web", "edit", "shell", "agent", "skill", "mcp", "plan", "question", "other")
KINDS = (
    "discovery",
    "decision",
    "feature",
    "bugfix",
    "refactor",
    "failed_attempt",
    "file_change",
    "verification",
    "plan_item",
)
TITLE, DETAIL, ITEMS = 300, 4000, 100
# How a list's items are written in `detail`: a person reads it as a checklist, `plan_of` reads it back.
MARKS = {"pending": "[ ]", "in_progress": "[>]", "completed": "[x]"}
_STATES = {mark: state for state, mark in MARKS.items()}


def observation_id(kind: str, tool_call_id: str, part: str = "") -> int:
    """The same fact has the same key, whoever finds it and however often."""
    return key_of("observation", kind, tool_call_id, part)


def cleaned(row: Observation, keep: Callable[[str | None], str | None]) -> Observation:
    """`row` with the content policy `keep` applied to what the conversation said; our own words and paths stay."""
    if row.kind in ("verification", "file_change"):
        return row
    counted = row.outcome == "list"
    return row._replace(title=row.title if counted else keep(row.title), detail=keep(row.detail))


def one_line(text: str | None, limit: int = TITLE) -> str | None:
    """A beginning of `text` on one line, cut inside a word only at the limit, where redaction looks for half of one."""
    beginning = (text or "")[: limit * 2]
    words = beginning.split()
    if len(words) > 1 and len(text or "") > len(beginning) and not beginning[-1].isspace():
        words.pop()
    return " ".join(words)[:limit] or None


def verification(call: str, session: str, at: str, check: str, passed: bool | None, said: str | None) -> Observation:
    """A check that ran: `check` is what `verification.check_of` made of the command, `said` its counts in our words."""
    outcome = None if passed is None else "passed" if passed else "failed"
    return Observation(
        observation_id("verification", call), session, at, "verification", check, said, outcome, tool_call_id=call
    )


def answers(call: str, session: str, at: str, given: Mapping[str, str]) -> list[Observation]:
    """What the user chose when asked."""
    return [
        Observation(
            observation_id("decision", call, question),
            session,
            at,
            "decision",
            one_line(question),
            answer[:DETAIL],
            "answered",
            tool_call_id=call,
        )
        for question, answer in given.items()
    ]


def plan_decision(call: str, session: str, at: str, approved: bool, plan: str | None) -> Observation:
    """A plan the user approved or turned down; its first line is the title."""
    lines = [line.strip("# ") for line in (plan or "")[:DETAIL].splitlines() if line.strip("# ")]
    return Observation(
        observation_id("decision", call),
        session,
        at,
        "decision",
        one_line(lines[0] if lines else "Plan"),
        (plan or "")[:DETAIL] or None,
        "approved" if approved else "rejected",
        tool_call_id=call,
    )


def plan_list(
    call: str, session: str, at: str, items: Iterable[tuple[str, str]], agent_id: str | None = None
) -> Observation:
    """A whole to-do list of `(text, state)` as one call wrote it; it replaces the one before."""
    listed = [(one_line(text) or "", state) for text, state in items][:ITEMS]
    done = sum(state == "completed" for _, state in listed)
    detail = "\n".join(f"{MARKS.get(state, MARKS['pending'])} {text}" for text, state in listed)
    return Observation(observation_id("plan_item", call), session, at, "plan_item", f"{done} of {len(listed)} done",
                       detail, "list", None, None, call, agent_id)  # fmt: skip


def plan_task(call: str, session: str, at: str, task: str, state: str, title: str | None) -> Observation:
    """One task made (with its title) or brought to another state."""
    return Observation(observation_id("plan_item", call), session, at, "plan_item", one_line(title), None, state, task,
                       tool_call_id=call)  # fmt: skip


def file_change(call: str, session: str, at: str, path: str, change: str, agent_id: str | None = None) -> Observation:
    """`change` is created, modified or deleted."""
    return Observation(observation_id("file_change", call, path), session, at, "file_change", None, None, change,
                       None, path, call, agent_id)  # fmt: skip


# -- words of a shell and of a commit ------------------------------------------------

_LOOKING = frozenset(
    ("cat", "head", "tail", "less", "ls", "find", "fd", "grep", "egrep", "rg", "ag", "tree", "wc", "stat", "file", "du",
     "which", "pwd", "nl", "bat", "jq", "diff", "git status", "git log", "git show", "git diff", "git blame",
     "git ls-files", "git grep", "git branch", "git remote", "git rev-parse")
)  # fmt: skip
_WRITES = re.compile(r">|\$\(|`|\btee\b|-delete\b|-exec\b|\bxargs\b")
_FILTERS = _LOOKING | {"sort", "uniq", "cut", "tr", "sed -n", "awk", "echo", "cd", "true"}
_SEPARATOR = re.compile(r"&&|\|\||[;|\n]")


@lru_cache(4096)
def only_looks(command: str | None) -> bool:
    """True for a command line whose every part reads: `cd src && git log -3 | head`."""
    if not command or _WRITES.search(command.replace("2>/dev/null", "").replace("2>&1", "")):
        return False
    parts = [part.split() for part in _SEPARATOR.split(command) if part.strip()]
    names = [{" ".join(words[:1]), " ".join(words[:2])} for words in parts]
    return all(name & _FILTERS for name in names) and any(name & _LOOKING for name in names)


@lru_cache(4096)
def program_of(command: str | None) -> str | None:
    """What a failed command has in common with its next try: the check it runs, or its program and subcommand."""
    if not command:
        return None
    parts = [part.split() for part in _SEPARATOR.split(command) if part.strip()]
    last = next((words for words in reversed(parts) if words[0] != "cd"), [""])
    words = [word for word in last if "=" not in word]
    return check_of(command) or " ".join(word for word in words[:2] if not word.startswith("-"))


_TYPE = re.compile(r"(\w+)(?:\([^)]*\))?!?:\s")
_TYPES = {
    "feat": "feature",
    "feature": "feature",
    "fix": "bugfix",
    "bugfix": "bugfix",
    "hotfix": "bugfix",
    "refactor": "refactor",
    "perf": "refactor",
    "style": "refactor",
    **dict.fromkeys(("build", "chore", "ci", "docs", "doc", "revert", "test", "tests"), "decision"),
}
_VERBS = {
    **dict.fromkeys(("fix", "fixes", "fixed", "repair", "correct", "mend", "handle", "prevent", "avoid"), "bugfix"),
    **dict.fromkeys(("refactor", "rename", "move", "extract", "simplify", "clean", "reorganise", "reorganize", "inline",
                     "split", "tidy", "format", "dedupe"), "refactor"),
    **dict.fromkeys(("bump", "revert", "pin", "drop", "remove", "deprecate", "document"), "decision"),
}  # fmt: skip


def kind_of_commit(subject: str) -> str:
    """By its conventional-commit type, else by its first verb; a subject with neither adds something."""
    typed = _TYPE.match(subject)
    if typed and typed[1].lower() in _TYPES:
        return _TYPES[typed[1].lower()]
    return _VERBS.get(subject.split(maxsplit=1)[0].lower() if subject.strip() else "", "feature")


# -- plans ---------------------------------------------------------------------------


def plan_of(rows: Iterable[tuple[str | None, str | None, str | None, str | None]]) -> list[tuple[str, str]]:
    """The plan after `(title, detail, outcome, item)` of its plan_item rows in order: `(text, state)` of each item."""
    listed: list[tuple[str, str]] = []
    tasks: dict[str, tuple[str, str]] = {}
    for title, detail, outcome, item in rows:
        if item is None:
            listed = [(line[4:], _STATES.get(line[:3], "pending")) for line in (detail or "").splitlines()]
        elif outcome == "deleted":
            tasks.pop(item, None)
        else:
            known = tasks.get(item, (f"Task {item}", "pending"))
            tasks[item] = (title or known[0], outcome or known[1])
    return listed + list(tasks.values())
