"""What the note says of repositories, on real ones: their state, and where they are looked for."""

import os
import time
from pathlib import Path

import pytest

from claude_metrics.context.finding import Search, workspace_of
from claude_metrics.context.git_files import GitFolder
from claude_metrics.context.repository_lines import line
from tests.context.gathered import facts, state, states
from tests.support.git_sandbox import BEGIN, repository, shell

ALLOW = "git -c protocol.file.allow=always"


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
