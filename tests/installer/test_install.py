"""The installer on real files: what it leaves alone first, then what it does, then what it refuses."""

import json
import os
import shlex
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from claude_metrics import files, paths
from claude_metrics.agents import AGENTS
from claude_metrics.agents.hook_spec import EventSet, Scope
from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.installer import hook_files
from claude_metrics.installer.command import call_of, event_set_of, line_of
from claude_metrics.installer.install import found, install, status, uninstall
from claude_metrics.installer.jsonedit import insert
from claude_metrics.installer.jsontext import parse

FOREIGN = "python3 ~/.claude/hooks/session_end.py"
FOREIGN_GROUP: dict[str, Any] = {"matcher": "", "hooks": [{"type": "command", "command": FOREIGN}]}
PAIRS = [(agent, event_set) for agent in AGENTS for event_set in AGENTS[agent].hooks]
JSON_PAIRS = [pair for pair in PAIRS if pair[0] != "opencode"]


@pytest.fixture
def settings_file(home: Path) -> Path:
    file = home / ".claude" / "settings.json"
    file.parent.mkdir()
    return file


def user_file(agent: str, event_set: EventSet = "recorder") -> Path:
    return AGENTS[agent].hooks[event_set].user.path()


def states(agent: str = "claude", event_set: EventSet = "recorder", scope: Scope = "user") -> dict[str, str]:
    return {row.event: row.state for row in status(agent, scope, event_set)}


def tree(folder: Path) -> dict[str, bytes | None]:
    """All but our own data."""
    paths_there = sorted(path for path in folder.rglob("*") if "claude-metrics" not in path.relative_to(folder).parts)
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in paths_there}


# -- leaves it alone -------------------------------------------------------------------------------------------------

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


# -- does it ---------------------------------------------------------------------------------------------------------


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
    args = subprocess.run(["/bin/sh", "-c", command.replace("-I -S", "-c 'import sys; print(sys.argv)'", 1)],
        capture_output=True, text=True, check=True).stdout  # fmt: skip
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


# -- the agent writes too --------------------------------------------------------------------------------------------


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch, settings_file: Path) -> Iterator[Callable[..., None]]:
    """`meanwhile(f, g)`: f runs while the first new content is ready but not yet in place, g in the second attempt."""
    original = os.fsync

    def is_beside_the_settings(handle: int) -> bool:
        return os.fstat(handle).st_ino in {entry.inode() for entry in os.scandir(settings_file.parent)}

    def schedule(*steps: Callable[[], object]) -> None:
        waiting = list(steps)

        def fsync(handle: int) -> None:
            if waiting and is_beside_the_settings(handle):
                waiting.pop(0)()
            original(handle)

        monkeypatch.setattr(files.os, "fsync", fsync)

    yield schedule
    monkeypatch.undo()


def test_what_the_agent_writes_meanwhile_is_kept(settings_file: Path, meanwhile: Callable[..., None]) -> None:
    settings_file.write_text("{}")
    meanwhile(lambda: settings_file.write_text('{"model": "a"}'), lambda: settings_file.write_text('{"model": "b"}'))
    change = install("claude")
    written = json.loads(settings_file.read_text())
    assert (written["model"], list(written["hooks"])) == ("b", ["SessionEnd", "Stop"])
    assert change.before == b'{"model": "b"}'
    uninstall("claude")
    assert settings_file.read_text() == '{"model": "b"}'


def test_a_file_that_the_agent_makes_meanwhile_is_kept(settings_file: Path, meanwhile: Callable[..., None]) -> None:
    meanwhile(lambda: settings_file.write_text('{"theme":"dark"}'))
    install("claude")
    assert json.loads(settings_file.read_text())["theme"] == "dark"
    uninstall("claude")
    assert settings_file.read_text() == '{"theme":"dark"}'


def test_a_file_that_the_agent_removes_meanwhile_is_made_anew(
    settings_file: Path, meanwhile: Callable[..., None]
) -> None:
    settings_file.write_text('{"a": 1}')
    meanwhile(settings_file.unlink)
    install("claude")
    assert list(json.loads(settings_file.read_text())) == ["hooks"]


def test_gives_up_on_a_file_that_never_rests(settings_file: Path, meanwhile: Callable[..., None]) -> None:
    settings_file.write_text("{}")
    steps = [lambda n=n: settings_file.write_text(json.dumps({"n": n})) for n in range(50)]
    meanwhile(*steps)
    with pytest.raises(ClaudeMetricsError, match="changes all the time"):
        install("claude")
    assert list(settings_file.parent.iterdir()) == [settings_file]


def test_installing_many_times_at_once_installs_once(settings_file: Path) -> None:
    settings_file.write_text('{"a": 1}')
    threads = [threading.Thread(target=install, args=("claude",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert states() == {"SessionEnd": "current", "Stop": "current"}
    uninstall("claude")
    assert settings_file.read_text() == '{"a": 1}'


# -- refuses ---------------------------------------------------------------------------------------------------------

HOSTILE = {
    "comment": ('{\n  // mine\n  "a": 1\n}', "line 2, column 3"),
    "trailing comma": ('{"a": [1,],}', "line 1, column 9"),
    "duplicate hooks": ('{"hooks": {},\n "hooks": {}}', "line 2, column 2"),
    "duplicate elsewhere": ('{"a": {"b": 1, "b": 2}}', "line 1, column 16"),
    "root is a list": ("[]", "line 1, column 1"),
    "hooks is a list": ('{\n "hooks": []}', "line 2, column 11"),
    "hooks is null": ('{"hooks": null}', "line 1, column 11"),
    "event is an object": ('{"hooks": {"Stop": {"hooks": []}}}', "line 1, column 20"),
    "event is a string": ('{"hooks": {"SessionEnd": "x"}}', "line 1, column 26"),
    "half a file": ('{"a": "b', "line 1, column 7"),
    "binary": ("\x00\x01", "line 1, column 1"),
}


@pytest.mark.parametrize(("text", "where"), HOSTILE.values(), ids=HOSTILE)
def test_refuses_with_the_place_of_the_fault(settings_file: Path, text: str, where: str) -> None:
    settings_file.write_text(text)
    for act in (install, uninstall):
        with pytest.raises(ClaudeMetricsError) as error:
            act("claude")
        assert f"{settings_file}, {where}" in str(error.value)
        assert "then try again" in str(error.value)
    assert settings_file.read_text() == text
    assert list(settings_file.parent.iterdir()) == [settings_file]
    assert set(states().values()) == {"unreadable"}


def test_refuses_what_is_not_utf8(settings_file: Path) -> None:
    settings_file.write_bytes(b'{\n"a": "\xe9"}')
    with pytest.raises(ClaudeMetricsError, match=r"not UTF-8 text; .*line 2, column 7"):
        install("claude")


@pytest.mark.parametrize("locked", ["file", "folder"])
def test_refuses_what_is_read_only(settings_file: Path, locked: str) -> None:
    settings_file.write_text("{}")
    path = settings_file if locked == "file" else settings_file.parent
    path.chmod(0o444 if locked == "file" else 0o555)
    with pytest.raises(ClaudeMetricsError, match=f"read-only; {path}; make it writable"):
        install("claude")
    path.chmod(0o755)
    assert list(settings_file.parent.iterdir()) == [settings_file]
    assert settings_file.read_text() == "{}"


def test_refuses_before_the_change_when_no_backup_can_be_kept(settings_file: Path, home: Path) -> None:
    settings_file.write_text("{}")
    (home / "claude-metrics").write_text("in the way")
    with pytest.raises(ClaudeMetricsError, match=r"cannot write .*CLAUDE_METRICS_HOME"):
        install("claude")
    assert settings_file.read_text() == "{}"


def test_refuses_a_fifo_without_hanging(settings_file: Path) -> None:
    os.mkfifo(settings_file)
    with pytest.raises(ClaudeMetricsError, match="not a regular file"):
        install("claude")


def test_refuses_a_folder_a_loop_and_a_giant(settings_file: Path) -> None:
    settings_file.symlink_to(settings_file)
    with pytest.raises(ClaudeMetricsError, match="cannot read"):
        install("claude")
    settings_file.unlink()
    settings_file.mkdir()
    with pytest.raises(ClaudeMetricsError, match="not a regular file"):
        install("claude")
    settings_file.rmdir()
    with settings_file.open("wb") as stream:
        stream.truncate(files.LARGEST + 1)
    with pytest.raises(ClaudeMetricsError, match="larger than any hook file"):
        install("claude")


def test_refuses_scopes_and_agents_that_there_are_not(home: Path) -> None:
    with pytest.raises(ClaudeMetricsError, match="no scope local; gemini; use one of user, project"):
        install("gemini", "local")
    with pytest.raises(ClaudeMetricsError, match="Cursor has no recorder hook"):
        install("cursor")
    with pytest.raises(ClaudeMetricsError, match="unknown agent"):
        install("emacs")


def test_refuses_a_path_that_json_cannot_hold(settings_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAUDE_METRICS_HOME", "/tmp/\udcff")
    with pytest.raises(ClaudeMetricsError, match="cannot be written in a settings file"):
        install("claude", dry_run=True)


# -- Codex: trust ----------------------------------------------------------------------------------------------------

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


# -- OpenCode: a file of our own -------------------------------------------------------------------------------------


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


def test_line_of_is_what_a_shell_splits() -> None:
    assert shlex.split(line_of(["a b", "c'd", "é"])) == ["a b", "c'd", "é"]
