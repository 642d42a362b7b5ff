"""`sync` and `hook install`, killed at their steps: the next run makes it whole, the user's file is never half."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from claude_metrics import paths
from claude_metrics.recording import sync
from tests.conftest import unavailable
from tests.support import faults
from tests.support.captured import Capture
from tests.support.dumps import dump

pytestmark = pytest.mark.faults

PYTHON = [sys.executable, "-B", "-m", "claude_metrics"]
FOREIGN = {"model": "opus", "hooks": {"SessionEnd": [{"hooks": [{"type": "command", "command": "echo mine"}]}]}}


@pytest.fixture(autouse=True)
def strace() -> None:
    if reason := faults.why_not():
        unavailable(reason, may_skip="cannot trace" in reason)


def test_a_sync_that_is_killed_is_made_whole_by_the_next(capture: Callable[[str], Capture], home: Path) -> None:
    capture("fork")
    capture("subagent")
    paths.private_dir(paths.config_file().parent)
    paths.config_file().write_text('machine_id = "m"\n')
    found = faults.sampled(faults.steps([*PYTHON, "sync"]))
    expected = dump(paths.database_file(), "recordings")
    kills = faults.Kills()
    for step in found if faults.EVERY_STEP else found[5::9]:
        shutil.rmtree(paths.data_dir())
        shutil.rmtree(paths.log_file().parent, ignore_errors=True)
        kills.note(faults.run([*PYTHON, "sync"], step))
        sync.run(paths.database_file(), *sync.look(paths.database_file(), ["claude"]))
        assert dump(paths.database_file(), "recordings") == expected, f"killed at {step}"
    kills.check()


def test_an_installer_that_is_killed_leaves_the_settings_whole(home: Path) -> None:
    settings = home / ".claude" / "settings.json"
    settings.parent.mkdir()
    before = json.dumps(FOREIGN, indent=2)
    settings.write_text(before)
    install = [*PYTHON, "hook", "install", "--agent", "claude"]
    found = faults.steps(install)
    after = settings.read_text()
    assert after != before
    kills, outcomes = faults.Kills(), []
    for step in [step for step in found if not step.given.startswith("1,")]:
        shutil.rmtree(paths.data_dir().parent, ignore_errors=True)
        for path in settings.parent.iterdir():
            path.unlink() if path.is_file() else shutil.rmtree(path)
        settings.write_text(before)
        if not kills.note(faults.run(install, step)):
            continue
        assert settings.read_text() in (before, after), f"killed at {step}"
        outcomes.append(settings.read_text() == after)
        assert subprocess.run(install, check=False, capture_output=True).returncode == 0, f"killed at {step}"
        assert settings.read_text() == after, f"killed at {step}"
    assert outcomes == sorted(outcomes)
    kills.check()
