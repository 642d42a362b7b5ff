"""What cannot be edited safely is refused, with its place, and stays as it is."""

import os
from pathlib import Path

import pytest

from claude_metrics import files
from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.installer.install import install, uninstall
from tests.installer.installed import states

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
