"""The places where the hooks of this folder run."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hooks.scene import Scene
from tests.hooks.session_starts import SessionStart
from tests.support.processes import is_alive


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    (tmp_path / "scene").mkdir()
    scene = Scene(tmp_path / "scene")
    yield scene
    for line in scene._lines():
        pid = json.loads(line)[0]
        if is_alive(pid):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def session_start(tmp_path: Path, home: Path) -> SessionStart:
    (tmp_path / "session_start").mkdir()
    return SessionStart(tmp_path / "session_start", home)
