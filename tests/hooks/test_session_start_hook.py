"""The session-start hook as a real process: what it prints for each client, whatever happens."""

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from claude_metrics import paths
from claude_metrics.context.clients import names
from claude_metrics.installer import command, hook_files
from tests.hooks.session_starts import HOOKS, SessionStart, note_in, payload
from tests.support.git_sandbox import program, repository
from tests.support.trees import copy_tree
from tests.support.waiting import HANG_S

TOOLS = (*names(), None)
# What it prints


@pytest.mark.parametrize("tool", TOOLS)
def test_the_note_in_each_clients_form(session_start: SessionStart, tool: str | None) -> None:
    text = session_start.run(tool=tool)
    assert text.startswith("<session-context>\n")
    assert text.endswith("\n</session-context>")
    assert "- .: on main, no upstream; clean;" in text


@pytest.mark.parametrize("agent", ["claude", "codex", "gemini", "cursor", "opencode"])
def test_the_installed_command_line_gives_the_note(session_start: SessionStart, agent: str) -> None:
    words = command.words(agent, "session-start", plain=agent == "opencode")
    hook_files.refresh()
    assert Path(words[3]) == hook_files.folder() / "session_start.py"
    payload = json.dumps({"cwd": str(session_start.repo), "hook_event_name": "SessionStart"})
    done = subprocess.run(words, input=payload, capture_output=True, text=True, check=True, cwd="/")
    assert "on main, no upstream" in note_in(done.stdout, None if agent == "opencode" else agent)


def test_the_folder_is_the_payloads_then_the_clients_then_our_own(session_start: SessionStart, tmp_path: Path) -> None:
    inside = repository(tmp_path / "other")
    places = {
        "cwd": (payload(cwd=str(inside)), {}),
        "roots": (payload(cwd=None, workspace_roots=[str(inside), "/"]), {}),
        "variable": (payload(workspace_roots="x"), {"CURSOR_PROJECT_DIR": str(inside)}),
        "not there": (payload(cwd="/not/there", workspace_roots=[3, "relative", "a\0b", str(inside)]), {}),
    }
    for name, (given, more) in places.items():
        assert f"Repositories in {inside}:" in session_start.run(given, more=more), name
    assert f"Repositories in {session_start.repo}:" in session_start.run(b"{}")


@pytest.mark.parametrize(
    "given",
    [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe\0", b"[" * 100_000, b'{"cwd": 3, "session_id": []}',
     b"x" * (3 << 20)],
    ids=range(9),
)  # fmt: skip
@pytest.mark.parametrize("tool", ["claude", None])
def test_whatever_stands_on_stdin(session_start: SessionStart, given: bytes, tool: str | None) -> None:
    assert "on main, no upstream" in session_start.run(given, tool)


def test_stdin_that_stays_open_closed_or_is_a_terminal(session_start: SessionStart) -> None:
    reading, writing = os.pipe()
    master, terminal = pty.openpty()
    for stream in (reading, terminal):
        done = subprocess.run(
            session_start.command(),
            stdin=stream,
            capture_output=True,
            text=True,
            check=True,
            cwd=session_start.repo,
            timeout=10,
        )
        assert "on main, no upstream" in note_in(done.stdout, "claude")
    for end in (reading, writing, master, terminal):
        os.close(end)
    line = " ".join(session_start.command()) + " <&-"
    done = subprocess.run(
        ["sh", "-c", line], capture_output=True, text=True, check=True, cwd=session_start.repo, timeout=10
    )
    assert "on main, no upstream" in note_in(done.stdout, "claude")


def test_nobody_reads_it(session_start: SessionStart) -> None:
    for closing_words in (">&-", "| true", "> /dev/full"):
        line = f"echo '{{}}' | {' '.join(session_start.command())} {closing_words}"
        done = subprocess.run(
            ["sh", "-c", line], capture_output=True, text=True, check=False, cwd=session_start.repo, timeout=10
        )
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("tool", TOOLS)
def test_without_the_package_the_output_is_valid_and_empty(
    session_start: SessionStart, tmp_path: Path, tool: str | None
) -> None:
    copy_tree(HOOKS, tmp_path / "plugin/hooks")
    assert session_start.run(tool=tool, hooks=tmp_path / "plugin/hooks") == ""


@pytest.mark.parametrize("tool", TOOLS)
def test_in_a_folder_that_is_gone_the_output_is_valid_and_empty(
    session_start: SessionStart, tmp_path: Path, tool: str | None
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    line = f"cd {gone}; rmdir {gone}; echo '{{}}' | {' '.join(session_start.command(tool))}"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False, timeout=10)
    assert (done.stderr, done.returncode, note_in(done.stdout, tool)) == ("", 0, "")


def test_in_a_wheel_the_package_is_found_by_the_files_own_place(session_start: SessionStart, tmp_path: Path) -> None:
    site = tmp_path / "site-packages"
    copy_tree(HOOKS.parent / "claude_metrics", site / "claude_metrics")
    copy_tree(HOOKS, site / "claude_metrics/_assets/hooks")
    for name in ("json", "platformdirs", "typing"):  # nothing beside it stands in the way of the standard library
        (site / f"{name}.py").write_text("raise SystemExit(3)\n")
    assert "on main, no upstream" in session_start.run(hooks=site / "claude_metrics/_assets/hooks")


@pytest.mark.parametrize("text", ["[broken", "context_deadline_s = 0.0", "context_deadline_s = -5", "tools = 3"])
def test_a_broken_config_does_not_cost_the_note(session_start: SessionStart, text: str) -> None:
    paths.config_file().parent.mkdir(parents=True)
    paths.config_file().write_text(text)
    assert session_start.run().endswith("</session-context>")


def test_the_config_is_heard(session_start: SessionStart, tmp_path: Path) -> None:
    for name in ("docker", "gh", "jq", "make", "node", "pnpm", "psql", "rg", "uv"):
        program(tmp_path / "bin" / name, "")
    installed = {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}
    paths.config_file().parent.mkdir(parents=True)
    paths.config_file().write_text('context_max_chars = 700\n[tools.shop]\ndetect = "git"\nusage = "shop it"\n')
    text = session_start.run(more=installed)
    assert len(text) <= 700
    assert "shop" not in text, "the tools do not fit any more"
    paths.config_file().write_text('[tools.shop]\ndetect = "git"\nusage = "shop it"\n')
    assert "- shop (git): shop it" in session_start.run(more=installed)


def test_git_that_hangs_costs_the_deadline_and_no_more(session_start: SessionStart, tmp_path: Path) -> None:
    program(tmp_path / "bin/git", f"sleep {HANG_S}")
    text = session_start.run(more={"PATH": f"{tmp_path}/bin:{os.environ['PATH']}"})
    assert "1 repository left out: no answer in time" in text


def test_when_all_hangs_the_output_is_valid_and_empty(session_start: SessionStart, tmp_path: Path) -> None:
    copy_tree(HOOKS, tmp_path / "stuck/hooks")
    copy_tree(HOOKS.parent / "claude_metrics/context", tmp_path / "stuck/claude_metrics/context")
    reached = tmp_path / "reached"
    hangs = f"import time\nopen({str(reached)!r}, 'w').close()\ntime.sleep({HANG_S})\n"
    (tmp_path / "stuck/claude_metrics/__init__.py").write_text(hangs)
    assert session_start.run(hooks=tmp_path / "stuck/hooks") == ""
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


def test_what_it_imports_is_the_standard_library_and_the_note(session_start: SessionStart) -> None:
    subprocess.run([sys.executable, "-m", "claude_metrics", "sync"], check=True, capture_output=True)
    words = [sys.executable, "-X", "importtime", *session_start.command()[1:]]
    done = subprocess.run(words, input="{}", capture_output=True, text=True, check=True, cwd=session_start.repo)
    loaded = set(re.findall(r"\|\s+([\w.]+)$", done.stderr, re.MULTILINE))
    assert {name for name in loaded if name.startswith("claude_metrics")} == OURS
    assert "sqlite3" in loaded
    assert not loaded & NOT_OURS
    standard = {*sys.stdlib_module_names, "claude_metrics", "_event", "_catch_up"}
    assert {name.partition(".")[0] for name in loaded} <= standard | {"sitecustomize", "_sysconfigdata"}
