"""What the installer leaves alone: commands, fields and files that are not ours."""

import json
from pathlib import Path

import pytest

from claude_metrics.agents import AGENTS
from claude_metrics.agents.hook_spec import EventSet, Scope
from claude_metrics.installer.command import event_set_of
from claude_metrics.installer.install import install, uninstall
from tests.installer.installed import (
    FOREIGN,
    FOREIGN_GROUP,
    JSON_PAIRS,
    PAIRS,
    states,
    user_file,
)


def tree(folder: Path) -> dict[str, bytes | None]:
    """All but our own data."""
    paths_there = sorted(path for path in folder.rglob("*") if "claude-metrics" not in path.relative_to(folder).parts)
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in paths_there}


NOT_OURS = {
    "same file name": FOREIGN,
    "same file name, own agent option": "python3 /opt/tool/hooks/session_end.py --agent claude",
    "another tool": "/usr/bin/notify-send done",
    "ours within a longer line": "date; python3 -I -S /x/claude-metrics/hooks/session_end.py --agent claude",
    "ours and then theirs": "python3 /x/claude-metrics/hooks/session_end.py --agent claude && backup.sh",
    "not a script of ours": "python3 /x/claude-metrics/hooks/other.py --agent claude --spool /s",
    "an editor on our file": "vim /x/claude-metrics/hooks/session_end.py",
    "unbalanced quotes": "python3 '/x/claude-metrics/hooks/session_end.py",
    "other arguments": "python3 /x/claude-metrics/hooks/session_end.py --agent claude --then rm",
    "not text": 7,
}


@pytest.mark.parametrize("command", NOT_OURS.values(), ids=NOT_OURS)
def test_leaves_other_peoples_commands_alone(settings_file: Path, command: object) -> None:
    assert event_set_of(command) is None
    before = json.dumps({"hooks": {"SessionEnd": [{"hooks": [{"type": "command", "command": command}]}]}}, indent=2)
    settings_file.write_text(before)
    install("claude")
    assert json.loads(settings_file.read_text())["hooks"]["SessionEnd"][0]["hooks"][0]["command"] == command
    uninstall("claude")
    assert settings_file.read_text() == before


@pytest.mark.parametrize(("agent", "event_set"), PAIRS)
def test_uninstalling_nothing_changes_nothing(home: Path, agent: str, event_set: EventSet) -> None:
    before = tree(home)
    assert uninstall(agent, event_set=event_set).action == "unchanged"
    assert tree(home) == before


@pytest.mark.parametrize(("agent", "event_set"), PAIRS)
def test_a_dry_run_writes_nothing(home: Path, agent: str, event_set: EventSet) -> None:
    before = tree(home)
    change = install(agent, event_set=event_set, dry_run=True)
    assert change.action == "created"
    assert "+" in change.diff()
    assert tree(home) == before
    assert not (home / "claude-metrics").exists()


def test_a_current_file_is_not_written_again(settings_file: Path) -> None:
    install("claude")
    before = settings_file.stat()
    change = install("claude")
    assert (change.action, change.notice, change.diff()) == ("unchanged", None, "")
    assert settings_file.stat().st_mtime_ns == before.st_mtime_ns
    assert settings_file.stat().st_ino == before.st_ino


def test_fields_that_the_user_added_to_our_hook_stay(settings_file: Path) -> None:
    install("claude")
    text = settings_file.read_text().replace('"type": "command",', '"type": "command", "statusMessage": "x",')
    settings_file.write_text(text)
    assert states() == {"SessionEnd": "current", "Stop": "current"}
    install("claude")
    assert settings_file.read_text() == text


FOUND = {
    "nothing in it": "{}",
    "nothing, with a newline": "{}\n",
    "spread": "{\n}\n",
    "padded": "{ }",
    "white space only": "\n \n",
    "zero bytes": "",
    "empty hooks": '{"hooks": {}}',
    "empty hooks, spread": '{\n  "hooks": {\n\n  }\n}\n',
    "empty event": '{"hooks": {"SessionEnd": [ ], "Stop": []}}',
    "foreign hooks": json.dumps({"model": "x", "hooks": {"Stop": [FOREIGN_GROUP]}, "z": [1]}, indent=4),
    "tabs": json.dumps({"hooks": {"Stop": [FOREIGN_GROUP, FOREIGN_GROUP]}}, indent="\t") + "\n",
    "one line": '{"permissions":{"allow":["Bash(ls:*)"]},"hooks":{"PreToolUse":[]}}',
    "CRLF": json.dumps({"a": 1, "hooks": {"SessionEnd": [FOREIGN_GROUP]}}, indent=2).replace("\n", "\r\n"),
    "escapes and numbers": '{"a": "\\u00e9\\/", "b": 1.0e+2, "c": -0, "hooks": {"Stop": []}}',
    "unicode": '{"naïve": "日本\U0001f600"}',
    "BOM": '\ufeff{\r\n"a":1\r\n}',
    "not for us": '{"hooks": {"Other": {"an": "object"}, "Notification": ["text", 7, null]}}',
}


@pytest.mark.slow
@pytest.mark.parametrize("scope", ["user", "project", "local"])
@pytest.mark.parametrize("text", FOUND.values(), ids=FOUND)
def test_uninstall_gives_back_the_file_as_found(home: Path, tmp_path: Path, text: str, scope: Scope) -> None:
    folder = home if scope == "user" else tmp_path / "project"
    file = folder / ".claude" / ("settings.local.json" if scope == "local" else "settings.json")
    file.parent.mkdir(parents=True)
    file.write_bytes(text.encode())
    before = tree(tmp_path)
    for event_set in ("recorder", "session-start"):
        assert install("claude", scope, event_set, project=folder).action == "updated"
    for event_set in ("recorder", "session-start"):
        uninstall("claude", scope, event_set, project=folder)
    assert file.read_bytes() == text.encode()
    assert tree(tmp_path) == before


@pytest.mark.parametrize("agent", AGENTS)
@pytest.mark.parametrize("first_out", ["recorder", "session-start"])
def test_uninstall_removes_the_files_and_folders_it_made(home: Path, agent: str, first_out: EventSet) -> None:
    before = tree(home)
    sets = list(AGENTS[agent].hooks)
    for event_set in sets:
        install(agent, event_set=event_set)
    assert tree(home) != before
    for event_set in sorted(sets, key=lambda name: name != first_out):
        uninstall(agent, event_set=event_set)
    assert tree(home) == before


@pytest.mark.parametrize(("agent", "event_set"), JSON_PAIRS)
def test_what_the_user_put_into_a_file_of_ours_stays(home: Path, agent: str, event_set: EventSet) -> None:
    install(agent, event_set=event_set)
    file = user_file(agent, event_set)
    file.write_text(json.dumps({**json.loads(file.read_text()), "theirs": 1}))
    uninstall(agent, event_set=event_set)
    assert json.loads(file.read_text())["theirs"] == 1
    assert event_set_of(file.read_text()) is None
    assert "session_" not in file.read_text()
