"""Nothing of a repository is run, nothing is written, and nothing is fetched for the note."""

import os
from pathlib import Path

import pytest

from tests.context.gathered import GIT, state
from tests.support.git_sandbox import program, shell


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
