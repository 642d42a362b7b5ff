"""A session retold turn by turn, as lines with a style: for a pager, and as Markdown for a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from claude_metrics import clock
from claude_metrics.config import zones
from claude_metrics.render.tables import duration, line, number, usd
from claude_metrics.reports.session import Line
from claude_metrics.reports.session_summary import FACETS, HEADINGS
from claude_metrics.reports.session_turns import Story, Turn

SIGNS = {"unfinished": "…", "failed": "✗", "denied": "⊘", "ok": "✓"}
money = usd(4)


class Told(NamedTuple):
    """One paragraph: `role` says what it is (title, turn, prompt, call, failed, seen, commit, answer, ...)."""

    role: str
    text: str


def retell(story: Story, here: zones.Zone) -> Iterator[Told]:
    """The whole session in order; texts are as stored, so the caller has to make them harmless."""
    session = story.view.session
    yield Told("title", line(session["title"] or session["first_prompt"]) or "(no title)")
    yield Told("about", f"{session['session_id']}  {zones.show(session['start_time'], here)}  "
                        f"{money(session['total_cost_usd'], session['unpriced_tokens'])}")  # fmt: skip
    for turn in story.turns:
        yield from _turn(turn, here)
    yield from _summary(story.summary)


def _turn(turn: Turn, here: zones.Zone) -> Iterator[Told]:
    about = turn.about
    if about is None:
        yield Told("turn", "Before the first prompt")
    else:
        took = duration(clock.between_ms(about["started_at"], about["ended_at"])) if about["ended_at"] else ""
        facts = [
            zones.show(about["started_at"], here), took, f"{number(about['requests'])} requests",
            f"{number(about['output_tokens'])} tokens out", money(about["cost_usd"], about["cost_usd"] is None),
        ]  # fmt: skip
        yield Told("turn", f"Turn {about['turn_index']}  {', '.join(filter(None, facts))}")
        yield Told("prompt", (about["prompt"] or "(not stored)").strip())
    for call in turn.calls:
        yield Told("failed" if call["result"] in ("failed", "denied") else "call", call_line(call))
    for seen in turn.observations:
        if (
            seen["kind"] in ("verification", "decision", "plan_item", "failed_attempt")
            and seen["outcome"] != "committed"
        ):
            yield Told("seen", seen_line(seen))
    for commit in turn.commits:
        yield Told("commit", commit_line(commit))
    if about is not None and about["response"]:
        yield Told("answer", about["response"].strip())


def call_line(call: Line) -> str:
    """`✓ Bash  git status  (30ms, 2.1 kB)`; a subagent's are marked."""
    name = " ".join(filter(None, [call["tool_name"], call["subagent"] or call["skill"] or call["mcp_server"]]))
    facts = [duration(call["duration_ms"]), size(call["output_bytes"]), "denied" if call["result"] == "denied" else "",
             "by a subagent" if call["agent_id"] else ""]  # fmt: skip
    told = ", ".join(filter(None, facts))
    what = line(call["input_summary"] or call["file_path"])
    return f"{SIGNS[call['result']]} {name}  {what}" + (f"  ({told})" if told else "")


def seen_line(seen: Line) -> str:
    """`verification: tests: pytest, passed, 3 passed`."""
    detail = line(seen["detail"]) if seen["kind"] != "plan_item" else ""
    told = ", ".join(filter(None, [line(seen["title"]), seen["outcome"] if seen["outcome"] != "list" else "", detail]))
    return f"{seen['kind'].replace('_', ' ')}: {told}"


def commit_line(commit: Line) -> str:
    counted = f"  (+{number(commit['lines_added'])} -{number(commit['lines_deleted'])})"
    gone = "" if commit["reachable"] else ", gone since"
    return (
        f"{commit['sha'][:9]} {line(commit['message'])}" + (counted if commit["lines_added"] is not None else "") + gone
    )


def size(count: int | None) -> str:
    if count is None:
        return ""
    return f"{count} B" if count < 1000 else f"{count / 1000:.1f} kB" if count < 1e6 else f"{count / 1e6:.1f} MB"


def _summary(summary: Line) -> Iterator[Told]:
    if any(summary.get(name) for name in HEADINGS):
        yield Told("turn", "Summary")
    for name, heading in HEADINGS.items():
        texts = summary.get(name) or []
        if texts:
            yield Told("heading", heading)
        yield from (Told("item", line(text)) for text in texts)
    for name, heading in {"plan_progress": "Plan", **FACETS}.items():
        if summary.get(name):
            yield Told("item", f"{heading}: {line(summary[name])}")


# -- Markdown --------------------------------------------------------------------------


def markdown(story: Story, here: zones.Zone) -> Iterator[str]:
    """The same as Markdown. Prompts and answers are quoted, tool calls are code: neither can become structure."""
    last = ""
    for role, text in retell(story, here):
        before = "" if role == last and role in ("call", "failed", "seen", "item", "commit") else "\n"
        yield before + _MARKDOWN.get(role, str)(text)
        last = "call" if role == "failed" else role


def _code(text: str) -> str:
    """A code span whose fence is longer than any run of backticks inside."""
    fence = "`" * (max((len(run) for run in "".join(c if c == "`" else " " for c in text).split()), default=0) + 1)
    return f"{fence} {text} {fence}"


def _quoted(text: str) -> str:
    return "\n".join(f"> {part}" for part in text.replace("<", "&lt;").splitlines())


_MARKDOWN = {
    "title": lambda text: f"# {_plain(text)}", "turn": lambda text: f"## {text}", "heading": lambda text: f"### {text}",
    "prompt": lambda text: f"**Prompt**\n\n{_quoted(text)}", "answer": lambda text: f"**Answer**\n\n{_quoted(text)}",
    "call": lambda text: f"- {_code(text)}", "failed": lambda text: f"- {_code(text)}",
    "seen": lambda text: f"- {_plain(text)}", "commit": lambda text: f"- commit {_code(text)}",
    "item": lambda text: f"- {_plain(text)}",
}  # fmt: skip


def _plain(text: str) -> str:
    """Text that stays text: what Markdown would read as markup is escaped."""
    return "".join(f"\\{c}" if c in "\\`*_[]<>#|!" else c for c in text)
