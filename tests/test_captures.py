"""The recorded sessions and the ground the other tests stand on."""

import os
import re
import socket
import sqlite3
from pathlib import Path

import pytest

from tests.support import captured, isolation

TEXTS = sorted(
    path for path in captured.CAPTURES.rglob("*") if path.is_file() and path.suffix in (".json", ".jsonl", ".db")
)
FOREIGN = re.compile(rb"registry\.|/root/|/opt/|/Users/|/home/(?!dev\b)")


def test_captures_name_no_machine():
    found = {str(path): FOREIGN.findall(path.read_bytes()) for path in TEXTS}
    assert {path: hits for path, hits in found.items() if hits} == {}


@pytest.mark.parametrize("name", captured.names())
def test_a_capture_is_laid_out_in_the_home(name, capture, home):
    laid = capture(name)
    ends = laid.payloads("SessionEnd")
    assert {payload["session_id"] for payload in ends} <= set(laid.oracle["sessions"])
    for payload in ends:
        assert Path(payload["transcript_path"]).is_relative_to(home / ".claude")
        assert Path(payload["transcript_path"]).exists() == (name != "claude-code/no-transcript")


@pytest.mark.parametrize("agent", ["gemini-cli", "codex-cli", "opencode"])
def test_the_other_agents_have_their_truth(agent, capture, home):
    for name in captured.names(agent):
        assert capture(name).truth["client"] == agent
    assert any(path.is_file() for path in home.rglob("*"))


def test_opencode_databases_are_whole(capture, home):
    capture("opencode/subagent")
    db = sqlite3.connect(home / ".local/share/opencode/opencode.db")
    assert db.execute("pragma integrity_check").fetchone() == ("ok",)
    assert db.execute("select count(*) from session").fetchone() == (2,)


def test_the_real_home_is_out_of_reach():
    with pytest.raises(pytest.fail.Exception, match="real home"):
        Path(isolation.HOME, ".claude", "settings.json").read_text()
    assert Path.home() == Path(os.environ["HOME"]) != Path(isolation.HOME)


def test_the_network_is_out_of_reach():
    with socket.socket() as away, pytest.raises(pytest.fail.Exception, match="network"):
        away.connect(("192.0.2.1", 80))
