"""The real clients, with our hooks left behind by a removed program: they ask the model as often as without a hook.

An agent that reads the hook's exit status as "block" asks again and again; every request is billed.
"""

import shlex
import shutil
import sys
from pathlib import Path

import pytest

from tests.rig.rig import Rig

pytestmark = [pytest.mark.client, pytest.mark.timeout(600)]

CASES = [
    ("claude-code", "claude", "print-basic"),
    ("gemini-cli", "gemini", "print-basic"),
    ("codex-cli", "codex", "exec-basic"),
    ("opencode", "opencode", "run-basic"),
]


def install(rig: Rig, agent: str, environment: Path) -> None:
    """Both sets of hooks, by a Python environment that can be removed."""
    environment.mkdir()
    python = environment / "python3"
    program = f"import sys; sys.executable = {str(python)!r}; from claude_metrics.cli import main; main()"
    python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    python.chmod(0o755)
    for event in ("recorder", "session-start"):
        done = rig.command(str(python), "-c", program, "hook", "install", "--agent", agent, "--event", event)
        assert done.returncode == 0, done.stderr


def requests(rig: Rig) -> dict[str, dict[str, int]]:
    rig.run()
    assert all(code == 0 for code in rig.exit_codes)
    return rig.served()


@pytest.mark.parametrize("gone", ["environment", "everything"])
@pytest.mark.parametrize(("client", "agent", "scenario"), CASES)
def test_a_hook_without_its_program_costs_no_request(
    client: str, agent: str, scenario: str, gone: str, rig, tmp_path: Path
) -> None:
    without = requests(rig(client, scenario))
    world, environment = rig(client, scenario), tmp_path / "environment"
    install(world, agent, environment)
    shutil.rmtree(environment)
    if gone == "everything":
        for folder in list(world.home.rglob("hook-files")):
            shutil.rmtree(folder.parent)
    assert requests(world) == without
