"""Uninstalling is the inverse of installing, on any settings file and around any edit of the user."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from claude_metrics.agents.hook_spec import EventSet
from claude_metrics.installer.install import install, uninstall
from claude_metrics.installer.jsonedit import insert
from claude_metrics.installer.jsontext import parse
from tests.installer.installed import (
    FOREIGN,
    FOREIGN_GROUP,
    JSON_PAIRS,
    states,
    user_file,
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
foreign_hooks = st.fixed_dictionaries({"type": st.just("command"), "command": st.sampled_from(["a b", "é", FOREIGN])})
groups = st.fixed_dictionaries(
    {"hooks": st.lists(foreign_hooks, max_size=2)}, optional={"matcher": st.text(max_size=3)}
)
hook_tables = st.dictionaries(
    st.sampled_from(["SessionEnd", "Stop", "SessionStart", "PreToolUse", "AfterAgent", "sessionStart"]),
    st.lists(groups, max_size=3),
)


@st.composite
def settings_texts(draw: st.DrawFn) -> str:
    """A settings file as people and programs write them, foreign hooks at any place among the other keys."""
    rest = draw(st.dictionaries(st.text(max_size=6).filter(lambda key: key != "hooks"), json_values, max_size=3))
    members = list(rest.items())
    if draw(st.booleans()):
        members.insert(draw(st.integers(0, len(members))), ("hooks", draw(hook_tables)))
    text = json.dumps(
        dict(members),
        indent=draw(st.sampled_from([None, 0, 1, 2, 4, "\t"])),
        ensure_ascii=draw(st.booleans()),
        separators=draw(st.sampled_from([None, (",", ":"), (" , ", " : ")])),
    )
    text = text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))
    return draw(st.sampled_from(["", "\ufeff"])) + text + draw(st.sampled_from(["", "\n", "\r\n"]))


many = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)


@pytest.mark.slow
@many
@given(text=settings_texts(), pair=st.sampled_from(JSON_PAIRS))
def test_install_and_uninstall_are_inverse(home: Path, text: str, pair: tuple[str, EventSet]) -> None:
    agent, event_set = pair
    file = user_file(agent, event_set)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode())
    install(agent, event_set=event_set)
    once = file.read_bytes()
    assert install(agent, event_set=event_set).action == "unchanged"
    assert file.read_bytes() == once
    assert set(states(agent, event_set).values()) <= {"current", "untrusted"}
    uninstall(agent, event_set=event_set)
    assert file.read_bytes() == text.encode()


@many
@given(text=settings_texts(), key=st.text(max_size=5), value=json_values, event=st.sampled_from(["Stop", "Setup"]))
def test_uninstall_keeps_what_the_user_did_meanwhile(
    settings_file: Path, text: str, key: str, value: object, event: str
) -> None:
    """The agent, too, writes the whole file anew, in its own style."""
    settings_file.write_bytes(text.encode())
    original = json.loads(text.removeprefix("\ufeff"))

    def edit(content: dict[str, Any]) -> dict[str, Any]:
        content = {**content, **({key: value} if key != "hooks" else {})}
        content["hooks"] = {**content.get("hooks", {})}
        content["hooks"][event] = [FOREIGN_GROUP, *content["hooks"].get(event, [])]
        return content

    install("claude")
    edited = edit(json.loads(settings_file.read_text("utf-8-sig")))
    settings_file.write_text(json.dumps(edited, indent=2))
    uninstall("claude")
    assert json.loads(settings_file.read_text()) == edit(original)


@pytest.mark.slow
@many
@given(text=settings_texts(), value=json_values)
def test_uninstall_keeps_every_byte_of_an_edit_elsewhere(settings_file: Path, text: str, value: object) -> None:
    def edit(text: str) -> str:
        doc = parse(text, "x")
        return insert(doc, doc.root, value, "a key of their own")

    assume(parse(text, "x").root.children)
    settings_file.write_bytes(text.encode())
    install("claude")
    settings_file.write_bytes(edit(settings_file.read_bytes().decode()).encode())
    uninstall("claude")
    assert settings_file.read_bytes() == edit(text).encode()
