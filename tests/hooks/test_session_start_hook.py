"""The session-start hook as a real process: what it prints for each client, whatever happens; what it starts."""

import json
import os
import pty
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from claude_metrics import paths
from claude_metrics.context.clients import names
from claude_metrics.installer import command, hook_files
from tests.support.captured import Capture
from tests.support.git_sandbox import program, repository
from tests.support.processes import processes_with
from tests.support.trees import copy_tree
from tests.support.waiting import HANG_S, PATIENCE_S, wait_for

HOOKS = Path(__file__).resolve().parents[2] / "hooks"
TOOLS = (*names(), None)
# signs a list with what it finds about itself
SYNC = """#!{python} -IS
import json, os, sys
facts = [os.getpid(), os.getsid(0), os.getcwd(), [os.readlink("/proc/self/fd/%d" % n) for n in range(3)]]
facts += [len(os.listdir("/proc/self/fd")), sys.argv[1:], dict(os.environ)]
with open({signed!r}, "a") as file:
    file.write(json.dumps(facts) + "\\n")
"""
FACTS = ("pid", "session", "cwd", "streams", "fds", "arguments", "environment")


class Scene:
    """A repository, a database that is not there yet, and a sync that only writes down how it was started."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.repo = repository(folder / "repo")
        self.db = home / "claude-metrics/data/db/metrics.db"
        self.marker = home / "claude-metrics/data/.catch-up"
        self.signed = folder / "signed"
        self.sync = folder / "sync"
        self.sync.write_text(SYNC.format(python=sys.executable, signed=str(self.signed)))
        self.sync.chmod(0o700)
        self.marker.parent.mkdir(parents=True)
        (self.marker.parent / "worker-python").write_text(f"{self.sync}\n")

    def command(self, tool: str | None = "claude", hooks: Path = HOOKS) -> list[str]:
        chosen = ["--tool", tool] if tool else []
        return [sys.executable, "-I", "-S", str(hooks / "session_start.py"), *chosen, "--db-path", str(self.db)]

    def run(self, payload: bytes | None = None, tool: str | None = "claude", **how: object) -> str:
        """Whatever happens: nothing on stderr, exit 0. The note; "" when what is printed says nothing."""
        payload = json.dumps({"cwd": str(self.repo), "session_id": "new"}).encode() if payload is None else payload
        hooks = how.pop("hooks", HOOKS)
        environment = {**os.environ, **how.pop("more", {})}  # type: ignore[dict-item]
        done = subprocess.run(
            self.command(tool, hooks), input=payload, capture_output=True, check=False, timeout=PATIENCE_S,
            env=environment, **{"cwd": self.repo, **how},
        )  # type: ignore[call-overload]  # fmt: skip
        assert (done.stderr, done.returncode) == (b"", 0)
        return note_in(done.stdout.decode(), tool)

    def syncs(self, expected: int = 1) -> list[dict[str, object]]:
        """Their facts: waits for the expected ones, and for any that runs and has not signed yet."""
        wait_for(lambda: len(self._lines()) >= expected and not processes_with(self.sync))
        return [dict(zip(FACTS, json.loads(line), strict=True)) for line in self._lines()]

    def _lines(self) -> list[str]:
        return self.signed.read_text().splitlines() if self.signed.exists() else []


def note_in(output: str, tool: str | None) -> str:
    if tool is None:
        return output.rstrip("\n")
    printed = json.loads(output)
    if tool == "cursor":
        assert set(printed) <= {"additional_context"}
        return str(printed.get("additional_context", ""))
    assert set(printed) <= {"hookSpecificOutput"}
    inner = printed.get("hookSpecificOutput", {"hookEventName": "SessionStart", "additionalContext": ""})
    assert inner.keys() == {"hookEventName", "additionalContext"}
    return str(inner["additionalContext"])


@pytest.fixture
def scene(tmp_path: Path, home: Path) -> Scene:
    (tmp_path / "scene").mkdir()
    return Scene(tmp_path / "scene", home)


# What it prints


@pytest.mark.parametrize("tool", TOOLS)
def test_the_note_in_each_clients_form(scene: Scene, tool: str | None) -> None:
    text = scene.run(tool=tool)
    assert text.startswith("<session-context>\n")
    assert text.endswith("\n</session-context>")
    assert "- .: on main, no upstream; clean;" in text


@pytest.mark.parametrize("agent", ["claude", "codex", "gemini", "cursor", "opencode"])
def test_the_installed_command_line_gives_the_note(scene: Scene, agent: str) -> None:
    words = command.words(agent, "session-start", plain=agent == "opencode")
    hook_files.refresh()
    assert Path(words[3]) == hook_files.folder() / "session_start.py"
    payload = json.dumps({"cwd": str(scene.repo), "hook_event_name": "SessionStart"})
    done = subprocess.run(words, input=payload, capture_output=True, text=True, check=True, cwd="/")
    assert "on main, no upstream" in note_in(done.stdout, None if agent == "opencode" else agent)


def payload(**given: object) -> bytes:
    return json.dumps(given).encode()


def test_the_folder_is_the_payloads_then_the_clients_then_our_own(scene: Scene, tmp_path: Path) -> None:
    inside = repository(tmp_path / "other")
    places = {
        "cwd": (payload(cwd=str(inside)), {}),
        "roots": (payload(cwd=None, workspace_roots=[str(inside), "/"]), {}),
        "variable": (payload(workspace_roots="x"), {"CURSOR_PROJECT_DIR": str(inside)}),
        "not there": (payload(cwd="/not/there", workspace_roots=[3, "relative", "a\0b", str(inside)]), {}),
    }
    for name, (given, more) in places.items():
        assert f"Repositories in {inside}:" in scene.run(given, more=more), name
    assert f"Repositories in {scene.repo}:" in scene.run(b"{}")


@pytest.mark.parametrize(
    "given",
    [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe\0", b"[" * 100_000, b'{"cwd": 3, "session_id": []}',
     b"x" * (3 << 20)],
    ids=range(9),
)  # fmt: skip
@pytest.mark.parametrize("tool", ["claude", None])
def test_whatever_stands_on_stdin(scene: Scene, given: bytes, tool: str | None) -> None:
    assert "on main, no upstream" in scene.run(given, tool)


def test_stdin_that_stays_open_closed_or_is_a_terminal(scene: Scene) -> None:
    reading, writing = os.pipe()
    master, terminal = pty.openpty()
    for stream in (reading, terminal):
        done = subprocess.run(
            scene.command(), stdin=stream, capture_output=True, text=True, check=True, cwd=scene.repo, timeout=10
        )
        assert "on main, no upstream" in note_in(done.stdout, "claude")
    for end in (reading, writing, master, terminal):
        os.close(end)
    line = " ".join(scene.command()) + " <&-"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True, cwd=scene.repo, timeout=10)
    assert "on main, no upstream" in note_in(done.stdout, "claude")


def test_nobody_reads_it(scene: Scene) -> None:
    for closing_words in (">&-", "| true", "> /dev/full"):
        line = f"echo '{{}}' | {' '.join(scene.command())} {closing_words}"
        done = subprocess.run(
            ["sh", "-c", line], capture_output=True, text=True, check=False, cwd=scene.repo, timeout=10
        )
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("tool", TOOLS)
def test_without_the_package_the_output_is_valid_and_empty(scene: Scene, tmp_path: Path, tool: str | None) -> None:
    copy_tree(HOOKS, tmp_path / "plugin/hooks")
    assert scene.run(tool=tool, hooks=tmp_path / "plugin/hooks") == ""


@pytest.mark.parametrize("tool", TOOLS)
def test_in_a_folder_that_is_gone_the_output_is_valid_and_empty(scene: Scene, tmp_path: Path, tool: str | None) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    line = f"cd {gone}; rmdir {gone}; echo '{{}}' | {' '.join(scene.command(tool))}"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False, timeout=10)
    assert (done.stderr, done.returncode, note_in(done.stdout, tool)) == ("", 0, "")


def test_in_a_wheel_the_package_is_found_by_the_files_own_place(scene: Scene, tmp_path: Path) -> None:
    site = tmp_path / "site-packages"
    copy_tree(HOOKS.parent / "claude_metrics", site / "claude_metrics")
    copy_tree(HOOKS, site / "claude_metrics/_assets/hooks")
    for name in ("json", "platformdirs", "typing"):  # nothing beside it stands in the way of the standard library
        (site / f"{name}.py").write_text("raise SystemExit(3)\n")
    assert "on main, no upstream" in scene.run(hooks=site / "claude_metrics/_assets/hooks")


@pytest.mark.parametrize("text", ["[broken", "context_deadline_s = 0.0", "context_deadline_s = -5", "tools = 3"])
def test_a_broken_config_does_not_cost_the_note(scene: Scene, text: str) -> None:
    paths.config_file().parent.mkdir(parents=True)
    paths.config_file().write_text(text)
    assert scene.run().endswith("</session-context>")


def test_the_config_is_heard(scene: Scene, tmp_path: Path) -> None:
    for name in ("docker", "gh", "jq", "make", "node", "pnpm", "psql", "rg", "uv"):
        program(tmp_path / "bin" / name, "")
    installed = {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}
    paths.config_file().parent.mkdir(parents=True)
    paths.config_file().write_text('context_max_chars = 700\n[tools.shop]\ndetect = "git"\nusage = "shop it"\n')
    text = scene.run(more=installed)
    assert len(text) <= 700
    assert "shop" not in text, "the tools do not fit any more"
    paths.config_file().write_text('[tools.shop]\ndetect = "git"\nusage = "shop it"\n')
    assert "- shop (git): shop it" in scene.run(more=installed)


def test_git_that_hangs_costs_the_deadline_and_no_more(scene: Scene, tmp_path: Path) -> None:
    program(tmp_path / "bin/git", f"sleep {HANG_S}")
    text = scene.run(more={"PATH": f"{tmp_path}/bin:{os.environ['PATH']}"})
    assert "1 repository left out: no answer in time" in text


def test_when_all_hangs_the_output_is_valid_and_empty(scene: Scene, tmp_path: Path) -> None:
    copy_tree(HOOKS, tmp_path / "stuck/hooks")
    copy_tree(HOOKS.parent / "claude_metrics/context", tmp_path / "stuck/claude_metrics/context")
    reached = tmp_path / "reached"
    hangs = f"import time\nopen({str(reached)!r}, 'w').close()\ntime.sleep({HANG_S})\n"
    (tmp_path / "stuck/claude_metrics/__init__.py").write_text(hangs)
    assert scene.run(hooks=tmp_path / "stuck/hooks") == ""
    assert reached.exists(), "it did hang"


# What it loads

NOT_OURS = {
    "dataclasses", "inspect", "pathlib", "shutil", "asyncio", "concurrent.futures", "logging", "email", "http",
    "socket", "ssl", "urllib.request", "multiprocessing", "argparse", "site", "click", "platformdirs", "psutil",
}  # fmt: skip
OURS = {
    "claude_metrics", "claude_metrics.git", "claude_metrics.git.process", "claude_metrics.context",
    "claude_metrics.text", *(f"claude_metrics.context.{name}" for name in (
        "clients", "finding", "gathering", "git_files", "note", "repositories", "repository_lines", "settings", "spend",
        "spend_lines", "text", "tools", "zones")),
}  # fmt: skip


def test_what_it_imports_is_the_standard_library_and_the_note(scene: Scene) -> None:
    subprocess.run([sys.executable, "-m", "claude_metrics", "sync"], check=True, capture_output=True)
    words = [sys.executable, "-X", "importtime", *scene.command()[1:]]
    done = subprocess.run(words, input="{}", capture_output=True, text=True, check=True, cwd=scene.repo)
    loaded = set(re.findall(r"\|\s+([\w.]+)$", done.stderr, re.MULTILINE))
    assert {name for name in loaded if name.startswith("claude_metrics")} == OURS
    assert "sqlite3" in loaded
    assert not loaded & NOT_OURS
    standard = {*sys.stdlib_module_names, "claude_metrics", "_event", "_catch_up"}
    assert {name.partition(".")[0] for name in loaded} <= standard | {"sitecustomize", "_sysconfigdata"}


# The catch-up


def test_it_starts_a_sync_of_the_last_days_detached(scene: Scene) -> None:
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    scene.run(more={"CLAUDE_CODE_MESSAGING_TOKEN": "secret", "PYTHONPATH": "/x", "KEPT": "1"}, close_fds=False)
    os.close(reading)
    os.close(writing)
    [sync] = scene.syncs()
    assert scene.marker.stat().st_mode & 0o777 == 0o600
    since = time.strftime("%Y-%m-%d", time.localtime(time.time() - 2 * 86400))
    expected = ["-I", "-m", "claude_metrics", "sync", "--since", since, "--db-path", str(scene.db)]
    assert sync["arguments"] == expected
    assert sync["streams"] == ["/dev/null"] * 3
    assert (sync["pid"], sync["cwd"], sync["fds"]) == (sync["session"], "/", 4)  # the fourth is what lists them
    environment = sync["environment"]
    assert isinstance(environment, dict)
    assert (environment.get("KEPT"), environment.keys() & {"PYTHONPATH", "CLAUDE_CODE_MESSAGING_TOKEN"}) == ("1", set())


def test_it_does_so_once_in_ten_minutes_however_many_sessions_begin(scene: Scene) -> None:
    running = [
        subprocess.Popen(scene.command(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd=scene.repo)
        for _ in range(6)
    ]
    assert [one.wait(20) for one in running] == [0] * 6
    assert len(scene.syncs()) == 1
    scene.run()
    assert len(scene.syncs()) == 1
    scene.marker.write_text(str(int(time.time()) - 601))
    scene.run()
    assert len(scene.syncs(2)) == 2
    scene.marker.write_text(str(int(time.time()) + 86400))  # a clock that was wrong
    scene.run()
    assert len(scene.syncs(3)) == 3


@pytest.mark.parametrize("content", [b"", b"\xff" * 99, b"12x"])
def test_a_damaged_marker_is_no_obstacle(scene: Scene, content: bytes) -> None:
    scene.marker.write_bytes(content)
    scene.run()
    assert len(scene.syncs()) == 1
    assert scene.marker.read_bytes().isdigit()


def test_a_marker_that_is_a_link_or_a_pipe_is_left_alone(scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("text")
    scene.marker.symlink_to(tmp_path / "victim")
    assert scene.run()
    scene.marker.unlink()
    os.mkfifo(scene.marker)
    assert scene.run()
    assert (tmp_path / "victim").read_text() == "text"


def test_when_the_data_folder_cannot_be_written_the_note_still_comes(scene: Scene, home: Path) -> None:
    shutil.rmtree(home / "claude-metrics")
    (home / "claude-metrics").write_text("in the way")
    assert "on main, no upstream" in scene.run()


def test_a_session_that_no_hook_recorded_is_caught_up(
    scene: Scene, capture: Callable[[str], Capture], home: Path
) -> None:
    (scene.marker.parent / "worker-python").unlink()
    recorded = capture("claude-code/print-basic")
    scene.run()
    assert wait_for(lambda: sessions(scene.db)) == list(recorded.oracle["sessions"])


def sessions(db: Path) -> list[str]:
    try:
        with closing(sqlite3.connect(f"file:{db}?mode=ro", uri=True)) as connection:
            return [row[0] for row in connection.execute("select session_id from v_sessions")]
    except sqlite3.Error:
        return []
