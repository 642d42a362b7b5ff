"""The note: its sections, its length in the own count of each client, and its forms."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from claude_metrics.context import note
from claude_metrics.context.clients import PLAIN, client_of, names, utf8, utf16
from claude_metrics.context.gathering import gather
from claude_metrics.context.settings import Settings
from claude_metrics.context.text import Section, ago, clean_path, fit
from claude_metrics.git import process as git
from tests.context.notes import LONG, NOW, inside, some_facts
from tests.support.git_sandbox import repository


def test_a_long_path_keeps_its_end() -> None:
    assert clean_path("a" * 100 + "/end", 10) == "\N{HORIZONTAL ELLIPSIS}aaaaa/end"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(-5, "just now"), (59, "just now"), (60, "1 minute ago"), (7199, "1 hour ago"), (86400 * 3, "3 days ago")],
)
def test_ages(seconds: float, expected: str) -> None:
    assert ago(seconds) == expected


@pytest.mark.parametrize("length", [len, utf8, utf16])
def test_within_every_limit_sections_go_from_the_end_and_the_tags_are_closed(length: Callable[[str], int]) -> None:
    sections = [
        Section("First", tuple(f"line {number} \N{GRINNING FACE}" for number in range(20))),
        Section("Second", ("é" * 30,)),
        Section("Third", ("ü" * 50,)),
    ]
    kept_before = 0
    for limit in range(1500):
        text = fit("head", sections, ["spend"], limit, length)
        assert length(text) <= limit
        if not text:
            continue
        lines = inside(text)
        kept = [section.title for section in sections if f"{section.title}:" in lines]
        assert kept == ["First", "Second", "Third"][: len(kept)]
        assert len(kept) >= kept_before, "more room never shows less"
        kept_before = len(kept)
        dropped = [section.title for section in sections[len(kept) :]]
        said = [line for line in lines if line.startswith("Left out for length: ")]
        told = f"Left out for length: {', '.join(dropped)}. `claude-metrics context` shows all."
        assert said == ([told] if dropped and kept else [])
        if kept:
            assert "Left out, not known in time: spend." in lines
    assert kept_before == 3


def test_lines_go_before_the_first_section_does_and_are_counted() -> None:
    section = Section("First", tuple("x" * 50 for _ in range(100)))
    for limit in (500, 1000, 3000):
        text = fit("head", [section], [], limit, len)
        lines = inside(text)
        shown = lines.count("- " + "x" * 50)
        assert f"- ... and {100 - shown} more" in lines
        assert limit - 60 < len(text) <= limit


@pytest.mark.parametrize("tool", [None, *names()])
def test_the_limits_hold_with_names_that_are_longer_in_the_clients_count(tool: str | None) -> None:
    client = client_of(tool)
    facts = some_facts(300, branch="\N{GRINNING FACE}" * 60, upstream="\N{GRINNING FACE}" * 60, subject="é" * 100)
    text = note.render(facts, NOW, client)
    assert client.limit - 700 < client.length(text) <= client.limit
    assert "Left out for length: Command-line tools found." in "\n".join(inside(text))


@pytest.mark.parametrize("tool", names())
def test_a_wish_makes_it_shorter_never_longer_than_the_client_takes(tool: str) -> None:
    client, facts = client_of(tool), some_facts(300, subject="x" * 72, changed=1)
    assert client.length(note.render(facts, NOW, client, 2000)) <= 2000
    assert client.length(note.render(facts, NOW, client, 10**6)) <= client.limit


def test_in_a_terminal_a_wish_may_be_longer() -> None:
    facts = some_facts(60, branch="b" * 60, upstream="u" * 60, subject="x" * 72)
    assert len(note.render(facts, NOW, PLAIN)) <= PLAIN.limit < len(note.render(facts, NOW, PLAIN, 10**6))


def test_sizes_are_what_the_clients_count() -> None:
    assert [utf16(text) for text in ("a", "é", "\N{GRINNING FACE}")] == [1, 1, 2]
    assert [utf8(text) for text in ("a", "é", "\N{GRINNING FACE}")] == [1, 2, 4]
    assert max(client_of(tool).limit for tool in ("claude", "codex")) < 10_000


@pytest.mark.slow
def test_a_workspace_of_300_repositories(tmp_path: Path) -> None:
    first = repository(tmp_path / "work" / "repository-000")
    shutil.rmtree(first / ".git/hooks")
    for number in range(1, 300):
        shutil.copytree(first, tmp_path / "work" / f"repository-{number:03}")
    for number in (7, 250):
        (tmp_path / "work" / f"repository-{number:03}" / "new").touch()
    before = git.processes_started
    facts = gather(str(tmp_path / "work"), "", Settings(context_deadline_s=60))
    assert git.processes_started - before == 300
    for client in (PLAIN, *map(client_of, names())):
        text = note.render(facts, NOW, client)
        assert client.length(text) <= client.limit
        lines = inside(text)
        listed = [line for line in lines if line.startswith("- repository-")]
        assert ["repository-007: " in listed[0], "repository-250: " in listed[1]] == [True, True], "work first"
        assert len(listed) == note.LISTED
        assert "- 240 more repositories, 240 of them clean" in lines
    in_haste = gather(str(tmp_path / "work"), "", Settings(context_deadline_s=0.3))
    assert len(in_haste.repositories) + in_haste.late_repositories <= 300
    text = note.render(in_haste, NOW, PLAIN)
    assert len(text) <= PLAIN.limit
    assert "left out: no answer in time" in text or "not all folders were looked through" in text


def test_the_order_of_the_sections_and_what_is_said_of_what_is_missing(tmp_path: Path) -> None:
    facts = some_facts(2)
    facts.late_repositories, facts.complete, facts.late = 3, False, ["spend"]
    facts.not_checked_out = [f"sub-{number}" for number in range(7)]
    lines = inside(note.render(facts, NOW, PLAIN))
    assert lines.index("Repositories in /home/dev/work:") < lines.index("Command-line tools found:")
    assert "- 3 repositories left out: no answer in time" in lines
    assert "- 7 submodules not checked out: sub-0, sub-1, sub-2, sub-3, sub-4, ..." in lines
    assert "- there may be more: not all folders were looked through" in lines
    assert "Left out, not known in time: spend." in lines
    (tmp_path / "bare").mkdir()
    assert "- none: this folder is not under version control" in note.write(str(tmp_path / "bare"), "", LONG, PLAIN)


FORMS = {
    "claude": {"hookSpecificOutput": {"hookEventName": "SessionStart", "additionalContext": "the note"}},
    "codex": {"hookSpecificOutput": {"hookEventName": "SessionStart", "additionalContext": "the note"}},
    "gemini": {"hookSpecificOutput": {"hookEventName": "SessionStart", "additionalContext": "the note"}},
    "cursor": {"additional_context": "the note"},
}


@pytest.mark.parametrize("tool", names())
def test_each_clients_form(tool: str) -> None:
    assert json.loads(client_of(tool).output("the note")) == FORMS[tool]
    assert json.loads(client_of(tool).output("")) == {}
    assert (PLAIN.output("the note"), PLAIN.output("")) == ("the note", "")
