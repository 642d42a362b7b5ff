"""Which repository a commit belongs to: subfolders, links, worktrees, submodules, clones."""

from pathlib import Path

import pytest

from tests.git.commits import ADD, the_one
from tests.support.git_sandbox import Work, repository, shell, subjects


@pytest.mark.parametrize(
    "command",
    [
        "git -C ../repo commit -q -m 'From elsewhere'",
        "cd ../repo && git commit -q -m 'From elsewhere'",
        "(cd ../repo; git commit -q -m 'From elsewhere'); true",
        "pushd ../repo > /dev/null; git commit -q -m 'From elsewhere'; popd > /dev/null",
        "D=../repo; cd \"$D\" && git commit -q -m 'From elsewhere'",
        "git --git-dir=../repo/.git --work-tree=../repo commit -q -m 'From elsewhere'",
        "GIT_DIR=../repo/.git GIT_WORK_TREE=../repo git commit -q -m 'From elsewhere'",
        "bash -c \"cd ../repo && git commit -q -m 'From elsewhere'\"",
        "cd ../repo/deep && git -C .. -c core.editor=true commit -q -m 'From elsewhere'",
    ],
)
def test_a_command_names_its_repository(repo: Path, tmp_path: Path, work: Work, command: str) -> None:
    (tmp_path / "desk").mkdir()
    (repo / "deep").mkdir()
    shell(repo, "echo s > s; git add s")
    work.run(tmp_path / "desk", command)
    one = the_one(work.commits(tmp_path / "desk"))
    assert (one.repository, one.attribution) == (str(repo), "proven")


def test_a_commit_by_hand_is_not_inferred_where_the_session_only_went_by_command(repo: Path, tmp_path: Path) -> None:
    work = Work()
    shell(repo, ADD + "git commit -q -m 'By hand'", at=500)
    work.run(tmp_path, "cd repo;" + ADD + "git commit -q -m 'By command'")
    assert subjects(work.commits(tmp_path)) == ["By command"]


def test_a_subfolder_belongs_to_the_repository(repo: Path, work: Work) -> None:
    (repo / "a" / "b").mkdir(parents=True)
    work.run(repo / "a" / "b", ADD + "git commit -q -m 'Deep inside'")
    assert the_one(work.commits(repo / "a" / "b")).repository == str(repo)


def test_a_link_to_a_repository_is_the_same_repository(repo: Path, tmp_path: Path, work: Work) -> None:
    (tmp_path / "link").symlink_to(repo)
    work.run(tmp_path / "link", ADD + "git commit -q -m 'Through a link'")
    assert the_one(work.commits(tmp_path / "link", repo)).repository == str(repo)


def test_a_linked_worktree_is_the_same_repository(repo: Path, tmp_path: Path, work: Work) -> None:
    shell(repo, "git worktree add -q ../tree -b side")
    work.run(tmp_path / "tree", ADD + "git commit -q -m 'In the tree'")
    one = the_one(work.commits(tmp_path / "tree", repo))
    assert (one.repository, one.branch) == (str(repo), "side")


def test_a_removed_worktree_inside_the_repository_leads_to_it(repo: Path, work: Work) -> None:
    tree = repo / ".claude" / "worktrees" / "side"
    shell(repo, f"git worktree add -q {tree} -b side")
    work.run(tree, ADD + "git commit -q -m 'In the tree'", at=10)
    shell(repo, f"git merge -q side; git worktree remove {tree}; git branch -q -d side", at=20)
    one = the_one(work.commits(tree))
    assert (one.repository, one.attribution, one.reachable) == (str(repo), "proven", True)


def test_the_worktrees_of_a_bare_repository_share_it(repo: Path, tmp_path: Path, work: Work) -> None:
    shell(tmp_path, "git clone -q --bare repo store.git; git -C store.git worktree add -q ../tree -b side")
    work.run(tmp_path / "tree", ADD + "git commit -q -m 'In the tree'")
    assert the_one(work.commits(tmp_path / "tree", tmp_path / "store.git")).repository == str(tmp_path / "store.git")


def test_a_submodule_is_a_repository_of_its_own(repo: Path, tmp_path: Path, work: Work) -> None:
    repository(tmp_path / "library")
    shell(repo, "git -c protocol.file.allow=always submodule add -q ../library lib; git commit -q -m Add", at=-100)
    work.run(repo, "cd lib;" + ADD + "git commit -q -m 'In the library'", at=10)
    work.run(repo, "git add lib; git commit -q -m 'Move the library'", at=20)
    found = [(one.repository, one.message) for one in work.commits(repo)]
    assert found == [(str(repo / "lib"), "In the library"), (str(repo), "Move the library")]


def test_what_is_no_repository_is_passed_over(tmp_path: Path, work: Work) -> None:
    work.tell(tmp_path, "git commit -m x; cd nowhere && git commit -m x", at=10)
    report = work.report(tmp_path, tmp_path / "missing" / "deeper")
    assert (report.commits, report.problems) == ([], [])


def test_a_missing_folder_under_home_does_not_lead_to_the_dotfiles(home: Path, work: Work) -> None:
    shell(home, "git init -q; git add .gitconfig; git commit -q -m Dotfiles", at=500)
    assert work.commits(home / "project-that-was-deleted") == []


def test_a_repository_without_commits_has_none(tmp_path: Path, work: Work) -> None:
    shell(tmp_path, "git init -q -b main empty")
    work.tell(tmp_path / "empty", "git commit -m x", at=10)
    report = work.report(tmp_path / "empty")
    assert (report.commits, report.problems) == ([], [])


def test_a_shallow_clone_is_read(repo: Path, tmp_path: Path, work: Work) -> None:
    shell(repo, ADD + "git commit -q -m More", at=-50)
    shell(tmp_path, f"git clone -q --depth 1 file://{repo} shallow", at=-40)
    work.run(tmp_path / "shallow", ADD + "git commit -q -m 'On little history'")
    assert the_one(work.commits(tmp_path / "shallow")).lines_added == 1
