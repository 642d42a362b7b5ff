"""A session that worked in a hostile repository, recorded by the real worker: none of its programs runs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from claude_metrics import paths
from claude_metrics.recording import spool
from tests.git.traps import set_traps
from tests.support.dumps import dump
from tests.support.git_sandbox import moment, program, repository, shell
from tests.support.processes import processes_with
from tests.support.waiting import HANG_S, PATIENCE_S

pytestmark = pytest.mark.slow

ANSWER = {
    "id": "m",
    "model": "claude-sonnet-5-5",
    "role": "assistant",
    "type": "message",
    "stop_reason": "end_turn",
    "content": [],
    "usage": {"input_tokens": 1, "output_tokens": 1},
}


def session(home: Path, cwd: Path) -> bytes:
    """The payload of a session of two records in `cwd`."""
    path = home / ".claude/projects/p/s-1.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    common = {"sessionId": "s-1", "cwd": str(cwd), "version": "2.1.328"}
    records = [
        {"type": "user", "uuid": "u", "timestamp": moment(0), "message": {"role": "user", "content": "Go"}, **common},
        {"type": "assistant", "uuid": "a", "timestamp": moment(900), "message": ANSWER, "requestId": "r", **common},
    ]
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return json.dumps({"session_id": "s-1", "transcript_path": str(path), "cwd": str(cwd), "reason": "other"}).encode()


def run_worker(**environment: str) -> None:
    command = [sys.executable, "-I", "-m", "claude_metrics.worker"]
    assert subprocess.run(command, check=False, timeout=PATIENCE_S, env=os.environ | environment).returncode == 0


def test_no_trap_of_a_repository_is_sprung_and_its_commit_is_found(home: Path, tmp_path: Path) -> None:
    repo = repository(tmp_path / "repo")
    (repo / ".gitattributes").write_text("* diff=evil filter=evil\n")
    shell(repo, "echo 2 > two.txt; git add .; git commit -q -m 'Before the traps'", at=10)
    set_traps(repo, program(tmp_path / "trap", f"touch {tmp_path}/caught; cat; exit 0"))
    spool.submit(session(home, repo), "claude", paths.spool_dir())
    run_worker()
    assert not (tmp_path / "caught").exists()
    assert "Before the traps" in str(dump(paths.database_file())["commits"])
    shell(repo, "git status", check=False)
    assert (tmp_path / "caught").exists(), "the traps themselves must work"


@pytest.mark.parametrize("name", ["config", "index"])
def test_a_pipe_in_a_repository_stops_the_worker_no_longer_than_git_may_take(
    name: str, home: Path, tmp_path: Path
) -> None:
    repo = repository(tmp_path / "repo")
    (repo / ".git" / name).unlink(missing_ok=True)
    os.mkfifo(repo / ".git" / name)
    spool.submit(session(home, repo), "claude", paths.spool_dir())
    run_worker()
    assert not spool.pending(paths.spool_dir())
    assert len(dump(paths.database_file())["sessions"]) == 1


def test_a_git_that_never_answers_costs_the_worker_its_timeout_only(home: Path, tmp_path: Path) -> None:
    slow = program(tmp_path / "bin" / "git", f"sleep {HANG_S}")
    spool.submit(session(home, repository(tmp_path / "repo")), "claude", paths.spool_dir())
    run_worker(PATH=f"{slow.parent}:{os.environ['PATH']}")
    assert not spool.pending(paths.spool_dir())
    assert not processes_with(slow), "git and its children are gone"
