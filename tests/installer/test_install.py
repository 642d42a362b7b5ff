"""The installer on real files: what it writes, brings up to date and keeps."""

import json
import os
import shlex
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from claude_metrics import files, paths
from claude_metrics.installer import hook_files
from claude_metrics.installer.command import call_of, event_set_of, line_of
from claude_metrics.installer.install import found, install, status, uninstall
from tests.installer.installed import FOREIGN_GROUP, states


def test_writes_the_form_that_claude_reads(settings_file: Path) -> None:
    change = install("claude")
    assert (change.action, change.backup, change.file) == ("created", None, settings_file)
    written = json.loads(settings_file.read_text())
    assert list(written["hooks"]) == ["SessionEnd", "Stop"]
    [group] = written["hooks"]["SessionEnd"]
    [hook] = group["hooks"]
    assert hook["type"] == "command"
    assert isinstance(hook["timeout"], int)
    expected = [sys.executable, "-I", "-S", str(hook_files.folder() / "session_end.py"), "--agent", "claude"]
    expected += ["--spool", str(paths.spool_dir()), "--db-path", str(paths.database_file())]
    assert call_of(hook["command"]) == [*expected, "--home", str(paths.data_dir().parent)]
    assert states() == {"SessionEnd": "current", "Stop": "current"}


def test_session_start_is_installed_apart(settings_file: Path) -> None:
    install("claude", event_set="session-start")
    [group] = json.loads(settings_file.read_text())["hooks"]["SessionStart"]
    assert group["matcher"] == "startup|resume|clear|compact"
    assert "--tool claude" in group["hooks"][0]["command"]
    assert states() == {"SessionEnd": "absent", "Stop": "absent"}
    assert states(event_set="session-start") == {"SessionStart": "current"}


def test_the_database_is_named_when_it_is_not_the_usual_one(
    settings_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("claude", db_path=tmp_path / "it's here" / "m.db")
    command = json.loads(settings_file.read_text())["hooks"]["Stop"][0]["hooks"][0]["command"]
    options = call_of(command) or []
    assert options[options.index("--db-path") + 1] == str(tmp_path / "it's here" / "m.db")
    assert states() == {"SessionEnd": "outdated", "Stop": "outdated"}
    monkeypatch.setenv("CLAUDE_METRICS_DB", str(tmp_path / "it's here" / "m.db"))
    assert states() == {"SessionEnd": "current", "Stop": "current"}


OLD_SPELLINGS = {
    "another interpreter": "/old/python3.9 -I -S {script} --agent claude --spool /old/spool",
    "another checkout": "/usr/bin/python3 -I -S /gone/metrics/hooks/session_end.py --agent claude --spool /s",
    "from a wheel": "python3 /v/site-packages/claude_metrics/_assets/hooks/session_end.py --agent claude",
    "no arguments": "python3 /home/me/claude-metrics/hooks/session_end.py",
    "quoted, silenced": 'python3 "/home/my stuff/claude-metrics/hooks/session_end.py" 2>/dev/null || true',
    "with a variable": "CLAUDE_METRICS_HOME=/x python3 /a/claude-metrics-main/hooks/session_end.py --agent claude",
}


@pytest.mark.parametrize("old", OLD_SPELLINGS.values(), ids=OLD_SPELLINGS)
def test_an_older_entry_is_brought_up_to_date_in_its_place(settings_file: Path, old: str) -> None:
    old = old.format(script=paths.asset("hooks/session_end.py"))
    ours = {"hooks": [{"type": "command", "command": old, "timeout": 10000}]}
    settings_file.write_text(json.dumps({"hooks": {"SessionEnd": [ours, FOREIGN_GROUP]}, "z": 1}, indent=2))
    assert states() == {"SessionEnd": "outdated", "Stop": "absent"}
    install("claude")
    assert states() == {"SessionEnd": "current", "Stop": "current"}
    written = json.loads(settings_file.read_text())
    assert len(written["hooks"]["SessionEnd"]) == 2
    assert written["hooks"]["SessionEnd"][1] == FOREIGN_GROUP
    uninstall("claude")
    assert json.loads(settings_file.read_text()) == {"hooks": {"SessionEnd": [FOREIGN_GROUP]}, "z": 1}


def test_a_form_that_the_agent_ignores_is_mended(settings_file: Path) -> None:
    command = OLD_SPELLINGS["no arguments"]
    flat = {"command": command, "timeout": 10000}
    settings_file.write_text(json.dumps({"hooks": {"SessionEnd": [flat, FOREIGN_GROUP], "SubagentStop": [flat, flat]}}))
    rows = status("claude")
    assert [row.state for row in rows if row.event == "SessionEnd"] == ["outdated"]
    assert rows[0].detail.endswith("; in a form that the agent ignores")
    install("claude")
    hooks = json.loads(settings_file.read_text())["hooks"]
    assert list(hooks) == ["SessionEnd", "Stop"]
    assert [len(group["hooks"]) for group in hooks["SessionEnd"]] == [1, 1]


def test_a_second_entry_of_ours_goes(settings_file: Path) -> None:
    install("claude")
    content = json.loads(settings_file.read_text())
    content["hooks"]["Stop"] *= 3
    settings_file.write_text(json.dumps(content))
    assert states()["Stop"] == "outdated"
    install("claude")
    assert len(json.loads(settings_file.read_text())["hooks"]["Stop"]) == 1


def test_our_hook_in_a_shared_group_leaves_it_alone(settings_file: Path) -> None:
    foreign = {"type": "command", "command": "x"}
    ours = {"type": "command", "command": "python3 /a/claude-metrics/hooks/session_start.py --tool claude"}
    group = {"matcher": "startup", "hooks": [foreign, ours, foreign]}
    settings_file.write_text(json.dumps({"hooks": {"SessionStart": [group]}}))
    install("claude", event_set="session-start")
    shared, own = json.loads(settings_file.read_text())["hooks"]["SessionStart"]
    assert shared == {"matcher": "startup", "hooks": [foreign, foreign]}
    assert own["matcher"] == "startup|resume|clear|compact"


def test_the_written_command_runs_in_sh(settings_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also with a data folder that no careless quoting survives."""
    monkeypatch.setenv("CLAUDE_METRICS_HOME", str(tmp_path / """it's "$HOME" `x` ; é &"""))
    install("claude")
    command = json.loads(settings_file.read_text())["hooks"]["Stop"][0]["hooks"][0]["command"]
    args = subprocess.run(
        ["/bin/sh", "-c", command.replace("-I -S", "-c 'import sys; print(sys.argv)'", 1)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert str(paths.spool_dir()) in eval(args)
    assert event_set_of(command) == "recorder"


def test_notes_the_interpreter_for_the_plugins_hook(settings_file: Path) -> None:
    install("claude")
    note = paths.data_dir() / "worker-python"
    assert note.read_text() == f"{sys.executable}\n"
    assert stat.S_IMODE(note.stat().st_mode) == 0o600


def test_keeps_a_backup_that_only_the_owner_reads(settings_file: Path) -> None:
    settings_file.write_text('{"env": {"KEY": "secret"}}')
    old_umask = os.umask(0)
    try:
        change = install("claude")
    finally:
        os.umask(old_umask)
    assert change.backup is not None
    assert change.backup.read_text() == '{"env": {"KEY": "secret"}}'
    assert change.backup.is_relative_to(paths.data_dir() / "backups")
    ours = [path for path in paths.data_dir().rglob("*") if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in ours} == {0o600}
    for _ in range(12):
        uninstall("claude")
        install("claude")
    assert len(list(change.backup.parent.iterdir())) == files.BACKUPS_KEPT


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o664])
def test_keeps_mode_and_link(home: Path, settings_file: Path, mode: int) -> None:
    real = home / "dotfiles" / "settings.json"
    real.parent.mkdir()
    real.write_text("{}")
    real.chmod(mode)
    settings_file.symlink_to("../dotfiles/settings.json")
    install("claude")
    assert settings_file.is_symlink()
    assert str(settings_file.readlink()) == "../dotfiles/settings.json"
    assert "SessionEnd" in real.read_text()
    assert stat.S_IMODE(real.stat().st_mode) == mode
    uninstall("claude")
    assert (real.read_text(), stat.S_IMODE(real.stat().st_mode)) == ("{}", mode)
    assert [path.name for path in real.parent.iterdir()] == ["settings.json"]


@pytest.mark.root
@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can give a file away")
def test_keeps_the_owner(settings_file: Path) -> None:
    settings_file.write_text("{}")
    os.chown(settings_file, 12345, 23456)
    install("claude")
    assert (settings_file.stat().st_uid, settings_file.stat().st_gid) == (12345, 23456)


def test_found_tells_the_agents_of_this_machine(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(home))
    assert found() == []
    (home / ".codex").mkdir()
    assert found() == ["codex"]


def test_line_of_is_what_a_shell_splits() -> None:
    assert shlex.split(line_of(["a b", "c'd", "é"])) == ["a b", "c'd", "é"]
