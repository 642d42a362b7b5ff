"""`claude-metrics hook`: what it prints, and that one agent's broken file does not stop the others."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from claude_metrics.commands.hook import hook
from claude_metrics.errors import ClaudeMetricsError


@pytest.fixture
def agents(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with Claude Code and Gemini CLI in it."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("COLUMNS", "200")
    for name in (".claude", ".gemini"):
        (home / name).mkdir()
    (home / ".claude/settings.json").write_text('{"model": "opus"}\n')
    return home


def run(*args: str) -> Result:
    return CliRunner().invoke(hook, args)


def rows(*args: str) -> Any:
    result = run(*args, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def test_dry_run_prints_a_diff_and_writes_nothing(agents: Path) -> None:
    result = run("install", "--agent", "claude", "--dry-run")
    assert result.exit_code == 0
    assert f"--- {agents}/.claude/settings.json" in result.output
    assert '-{"model": "opus"}\n+{"model": "opus", "hooks": {"SessionEnd"' in result.output
    assert (agents / ".claude/settings.json").read_text() == '{"model": "opus"}\n'


def test_installs_for_the_agents_found(agents: Path) -> None:
    assert [row["action"] for row in rows("install")] == ["updated", "created"]
    assert {row["agent"] for row in rows("status") if row["state"] == "current"} == {"claude", "gemini"}
    assert {row["state"] for row in rows("status", "--agent", "codex")} == {"absent"}
    assert {row["agent"]: row["action"] for row in rows("uninstall")}["claude"] == "updated"
    assert (agents / ".claude/settings.json").read_text() == '{"model": "opus"}\n'
    assert not (agents / ".gemini/settings.json").exists()


def test_says_what_the_user_has_to_approve(agents: Path) -> None:
    result = run("install", "--agent", "codex")
    assert "only after you approve it" in result.output
    assert "untrusted" in run("status", "--agent", "codex").output


def test_a_broken_file_does_not_stop_the_others(agents: Path) -> None:
    (agents / ".claude/settings.json").write_text("{,}")
    result = run("install")
    assert isinstance(result.exception, ClaudeMetricsError)
    assert "claude: not valid JSON" in str(result.exception)
    assert (agents / ".gemini/settings.json").exists()
    details = {row["agent"]: row["detail"] for row in rows("status")}  # of the table only what the path leaves room for
    assert "line 1, column 2" in details["claude"]


def test_without_any_agent_it_says_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    result = run("install")
    assert isinstance(result.exception, ClaudeMetricsError)
    assert "no agent was found" in str(result.exception)


def test_list_shows_every_hook_there_is(agents: Path) -> None:
    run("install", "--event", "session-start", "--agent", "claude")
    states = {(row["agent"], row["event"]): row["state"] for row in rows("list")}
    assert states["claude", "SessionStart"] == "current"
    assert states["claude", "SessionEnd"] == "absent"
    assert states["cursor", "sessionStart"] == "absent"
    assert states["opencode", "plugin"] == "absent"


def test_text_from_a_file_is_shown_as_text_not_as_markup(agents: Path) -> None:
    command = "python3 /a/claude-metrics[red]x[/nothing]/hooks/session_end.py --agent claude"
    settings = {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": command}]}]}}
    (agents / ".claude/settings.json").write_text(json.dumps(settings))
    result = run("status", "--agent", "claude")
    assert result.exit_code == 0
    assert "claude-metrics[red]x[/nothing]/hooks" in result.output


@pytest.mark.parametrize("command", ["install", "uninstall", "status", "list"])
def test_help_has_an_example(command: str) -> None:
    assert "Example: claude-metrics hook" in run(command, "--help").output
