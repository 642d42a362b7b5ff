"""What a command loads and opens before it does its work: counted, for a time would depend on the machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from claude_metrics import cli
from tests.support.captured import Capture

# Libraries that take 5 to 140 ms each, and rooms of ours that are for recording alone.
LIBRARIES = {
    "rich.console", "genai_prices", "pydantic", "httpx2", "sqlite_utils", "tomlkit", "psutil", "msgspec", "multiprocessing",
    "concurrent", "email", "asyncio", "ssl", "socket", "tomllib", "difflib",
}  # fmt: skip
RECORDING = {
    "claude_metrics.redact", "claude_metrics.recording.ingest", "claude_metrics.recording.parallel",
    "claude_metrics.store.migrations", "claude_metrics.store.derive", "claude_metrics.agents._builder",
}  # fmt: skip
# The most modules that each may load, the interpreter's own and click's included (about 110).
MOST = {
    "--version": 130,
    "--help": 130,
    "overview": 225,
    "report daily": 225,
    "report daily --json": 225,
    "report --help": 140,
    "context": 190,
    "sync": 225,
}
# Runs a command with an ear on what it opens; prints [[event, path], ...] instead of the command's own output.
LISTENING = """
import contextlib, io, json, sys
seen = []
sys.addaudithook(lambda event, values: seen.append((event, str(values[0]))) if event in ("open", "os.scandir") else None)
from claude_metrics.cli import main
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    main()
print(json.dumps(seen))
"""


@pytest.fixture
def recorded(capture: Callable[[str], Capture]) -> Path:
    """A home with a session that is stored; returns the folder of its transcripts."""
    folder = capture("print-basic").claude_dir
    assert run("-m", "claude_metrics", "sync").returncode == 0
    assert run("-m", "claude_metrics", "sync").returncode == 0  # the views, prices and the day's copy are there now
    return folder


def run(*words: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    return subprocess.run(
        [sys.executable, *words], capture_output=True, encoding="utf-8", check=True, env=env, timeout=120
    )


@pytest.mark.parametrize("command", MOST)
def test_a_command_loads_only_what_it_uses(recorded: Path, command: str) -> None:
    told = run("-X", "importtime", "-m", "claude_metrics", *command.split()).stderr.splitlines()
    loaded = {line.rpartition("|")[2].strip() for line in told if line.startswith("import time:")}
    assert "claude_metrics.cli" in loaded
    assert [name for name in loaded if any(f"{name}.".startswith(f"{one}.") for one in LIBRARIES)] == []
    assert loaded & RECORDING == set()
    assert len(loaded) <= MOST[command], len(loaded)


def test_a_sync_that_finds_nothing_new_opens_no_transcript_and_lists_each_folder_once(recorded: Path) -> None:
    seen = [tuple(each) for each in json.loads(run("-c", LISTENING, "sync").stdout)]
    inside = [(event, path) for event, path in seen if path.startswith(str(recorded))]
    listed = Counter(path for event, path in inside if event == "os.scandir")
    assert listed.pop(str(recorded / "projects")) <= 2  # once more for projects that are links
    assert listed and set(listed.values()) == {1}
    assert [path for event, path in inside if event == "open" and path.endswith(".jsonl")] == []


def test_the_help_shows_the_first_line_of_each_command() -> None:
    for name, (_, line) in cli.COMMANDS.items():
        command = cli.cli.get_command(None, name)  # type: ignore[arg-type]
        assert command and command.get_short_help_str(1000) == line
