"""A session turn by turn, as lines with a style: for a pager, and as Markdown for a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import click

from claude_metrics import clock
from claude_metrics.config import zones
from claude_metrics.render.tables import duration, line, number, size, usd
from claude_metrics.reports.session import FACETS, HEADINGS, Line, SessionHistory, Turn
from claude_metrics.text import markdown as escaped
from claude_metrics.text import markdown_code, markdown_quote, plain

SIGNS = {"unfinished": "…", "failed": "✗", "denied": "⊘", "ok": "✓"}
money = usd(4)


STYLES: dict[str, dict[str, Any]] = {
    "title": {"bold": True},
    "about": {"dim": True},
    "turn": {"bold": True, "fg": "cyan"},
    "heading": {"bold": True},
    "prompt": {"fg": "yellow"},
    "call": {},
    "failed": {"fg": "red"},
    "observation": {"fg": "magenta"},
    "commit": {"fg": "green"},
    "answer": {},
    "item": {},
}
INDENT = {"title": "", "about": "", "turn": "\n", "prompt": "> ", "answer": "< ", "heading": "  "}


class Paragraph(NamedTuple):
    """One paragraph: `role` says what it is (title, turn, prompt, call, failed, observation, commit, answer, ...)."""

    role: str
    text: str


def paragraphs(history: SessionHistory, tz: zones.Zone) -> Iterator[Paragraph]:
    """The whole session in order; texts are as stored, so the caller has to make them harmless."""
    session = history.view.session
    yield Paragraph("title", line(session["title"] or session["first_prompt"]) or "(no title)")
    yield Paragraph(
        "about",
        f"{session['session_id']}  {zones.show(session['start_time'], tz)}  "
        f"{money(session['total_cost_usd'], session['unpriced_tokens'])}",
    )
    for turn in history.turns:
        yield from _turn(turn, tz)
    yield from _summary(history.summary)


def _turn(turn: Turn, tz: zones.Zone) -> Iterator[Paragraph]:
    about = turn.about
    if about is None:
        yield Paragraph("turn", "Before the first prompt")
    else:
        took = duration(clock.between_ms(about["started_at"], about["ended_at"])) if about["ended_at"] else ""
        facts = [
            zones.show(about["started_at"], tz),
            took,
            f"{number(about['requests'])} requests",
            f"{number(about['output_tokens'])} tokens out",
            money(about["cost_usd"], about["cost_usd"] is None),
        ]
        yield Paragraph("turn", f"Turn {about['turn_index']}  {', '.join(filter(None, facts))}")
        yield Paragraph("prompt", (about["prompt"] or "(not stored)").strip())
    for call in turn.calls:
        yield Paragraph("failed" if call["result"] in ("failed", "denied") else "call", call_line(call))
    for observation in turn.observations:
        if (
            observation["kind"] in ("verification", "decision", "plan_item", "failed_attempt")
            and observation["outcome"] != "committed"
        ):
            yield Paragraph("observation", observation_line(observation))
    for commit in turn.commits:
        yield Paragraph("commit", commit_line(commit))
    if about is not None and about["response"]:
        yield Paragraph("answer", about["response"].strip())


def call_line(call: Line) -> str:
    """`✓ Bash  git status  (30ms, 2.1 kB)`; a subagent's are marked."""
    name = " ".join(filter(None, [call["tool_name"], call["subagent"] or call["skill"] or call["mcp_server"]]))
    facts = [
        duration(call["duration_ms"]),
        size(call["output_bytes"]),
        "denied" if call["result"] == "denied" else "",
        "by a subagent" if call["agent_id"] else "",
    ]
    details = ", ".join(filter(None, facts))
    what = line(call["input_summary"] or call["file_path"])
    return f"{SIGNS[call['result']]} {name}  {what}" + (f"  ({details})" if details else "")


def observation_line(row: Line) -> str:
    """`verification: tests: pytest, passed, 3 passed`."""
    detail = line(row["detail"]) if row["kind"] != "plan_item" else ""
    details = ", ".join(filter(None, [line(row["title"]), row["outcome"] if row["outcome"] != "list" else "", detail]))
    return f"{row['kind'].replace('_', ' ')}: {details}"


def commit_line(commit: Line) -> str:
    counted = f"  (+{number(commit['lines_added'])} -{number(commit['lines_deleted'])})"
    gone = "" if commit["reachable"] else ", gone since"
    return (
        f"{commit['sha'][:9]} {line(commit['message'])}" + (counted if commit["lines_added"] is not None else "") + gone
    )


def _summary(summary: Line) -> Iterator[Paragraph]:
    if any(summary.get(name) for name in HEADINGS):
        yield Paragraph("turn", "Summary")
    for name, heading in HEADINGS.items():
        texts = summary.get(name) or []
        if texts:
            yield Paragraph("heading", heading)
        yield from (Paragraph("item", line(text)) for text in texts)
    for name, heading in {"plan_progress": "Plan", **FACETS}.items():
        if summary.get(name):
            yield Paragraph("item", f"{heading}: {line(summary[name])}")


def on_screen(history: SessionHistory, tz: zones.Zone) -> Iterator[str]:
    """Coloured lines for a terminal; only the colours in them are escape sequences."""
    for role, text in paragraphs(history, tz):
        lead = INDENT.get(role, "    ")
        body = plain(text).replace("\n", "\n" + " " * len(lead.strip("\n")))
        yield click.style(lead + body, **STYLES[role]) + "\n"


# -- Markdown --------------------------------------------------------------------------


def markdown(history: SessionHistory, tz: zones.Zone) -> Iterator[str]:
    """The same as Markdown. Prompts and answers are quoted, tool calls are code: neither can become structure."""
    last = ""
    for role, text in paragraphs(history, tz):
        before = "" if role == last and role in ("call", "failed", "observation", "item", "commit") else "\n"
        yield before + _MARKDOWN.get(role, str)(text)
        last = "call" if role == "failed" else role


_MARKDOWN = {
    "title": lambda text: f"# {escaped(text)}",
    "turn": lambda text: f"## {text}",
    "heading": lambda text: f"### {text}",
    "prompt": lambda text: f"**Prompt**\n\n{markdown_quote(text)}",
    "answer": lambda text: f"**Answer**\n\n{markdown_quote(text)}",
    "call": lambda text: f"- {markdown_code(text)}",
    "failed": lambda text: f"- {markdown_code(text)}",
    "observation": lambda text: f"- {escaped(text)}",
    "commit": lambda text: f"- commit {markdown_code(text)}",
    "item": lambda text: f"- {escaped(text)}",
}
