"""Settings that stop our hook, in whichever of the client's files they stand: doctor names the file."""

import json
from pathlib import Path

import pytest

from claude_metrics.agents.claude import settings
from claude_metrics.health.check import Check
from claude_metrics.health.doctor import examine

NAMES = ["disableAllHooks", "allowManagedHooksOnly"]


def checked(home: Path) -> Check:
    found = examine(home / "claude-metrics" / "data" / "db" / "metrics.db", shoot=False)
    return next(finding.check for finding in found if finding.check.name == "hooks allowed")


def write(file: Path, value: object) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(value))
    return file


@pytest.mark.parametrize("name", NAMES)
def test_settings_that_the_console_pushed_are_named(name: str, home: Path) -> None:
    file = write(home / ".claude" / "remote-settings.json", {name: True, "permissions": {}})
    check = checked(home)
    assert check.state == "fail"
    assert name in check.text and str(file) in check.text


@pytest.mark.parametrize("name", NAMES)
def test_settings_of_the_system_are_named(
    name: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path / "policy" / "managed-settings.json", {name: True})
    monkeypatch.setattr(settings, "managed_folder", lambda: file.parent)
    assert str(file) in checked(home).text
    file.rename(write(tmp_path / "policy" / "managed-settings.d" / "10.json", {}))
    assert "10.json" in checked(home).text


@pytest.mark.parametrize(
    "place",
    ["home/.claude/settings.local.json", "project/.claude/settings.local.json", "project/.claude/settings.json"],
)
def test_settings_of_the_user_and_of_the_project_are_named(
    place: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    file = write(tmp_path / place, {"disableAllHooks": True})
    assert str(file) in checked(home).text


def test_only_managed_settings_can_allow_managed_hooks_alone(home: Path) -> None:
    write(home / ".claude" / "settings.json", {"allowManagedHooksOnly": True})
    assert checked(home).state == "ok"
