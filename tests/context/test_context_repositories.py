"""What the note says of repositories, on real ones: their state, where they are looked for, and that nothing runs."""

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from claude_metrics.context import gathering
from claude_metrics.context.finding import Search, workspace_of
from claude_metrics.context.gathering import Facts, gather
from claude_metrics.context.git_files import GitFolder
from claude_metrics.context.repositories import Repository
from claude_metrics.context.repository_lines import line
from claude_metrics.context.settings import Settings
from claude_metrics.git import process as git
from tests.support.git_sandbox import BEGIN, program, repository, shell
from tests.support.processes import is_alive
from tests.support.waiting import HANG_S, PATIENCE_S, wait_for

GIT = shutil.which("git")
LONG = Settings(context_deadline_s=30)  # where time is not what is tested
ALLOW = "git -c protocol.file.allow=always"


def facts(folder: Path, settings: Settings = LONG) -> Facts:
    return gather(str(folder), "", settings)


def states(folder: Path) -> dict[str, Repository]:
    return {state.path: state for state in facts(folder).repositories}


def state(folder: Path) -> Repository:
    return states(folder)["."]


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return repository(tmp_path / "repo")


# Its state


def test_a_repository_with_everything(repo: Path, tmp_path: Path) -> None:
    shell(tmp_path, "git clone -q repo clone")
    shell(repo, "echo 2 > theirs; git add .; git commit -q -m Theirs")
    clone = tmp_path / "clone"
    shell(clone, "git fetch -q; echo 1 > one; echo 2 > two; git add .; git commit -q -m 'One and two'", at=100)
    shell(clone, "git commit -q --amend -m 'One and two\nof it\n\nbody'; git commit -q --allow-empty -m Three", at=200)
    shell(clone, "echo 5 > one; rm two; echo n > new; mkdir folder; echo a > folder/a; echo b > folder/b")
    found = state(clone)
    assert (found.branch, found.upstream, found.ahead, found.behind) == ("main", "origin/main", 2, 1)
    assert (found.changed, found.untracked, found.conflicts, found.problem) == (2, 2, 0, None)
    assert (found.commit or "").startswith(shell(clone, "git rev-parse --short HEAD").strip())
    assert (found.subject, found.committed_at) == ("Three", BEGIN + 200)
    assert line(found, BEGIN + 200 + 7300) == (
        f".: on main, 2 ahead of and 1 behind origin/main (fetched just now); 2 changed, 2 untracked; "
        f'last commit 2 hours ago, {(found.commit or "")[:9]} "Three"'
    )


def test_the_remote_is_as_last_fetched(repo: Path, tmp_path: Path) -> None:
    shell(tmp_path, "git clone -q repo clone")
    shell(repo, "git commit -q --allow-empty -m Newer")
    assert (state(tmp_path / "clone").behind, state(tmp_path / "clone").fetched_at) == (0, None)
    shell(tmp_path / "clone", "git fetch -q")
    os.utime(tmp_path / "clone/.git/FETCH_HEAD", (1e9, 1e9))
    assert (state(tmp_path / "clone").behind, state(tmp_path / "clone").fetched_at) == (1, 1e9)


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        ("true", 'on main, no upstream; clean; last commit 16 minutes ago, {sha} "First"'),
        ("git checkout -q --detach", 'detached at {sha}; clean; last commit 16 minutes ago, {sha} "First"'),
        ("git checkout -q --orphan fresh; git rm -rfq .", "on fresh, no upstream; clean; no commit yet"),
        ("git config branch.main.remote origin; git config branch.main.merge refs/heads/main; git remote add origin /x",
         'on main, upstream origin/main is gone; clean; last commit 16 minutes ago, {sha} "First"'),
        ("git checkout -qb a; echo a > first.txt; git commit -qam A; git checkout -q main; echo b > first.txt; "
         "git commit -qam First; git merge -q a || true",
         'on main, no upstream; 1 in conflict; last commit just now, {sha} "First"'),
    ],
    ids=["plain", "detached", "no commit", "upstream gone", "conflict"],
)  # fmt: skip
def test_odd_states(repo: Path, commands: str, expected: str) -> None:
    shell(repo, commands)
    sha = shell(repo, "git rev-parse HEAD", check=False)[:9]
    assert line(state(repo), BEGIN) == ".: " + expected.format(sha=sha)


def test_a_linked_worktree_is_a_repository(repo: Path) -> None:
    shell(repo, "git worktree add -q ../beside -b beside")
    found = state(repo.parent / "beside")
    assert (found.branch, found.subject, found.problem) == ("beside", "First", None)


@pytest.mark.parametrize(
    "message", ["Plain", "Two\nlines\n\nbody", "\n\n  spaced  \n", "ünï", "x" * 3000, " \n"], ids=ascii
)
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_commit_read_from_its_file_is_what_git_log_says(repo: Path, message: str, encoding: str) -> None:
    (repo.parent / "message").write_bytes(message.encode(encoding))
    options = f"-c i18n.commitEncoding={encoding}"
    shell(repo, f"git {options} commit -q --allow-empty --allow-empty-message --cleanup=verbatim -F ../message", at=77)
    sha = shell(repo, "git rev-parse HEAD").strip()
    loose = GitFolder(str(repo)).loose_commit(sha)
    assert (loose is None) == (encoding != "utf-8"), "the file says its encoding when it is another one"
    expected = shell(repo, "git log -1 --format=%s").strip()
    assert (loose is None) or loose == (BEGIN + 77, expected)
    assert (state(repo).subject, state(repo).committed_at) == (expected, BEGIN + 77)
    shell(repo, "git gc -q")
    assert GitFolder(str(repo)).loose_commit(sha) is None
    assert (state(repo).subject, state(repo).committed_at) == (expected, BEGIN + 77)


# Where they are looked for


def test_submodules_and_nested_repositories_are_found(repo: Path, tmp_path: Path) -> None:
    inner, work = repository(tmp_path / "inner"), repository(tmp_path / "work")
    shell(inner, f"{ALLOW} submodule --quiet add {repo} deep/sub; git commit -qam Sub")
    shell(work, f"{ALLOW} submodule --quiet add {inner} 'libs/in ner'; {ALLOW} submodule update -q --init --recursive")
    repository(work / "tools/nested")
    repository(work / "node_modules/skipped")
    repository(work / ".hidden/skipped")
    shell(work, f"{ALLOW} submodule --quiet add {repo} gone; git submodule --quiet deinit -f gone")
    found = facts(work)
    assert {one.path for one in found.repositories} == {
        ".",
        "libs/in ner",
        "libs/in ner/deep/sub",
        "tools/nested",
    }
    assert (found.not_checked_out, found.complete, found.late_repositories) == (["gone"], True, 0)


def test_a_folder_of_repositories_is_a_workspace(tmp_path: Path) -> None:
    for name in ("a", "b/c"):
        repository(tmp_path / "all" / name)
    assert set(states(tmp_path / "all")) == {"a", "b/c"}


def test_a_subfolder_leads_to_its_repository_but_not_to_one_in_the_home(repo: Path, home: Path) -> None:
    (repo / "src/deep").mkdir(parents=True)
    assert facts(repo / "src/deep").workspace == str(repo)
    shell(home, "git init -q .")
    (home / "project").mkdir()
    assert workspace_of(str(home / "project")) == str(home / "project")
    assert workspace_of(str(home)) == str(home)


def test_a_submodule_path_that_leads_out_of_the_workspace_is_left_alone(repo: Path, tmp_path: Path) -> None:
    outside = repository(tmp_path / "outside")
    (repo / "link").symlink_to(outside)
    paths = ["../outside", str(outside), "link", "sub/../../outside", ".", "", "a\0b", "x" * 5000]
    modules = "".join(f'[submodule "{number}"]\n\tpath = {path}\n' for number, path in enumerate(paths))
    (repo / ".gitmodules").write_text(modules)
    assert [os.path.relpath(top, repo) for top in Search(str(repo), time.monotonic() + 30)] == ["."]


def test_links_are_not_followed_round_and_round(repo: Path) -> None:
    (repo / "loop").symlink_to(repo)
    (repo / ".gitmodules").write_text('[submodule "a"]\n\tpath = loop\n[submodule "b"]\n\tpath = loop/loop\n')
    assert list(Search(str(repo), time.monotonic() + 30)) == [str(repo)]


def test_the_search_is_bounded_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(60):
        (tmp_path / "wide" / f"{number}").mkdir(parents=True)
    monkeypatch.setattr("claude_metrics.context.finding.MAX_FOLDERS", 50)
    search = Search(str(tmp_path / "wide"), time.monotonic() + 30)
    assert (list(search), search.complete) == ([], False)
    search = Search(str(tmp_path / "wide"), time.monotonic() - 1)
    assert (list(search), search.complete) == ([], False)


# Nothing of the repository's own runs, nothing is written, nothing is fetched


def trap_filter(repo: Path, config: str, name: str = "evil") -> Path:
    """A tracked file whose content git has to compare, with that filter on it; returns what a run leaves."""
    caught = repo.parent / "caught"
    trap = program(repo.parent / "trap", f"touch {caught}; cat")
    (repo / ".gitattributes").write_text(f"* filter={name}\n")
    with (repo / ".git/config").open("a") as file:
        file.write(config.format(trap=trap, folder=repo.parent))
    (repo / "first.txt").write_text("2\n")  # of the same size, so that only the content tells
    return caught


FILTERS = {
    "clean": '[filter "evil"]\n\tclean = {trap}\n',
    "process": '[filter "evil"]\n\tprocess = {trap}\n\trequired\n',
    "other case": '[FILTER "evil"]\n\tCLEAN = {trap}\n',
    "old spelling": "[filter.evil]\n\tclean = {trap}\n",
    "included": "[include]\n\tpath = {folder}/more\n",
    "included if": '[includeIf "gitdir:{folder}/"]\n\tpath = {folder}/more\n',
    "fsmonitor": "[core]\n\tfsmonitor = {trap}\n",
}


@pytest.mark.parametrize("config", FILTERS.values(), ids=FILTERS)
def test_a_filter_of_the_repository_is_not_run(repo: Path, config: str) -> None:
    (repo.parent / "more").write_text(FILTERS["clean"].format(trap=repo.parent / "trap"))
    caught = trap_filter(repo, config)
    found = state(repo)
    assert (found.problem, found.changed, caught.exists()) == (None, 1, False)
    shell(repo, "git status", check=False)
    assert caught.exists(), "the trap itself must work"


def test_a_filter_that_cannot_be_switched_off_keeps_git_away(repo: Path) -> None:
    caught = trap_filter(repo, '[filter "a=b"]\n\tclean = {trap}\n', "a=b")
    assert "odd name" in (state(repo).problem or "")
    assert not caught.exists()
    shell(repo, "git status", check=False)
    assert caught.exists(), "the trap itself must work"


def test_a_filter_in_a_worktrees_own_configuration_is_not_run(repo: Path) -> None:
    shell(repo, "git config extensions.worktreeConfig true; git worktree add -q ../beside")
    caught, beside = repo.parent / "caught", repo.parent / "beside"
    trap = program(repo.parent / "trap", f"touch {caught}; cat")
    shell(beside, f"git config --worktree filter.evil.clean {trap}; echo '* filter=evil' > .gitattributes")
    (beside / "first.txt").write_text("2\n")
    assert (state(beside).problem, state(beside).changed, caught.exists()) == (None, 1, False)
    shell(beside, "git status")
    assert caught.exists(), "the trap itself must work"


def test_the_users_own_filter_is_kept(repo: Path) -> None:
    shell(repo, "git config --global filter.upper.clean 'tr a-z A-Z'; echo '* filter=upper' > .git/info/attributes")
    shell(repo, "echo abc > letters; git add letters; git commit -q -m Letters; sleep 1; touch letters")
    assert (repo / "letters").read_text() == "abc\n"
    assert state(repo).changed == 0


def test_nothing_is_written(repo: Path) -> None:
    os.utime(repo / "first.txt", (1e9, 1e9))  # git would note this in its index

    def stamps() -> dict[str, tuple[int, int]]:
        return {str(path): (path.lstat().st_mtime_ns, path.lstat().st_size) for path in repo.rglob("*")}

    before = stamps()
    assert state(repo).changed == 0
    assert stamps() == before


def test_git_is_asked_for_the_status_once_and_for_nothing_remote(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(
        tmp_path / "bin/git", f'echo "$*" >> {tmp_path}/asked; env | grep OPTIONAL >> {tmp_path}/asked; exec {GIT} "$@"'
    )
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    assert state(repo).subject == "First"
    [asked, locks] = (tmp_path / "asked").read_text().splitlines()
    assert " status --porcelain=v2 " in asked
    assert "--ignore-submodules=dirty" in asked
    assert locks == "GIT_OPTIONAL_LOCKS=0"


# What is late, broken or refused


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
