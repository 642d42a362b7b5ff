"""Every test has a home of its own; the real one and the network are out of reach (`support.isolation`)."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.rig.clients import OUTSIDE, ClientUnavailable, ensure_client
from tests.rig.drivers import RIGS
from tests.rig.rig import Rig, is_interactive, load_scenario
from tests.support import isolation
from tests.support.captured import CAPTURES, Capture
from tests.support.tools import missing

KEPT = ("CLAUDE_METRICS_TEST_CACHE", "CLAUDE_METRICS_ALLOW_SKIP")
FORGOTTEN = (
    "ANTHROPIC_",
    "CLAUDE",
    "CODEX_",
    "GEMINI_",
    "GOOGLE_",
    "OPENCODE",
    "CURSOR_",
    "GIT_",
    "XDG_",
    "NO_COLOR",
    "COLUMNS",
    "LINES",
)
GITCONFIG = "[user]\n\tname = Dev\n\temail = dev@example.com\n[init]\n\tdefaultBranch = main\n"

sys.addaudithook(isolation.watch)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The test's home: everything that has a place is moved into it."""
    for name in os.environ:
        if name.startswith(FORGOTTEN) and name not in KEPT:
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(GITCONFIG)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.setenv("CLAUDE_METRICS_HOME", str(home / "claude-metrics"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    return home


@pytest.fixture
def capture(home: Path) -> Callable[[str], Capture]:
    """`capture("claude-code/fork")`: the recorded session, laid out in the home. Several may share it."""

    def lay_out(name: str) -> Capture:
        found = Capture(CAPTURES / (name if "/" in name else f"claude-code/{name}"), home)
        found.lay_out()
        return found

    return lay_out


@pytest.fixture
def run_cli() -> Callable[..., subprocess.CompletedProcess[str]]:
    """`run_cli("sync", "--json")`: our command line as a process of its own."""

    def run(*args: str, **options: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "claude_metrics", *args]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **options)

    return run


def unavailable(reason: str, may_skip: bool = False) -> None:
    """Skip, but not in CI: there a client that cannot run is a failure."""
    if may_skip or not OUTSIDE.get("CI") or OUTSIDE.get("CLAUDE_METRICS_ALLOW_SKIP"):
        pytest.skip(reason)
    pytest.fail(f"{reason} (CLAUDE_METRICS_ALLOW_SKIP=1 allows it)")


@pytest.fixture
def real_client() -> Callable[[str], Path]:
    """`real_client("claude-code")`: the pinned client's program, from npm or the cache."""

    def find(agent: str) -> Path:
        try:
            return ensure_client(agent)
        except ClientUnavailable as error:
            return unavailable(str(error), may_skip=error.offline)

    return find


@pytest.fixture
def rig(real_client: Callable[[str], Path], tmp_path: Path) -> Callable[[str, str], Rig]:
    """`rig("codex-cli", "exec-basic")`: a prepared world for a scenario; then `.run()` it."""

    def prepare(agent: str, name: str) -> Rig:
        scenario = load_scenario(agent, name)
        if is_interactive(scenario) and not shutil.which("tmux"):
            unavailable(missing("tmux"))
        world = RIGS[agent](real_client(agent), tmp_path / "rig", scenario)
        world.prepare()
        return world

    return prepare


@pytest.fixture
def real_claude(rig: Callable[[str, str], Rig]) -> Callable[[str], Rig]:
    """`real_claude("print-basic")`: `rig` for Claude Code."""
    return lambda name: rig("claude-code", name)
