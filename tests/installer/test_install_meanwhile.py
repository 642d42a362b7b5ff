"""What other processes do to the settings while they are installed is kept."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from claude_metrics import files
from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.installer.install import install, uninstall
from tests.installer.installed import states


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
