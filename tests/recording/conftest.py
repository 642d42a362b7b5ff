"""An event that waits in the spool."""

from collections.abc import Callable
from pathlib import Path

import pytest

from claude_metrics import paths
from tests.recording.waiting_events import run_hook
from tests.support.captured import Capture, as_stdin


@pytest.fixture
def event(capture: Callable[[str], Capture], home: Path) -> bytes:
    """A payload that waits in the spool, its transcript laid out."""
    paths.private_dir(paths.config_file().parent)
    paths.config_file().write_text('machine_id = "m"\n')
    payload = as_stdin(capture("print-basic").payloads("SessionEnd")[0])
    run_hook(payload)
    return payload


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    (tmp_path / "spool").mkdir(mode=0o700)
    return tmp_path / "spool"
