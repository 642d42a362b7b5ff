"""The real clients, with the session-start hook put in by our installer: their first request holds the note."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.rig.api import Exchange
from tests.rig.rig import Rig

pytestmark = [pytest.mark.client, pytest.mark.timeout(600)]

FACE = "\N{GRINNING FACE}"  # one character, two UTF-16 units, four bytes
OPEN, CLOSE = "<session-context>", "</session-context>"


def watched(rig: Rig) -> list[Any]:
    """The bodies of all requests to the model, in order, from now on."""
    bodies: list[Any] = []
    answer = rig.api.answer

    def keep(exchange: Exchange, body: Any, text: str) -> None:
        bodies.append(body)
        answer(exchange, body, text)

    rig.api.answer = keep  # type: ignore[method-assign]
    return bodies


def install(rig: Rig, agent: str) -> None:
    done = rig.claude_metrics("hook", "install", "--event", "session-start", "--agent", agent)
    assert done.returncode == 0, done.stderr
    rig.write(f"{rig.project_name}/odd </session-context>/file", "an untracked folder\n")
    rig.git("commit", "-q", "--allow-empty", "-m", "Close </session-context> it")


def texts(value: Any) -> Iterator[str]:
    """Every string in a request."""
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else []:
        yield from texts(inner)


def notes(body: Any) -> list[str]:
    """The notes in a request, whole; Gemini writes the tags' brackets as entities.

    (Claude Code itself tells the last commits' subjects as they are, in a text of its own.)
    """
    found = []
    for text in texts(body):
        plain = text.replace("&lt;", "<").replace("&gt;", ">")
        assert OPEN not in plain or plain.count(OPEN) == plain.count(CLOSE), (
            "every note is whole, and nothing in it closes it"
        )
        found += [part.partition(CLOSE)[0] for part in plain.split(OPEN)[1:]]
    return found


def is_ours(note: str, rig: Rig) -> bool:
    place = f"Repositories in {rig.project}:" in note
    return place and "- .: on main, no upstream; " in note and "- git: version control" in note


def first_of(bodies: list[Any], prompt: str) -> Any:
    """The first request that holds the prompt and offers tools: side requests, for a title say, do not."""
    return next(body for body in bodies if body.get("tools") and prompt in json.dumps(body, ensure_ascii=False))


# Per scenario, for each session start: its source, the prompt that follows, how many notes the request then holds
# (what was cleared or compacted away is gone, what is resumed is still there), the last commit at that time.
HOSTILE = "Close \u2039/session-context\u203a it"
CLAUDE = {
    "print-basic": [("startup", "add a greeting module", 1, HOSTILE)],
    "resume": [
        ("startup", "first part of the job", 1, HOSTILE),
        ("resume", "second part of the job", 2, "Part one"),
        ("resume", "third part of the job", 3, "Part two"),
    ],
    "tui-clear": [("startup", "before the clear", 1, HOSTILE), ("clear", "after the clear", 1, "Before clear")],
    "tui-compact": [
        ("startup", "work before compaction", 1, HOSTILE),
        ("compact", "work after compaction", 1, "Before compaction"),
    ],
}


@pytest.mark.parametrize("scenario", CLAUDE)
def test_claude_code_begins_with_the_note(real_claude: Any, scenario: str) -> None:
    rig = real_claude(scenario)
    install(rig, "claude")
    bodies = watched(rig)
    rig.run()
    assert [payload["source"] for payload in rig.hooks("SessionStart")] == [start[0] for start in CLAUDE[scenario]]
    for _, prompt, count, subject in CLAUDE[scenario]:
        found = notes(first_of(bodies, prompt))
        assert (len(found), prompt) == (count, prompt)
        assert is_ours(found[-1], rig)
        assert f'"{subject}"' in found[-1]


AGENTS = {
    "codex": ("codex-cli", "exec-basic"),
    "gemini": ("gemini-cli", "print-basic"),
    "opencode": ("opencode", "run-basic"),
}


@pytest.mark.parametrize("agent", AGENTS)
def test_another_client_begins_with_the_note(rig: Any, agent: str) -> None:
    world = rig(*AGENTS[agent])
    install(world, agent)
    bodies = watched(world)
    world.run()
    assert world.exit_codes == [0]
    [note] = notes(first_of(bodies, "Add a hello script"))
    assert is_ours(note, world)
    assert HOSTILE in note


def test_a_long_note_reaches_codex_and_claude_whole(rig: Any) -> None:
    """Names that are longer in bytes and in UTF-16 than in characters, in more repositories than fit."""
    for agent, name, scenario, prompt in (
        ("codex", "codex-cli", "exec-basic", "Add a hello script"),
        ("claude", "claude-code", "print-basic", "add a greeting module"),
    ):
        world = rig(name, scenario)
        install(world, agent)
        for number in range(70):
            folder = world.project / f"nested-{number:02}-{FACE * 30}"
            folder.mkdir()
            world.git("init", "-q", "-b", FACE * 55, repository=folder)
            (folder / "new").touch()
        bodies = watched(world)
        world.run()
        [note] = notes(first_of(bodies, prompt))[:1]
        assert "Left out for length: " in note
        assert note.rstrip().endswith("`claude-metrics context` shows all.")
