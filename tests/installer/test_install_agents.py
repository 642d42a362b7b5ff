"""What is special about an agent: its units and names, its variable, the approval of Codex, the plugin of OpenCode."""

import json
from pathlib import Path

import pytest

from claude_metrics import paths
from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.installer.command import call_of
from claude_metrics.installer.install import install, uninstall
from tests.installer.installed import states, user_file


def test_units_and_names_of_the_other_agents(home: Path) -> None:
    install("gemini")
    install("codex")
    install("cursor", event_set="session-start")
    gemini = json.loads((home / ".gemini/settings.json").read_text())["hooks"]
    assert list(gemini) == ["SessionEnd", "AfterAgent"]
    assert gemini["SessionEnd"][0]["hooks"][0]["timeout"] == 10_000
    codex = json.loads((home / ".codex/hooks.json").read_text())["hooks"]
    assert codex["SessionEnd"][0]["hooks"][0]["timeout"] == 3
    cursor = json.loads((home / ".cursor/hooks.json").read_text())
    assert cursor["version"] == 1
    options = call_of(cursor["hooks"]["sessionStart"][0]["command"]) or []
    assert options[options.index("--db-path") + 1] == str(paths.database_file())


MOVED = {
    "claude": ("CLAUDE_CONFIG_DIR", "settings.json"),
    "gemini": ("GEMINI_CLI_HOME", ".gemini/settings.json"),
    "codex": ("CODEX_HOME", "hooks.json"),
    "opencode": ("XDG_CONFIG_HOME", "opencode/plugins/claude-metrics.js"),
}


@pytest.mark.parametrize("agent", MOVED)
def test_honours_the_agents_own_variable(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, agent: str
) -> None:
    name, inside = MOVED[agent]
    monkeypatch.setenv(name, str(tmp_path / "moved"))
    assert install(agent).file == tmp_path / "moved" / inside
    assert (tmp_path / "moved" / inside).exists()
    assert [path.name for path in home.iterdir() if path.name != "claude-metrics"] == [".gitconfig"]


# Made by codex 0.169.0 (`codex app-server`, `hooks/list`) for these entries.
CODEX_HASHES = {
    "Stop": ({"hooks": [{"type": "command", "command": "true", "timeout": 10}]},
        "sha256:8ba29ded04038c52832548d01a197dd3c24aac6e21d816f388f046ab09768060"),
    "SessionStart": ({"matcher": "startup|resume|clear|compact",
            "hooks": [{"type": "command", "command": "true", "timeout": 10}]},
        "sha256:ecf6403f1d128be2270f0b7fc1f4e58b8119ef5a3a317f4313a9bc4e25aecb76"),
    "SessionEnd": ({"hooks": [{"type": "command", "timeout": 3, "command":
            "/usr/bin/python3 -I -S '/tmp/zoë x/hooks/session_end.py' --agent codex --spool /tmp/s"}]},
        "sha256:0abe87b91532d401e5d832d6ebfcfb0ca6149d3828cfc778d8f478e7cae48da0"),
}  # fmt: skip


@pytest.mark.parametrize("event", CODEX_HASHES)
def test_the_approval_is_computed_as_codex_does(event: str) -> None:
    from claude_metrics.agents.codex import hooks as codex

    group, expected = CODEX_HASHES[event]
    label = {"Stop": "stop", "SessionStart": "session_start", "SessionEnd": "session_end"}[event]
    assert codex._fingerprint(label, group, group["hooks"][0]) == expected


def test_codex_hooks_are_untrusted_until_the_user_approves(home: Path) -> None:
    from claude_metrics.agents.codex import hooks as codex

    change = install("codex")
    assert "approve" in (change.notice or "")
    assert not (home / ".codex/config.toml").exists()
    assert states("codex") == {"SessionEnd": "untrusted", "Stop": "untrusted"}
    hooks = json.loads(change.file.read_text())["hooks"]
    approvals = {
        label: codex._fingerprint(label, hooks[event][0], hooks[event][0]["hooks"][0])
        for event, label in (("SessionEnd", "session_end"), ("Stop", "stop"))
    }
    config = "".join(
        f'[hooks.state."{change.file}:{label}:0:0"]\ntrusted_hash = "{value}"\n' for label, value in approvals.items()
    )
    (home / ".codex/config.toml").write_text(config)
    assert states("codex") == {"SessionEnd": "current", "Stop": "current"}
    (home / ".codex/config.toml").write_text(config.replace(approvals["stop"], "sha256:0"))
    assert states("codex") == {"SessionEnd": "current", "Stop": "untrusted"}
    (home / ".codex/config.toml").write_text(config + "enabled = false\n")
    assert states("codex")["Stop"] == "untrusted"
    (home / ".codex/config.toml").write_text("not [ toml")
    assert states("codex") == {"SessionEnd": "untrusted", "Stop": "untrusted"}
    assert (home / ".codex/config.toml").read_text() == "not [ toml"


def test_an_opencode_plugin_of_somebody_else_is_left_alone(home: Path) -> None:
    file = user_file("opencode")
    file.parent.mkdir(parents=True)
    file.write_text("export const Mine = 1\n")
    with pytest.raises(ClaudeMetricsError, match="not ours"):
        install("opencode")
    assert uninstall("opencode").action == "unchanged"
    assert states("opencode") == {"plugin": "absent"}
    assert file.read_text() == "export const Mine = 1\n"


def test_an_older_opencode_plugin_is_replaced(home: Path) -> None:
    file = install("opencode").file
    assert states("opencode") == {"plugin": "current"}
    file.write_text(file.read_text().replace("--spool", "--pool"))
    assert states("opencode") == {"plugin": "outdated"}
    assert install("opencode").action == "updated"
    assert states("opencode") == {"plugin": "current"}
