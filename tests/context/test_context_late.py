"""What is late, broken or refused is left out of the note or said in a line, and holds nothing up."""

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from claude_metrics.context import gathering
from claude_metrics.context.repository_lines import line
from claude_metrics.context.settings import Settings
from claude_metrics.git import process as git
from tests.context.gathered import GIT, facts, state, states
from tests.support.git_sandbox import program, repository
from tests.support.processes import is_alive
from tests.support.waiting import HANG_S, PATIENCE_S, wait_for


def slow_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str) -> Path:
    """A git that hangs when its arguments and folder match the shell pattern; where it writes its process ids."""
    program(
        tmp_path / "bin/git", f'case "$*" in {when}) echo $$ >> {tmp_path}/pids; sleep {HANG_S};; esac; exec {GIT} "$@"'
    )
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    return tmp_path / "pids"


def test_what_is_late_is_left_out_said_so_and_ended(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository(repo / "quick")
    repository(repo / "stuck")
    pids = slow_git(tmp_path, monkeypatch, "*/stuck*status*")
    found = facts(repo, Settings(context_deadline_s=2.0))
    assert {one.path for one in found.repositories} == {".", "quick"}
    assert found.late_repositories == 1
    wait_for(lambda: not any(is_alive(int(pid)) for pid in pids.read_text().split()))


def test_when_looking_for_untracked_files_takes_too_long_the_rest_is_told(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repo / "first.txt").write_text("changed\n")
    (repo / "new.txt").write_text("new\n")
    slow_git(tmp_path, monkeypatch, "*untracked-files=normal*")
    [found] = facts(repo, Settings(context_deadline_s=2.0)).repositories
    assert (found.changed, found.untracked) == (1, None)
    assert "1 changed, untracked files not counted" in line(found, time.time())


@pytest.fixture
def hanging_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Nothing is found on the disk before the event is set; no thread outlives the test."""
    answers, before = threading.Event(), set(threading.enumerate())

    def after_the_hang(folder: str) -> str:
        answers.wait()
        raise OSError("the disk is gone")

    monkeypatch.setattr(gathering, "workspace_of", after_the_hang)
    yield answers
    answers.set()
    for thread in set(threading.enumerate()) - before:
        thread.join(PATIENCE_S)


def test_a_disk_that_hangs_does_not_hold_the_note(repo: Path, hanging_disk: threading.Event) -> None:
    found = facts(repo, Settings(context_deadline_s=0.5))
    assert not hanging_disk.is_set(), "the note came first"
    assert (found.late, found.complete) == (["tools", "spend"], False)


def test_what_fails_after_the_deadline_fails_silently(
    repo: Path, hanging_disk: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", said.append)
    before = set(threading.enumerate())
    facts(repo, Settings(context_deadline_s=0.5))
    late = set(threading.enumerate()) - before
    hanging_disk.set()
    for thread in late:
        thread.join(PATIENCE_S)
    assert (len(late), said) == (3, [])


@pytest.mark.parametrize("name", [".gitmodules", ".git/commondir", ".git/config", ".git/HEAD", ".git/FETCH_HEAD"])
def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(repo: Path, name: str) -> None:
    (repo / name).unlink(missing_ok=True)
    os.mkfifo(repo / name)
    found = facts(repo, Settings(context_deadline_s=1))
    assert (len(found.repositories) + found.late_repositories, found.complete) == (1, True)


BROKEN: dict[str, Callable[[Path], object]] = {
    "no head": lambda repo: (repo / ".git/HEAD").unlink(),
    "bad config": lambda repo: (repo / ".git/config").write_text("[broken\n"),
    "bad pointer": lambda repo: (shutil.rmtree(repo / ".git"), (repo / ".git").write_text("gitdir: /nowhere\n")),
    "no pointer": lambda repo: (shutil.rmtree(repo / ".git"), (repo / ".git").write_bytes(b"\xff\0\n" * 9)),
    "bad index": lambda repo: (repo / ".git/index").write_bytes(b"DIRC" + b"\xff" * 60),
}


@pytest.mark.parametrize("break_it", BROKEN.values(), ids=BROKEN)
def test_a_broken_repository_is_a_line_that_says_so(repo: Path, break_it: Callable[[Path], object]) -> None:
    repository(repo / "whole")
    break_it(repo)
    found = states(repo)
    assert found["whole"].subject == "First"
    assert (found["."].problem or "").startswith("git: ")


def test_without_git_each_repository_says_so(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert state(repo).problem == "git: git is not installed, or not on PATH"


def test_one_process_is_started_per_repository(tmp_path: Path) -> None:
    for number in range(5):
        repository(tmp_path / "all" / f"{number}")
    before = git.processes_started
    assert len(facts(tmp_path / "all").repositories) == 5
    assert git.processes_started - before == 5


def test_repositories_that_hang_do_not_hold_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*(f"a-stuck-{number}" for number in range(8)), *(f"quick-{number}" for number in range(8))]:
        repository(tmp_path / "all" / name)
    slow_git(tmp_path, monkeypatch, "*/a-stuck-*status*")
    monkeypatch.setattr(gathering, "AT_FIRST", 2)
    found = facts(tmp_path / "all", Settings(context_deadline_s=4))
    assert {one.path for one in found.repositories} == {f"quick-{number}" for number in range(8)}
    assert found.late_repositories == 8
