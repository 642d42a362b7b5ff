"""A hook outlives its program: whatever is gone, the installed command ends with 0, prints `{}`, keeps the event."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from claude_metrics import paths
from claude_metrics.installer import command, hook_files
from claude_metrics.installer.install import install, status
from claude_metrics.recording import spool
from tests.rig.api import wait_until

PAYLOAD = b'{"session_id": "s1", "hook_event_name": "SessionEnd"}'
SHELLS = [shell for shell in ("sh", "dash", "bash", "zsh", "fish", "busybox") if shutil.which(shell)]


@dataclass
class Installed:
    """A hook put in by a Python environment of its own, which can be removed."""

    environment: Path
    line: str

    def run(self, shell: str = "sh", **changed: str) -> subprocess.CompletedProcess[bytes]:
        start = ["busybox", "sh"] if shell == "busybox" else [shell]
        env = {**os.environ, **changed}
        return subprocess.run([*start, "-c", self.line], input=PAYLOAD, capture_output=True, env=env, check=False)


@pytest.fixture
def installed(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installed:
    environment = tmp_path / "environment"
    (environment / "bin").mkdir(parents=True)
    python = environment / "bin" / "python3"
    python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    (home / ".claude").mkdir()
    settings = json.loads(install("claude").file.read_text())
    monkeypatch.undo()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("CLAUDE_METRICS_HOME", str(home / "claude-metrics"))
    paths.private_dir(paths.spool_dir())
    return Installed(environment, settings["hooks"]["Stop"][0]["hooks"][0]["command"])


def nothing_at_all(installed: Installed) -> None:
    shutil.rmtree(installed.environment)
    shutil.rmtree(paths.data_dir())


def without(name: str) -> Callable[[Installed], None]:
    return lambda installed: (hook_files.folder() / name).unlink()


def unreadable(name: str) -> Callable[[Installed], None]:
    """A folder in the place of the file: root, too, cannot read it."""

    def replace(installed: Installed) -> None:
        (hook_files.folder() / name).unlink()
        (hook_files.folder() / name).mkdir()

    return replace


def broken_interpreter(installed: Installed) -> None:
    """An environment that is half deleted: the interpreter starts and does not find its library."""
    python = installed.environment / "bin" / "python3"
    python.unlink()
    python.write_text("#!/bin/sh\necho 'Fatal Python error' >&2\nexit 1\n")
    python.chmod(0o755)


def damaged(installed: Installed) -> None:
    (hook_files.folder() / "_event.py").write_bytes(b"\0half")


KEEPING = {
    "the environment": lambda installed: shutil.rmtree(installed.environment),
    "the script": without("session_end.py"),
    "the script, a folder is in its place": unreadable("session_end.py"),
    "the script's other half": without("_event.py"),
    "the script's other half is damaged": damaged,
    "the environment's library": broken_interpreter,
}
LOSING = {
    "everything": nothing_at_all,
    "the data folder": lambda installed: shutil.rmtree(paths.data_dir()),
    "environment and shell script": lambda installed: (
        shutil.rmtree(installed.environment),
        without("keep.sh")(installed),
    ),
}


def payloads() -> list[bytes]:
    return [event.path.read_bytes() for event in spool.pending(paths.spool_dir())]


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("remove", KEEPING.values(), ids=KEEPING)
def test_the_event_is_kept_without(installed: Installed, remove: Callable[[Installed], None], shell: str) -> None:
    remove(installed)
    done = installed.run(shell)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"{}\n", b"")
    assert payloads() == [PAYLOAD]


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("remove", LOSING.values(), ids=LOSING)
def test_the_hook_is_harmless_without(installed: Installed, remove: Callable[[Installed], None], shell: str) -> None:
    remove(installed)
    done = installed.run(shell)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"{}\n", b"")
    assert not paths.spool_dir().exists() or payloads() == []


@pytest.mark.parametrize(
    "missing", [{"HOME": ""}, {"PATH": "/nowhere"}, {"HOME": "", "PATH": "", "TMPDIR": "/nowhere"}]
)
def test_the_hook_is_harmless_in_a_bare_environment(installed: Installed, missing: dict[str, str]) -> None:
    shutil.rmtree(installed.environment)
    line, start = installed.line, shutil.which("sh") or "/bin/sh"
    done = subprocess.run([start, "-c", line], input=PAYLOAD, capture_output=True, env=missing, check=False)
    assert (done.returncode, done.stdout) == (0, b"{}\n")


def test_a_closed_stdout_makes_no_error(installed: Installed) -> None:
    shutil.rmtree(installed.environment)
    done = subprocess.run(["sh", "-c", f"exec >&-; {installed.line}"], input=PAYLOAD, check=False)
    assert done.returncode == 0


def test_the_kept_event_has_a_name_that_the_worker_reads(installed: Installed) -> None:
    shutil.rmtree(installed.environment)
    installed.run()
    [event] = spool.pending(paths.spool_dir())
    assert (event.agent, event.kind) == ("claude", "end")
    assert (event.path.stat().st_mode & 0o777) == 0o600


def test_an_empty_payload_leaves_no_file(installed: Installed) -> None:
    shutil.rmtree(installed.environment)
    done = subprocess.run(["sh", "-c", installed.line], input=b"", capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (0, b"{}\n")
    assert list(paths.spool_dir().iterdir()) == []


def test_status_says_that_the_hook_is_an_orphan(installed: Installed) -> None:
    shutil.rmtree(installed.environment)
    rows = status("claude")
    assert {row.state for row in rows} == {"outdated"}
    assert all(row.detail.startswith(f"orphan: {installed.environment}/bin/python3 is gone") for row in rows)


def test_installing_again_brings_the_files_back(installed: Installed) -> None:
    install("claude")
    shutil.rmtree(hook_files.folder())
    assert {row.state for row in status("claude")} == {"outdated"}
    install("claude")
    assert {row.state for row in status("claude")} == {"current"}
    assert sorted(path.name for path in hook_files.folder().iterdir()) == sorted([*hook_files.NAMES, "package"])
    assert hook_files.folder().stat().st_mode & 0o777 == 0o700


def test_the_worker_refreshes_the_files(installed: Installed) -> None:
    (hook_files.folder() / "_event.py").write_text("# of an older version\n")
    subprocess.run([sys.executable, "-I", "-m", "claude_metrics.worker"], check=True)
    assert (hook_files.folder() / "_event.py").read_bytes() == paths.asset("hooks/_event.py").read_bytes()


def test_the_worker_makes_no_files_where_no_hook_was_installed(home: Path) -> None:
    subprocess.run([sys.executable, "-I", "-m", "claude_metrics.worker"], check=True)
    assert not hook_files.folder().exists()


@pytest.mark.parametrize("shell", ["sh", "cmd", "powershell"])
@pytest.mark.parametrize("event_set", ["recorder", "session-start"])
def test_a_guarded_line_is_known_again(home: Path, shell: command.Shell, event_set: command.EventSet) -> None:
    words = command.words("gemini", event_set)
    line = command.guarded(words, shell)
    assert command.call_of(line) == words
    assert command.event_set_of(line) == event_set


def test_a_guarded_line_with_a_foreign_end_is_not_ours(home: Path) -> None:
    line = command.guarded(command.words("claude", "recorder"))
    assert command.call_of(f"{line} || rm -rf /") is None
    assert command.call_of(f"{line}; rm -rf /") is None


def test_a_relative_home_is_an_error_for_us_and_nothing_for_the_hook(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A project that has such a folder could name a program in it, which the hook would start."""
    project, mark = tmp_path / "project", tmp_path / "started"
    (project / "metrics" / "data" / "spool").mkdir(parents=True)
    program = project / "program"
    program.write_text(f"#!/bin/sh\ntouch {shlex.quote(str(mark))}\n")
    program.chmod(0o755)
    (project / "metrics" / "data" / "worker-python").write_text(f"{program}\n")
    env = {**os.environ, "CLAUDE_METRICS_HOME": "metrics"}
    hook = [sys.executable, "-I", "-S", str(paths.asset("hooks/session_end.py"))]
    subprocess.run(hook, input=PAYLOAD, capture_output=True, cwd=project, env=env, check=True)
    assert list((project / "metrics" / "data" / "spool").iterdir()) == []
    assert not mark.exists()
    ours = [sys.executable, "-m", "claude_metrics", "report", "daily"]
    done = subprocess.run(ours, capture_output=True, text=True, cwd=project, env=env, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "CLAUDE_METRICS_HOME is a relative path; metrics;" in done.stderr


def test_the_hooks_worker_writes_where_it_was_installed_to(installed: Installed, home: Path) -> None:
    """CLAUDE_METRICS_HOME may be set in the shell that installs, and not in the one that runs the agent."""
    env = {name: value for name, value in os.environ.items() if name != "CLAUDE_METRICS_HOME"}
    words = command.call_of(installed.line) or []
    assert words[words.index("--home") + 1] == os.environ["CLAUDE_METRICS_HOME"]
    assert words[words.index("--db-path") + 1] == str(paths.database_file())
    done = subprocess.run(["sh", "-c", installed.line], input=PAYLOAD, capture_output=True, env=env, check=True)
    assert done.stdout == b"{}\n"
    wait_until(paths.database_file().exists, 60, "the worker")
    assert not (home / ".local").exists()
