"""Commits that no command line names: by scripts, aliases, servers' tools and other programs, told by the reflog."""

from pathlib import Path

import pytest

from claude_metrics.git.attribution import Commit, CommitCache
from claude_metrics.models import Evidence, GitCommand
from tests.support.git_sandbox import BEGIN, Work, moment, program, repository, shell, subjects

COMMIT = "echo $RANDOM >> file.txt; git add -A; git commit -q"


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    made = repository(tmp_path / "repo")
    program(made / "release.sh", f'{COMMIT} -m "Release"')
    shell(made, "git add -A; git commit -q -m 'Add the script'", at=-900)
    return made


def told(commits: list[Commit]) -> list[tuple[str, str, Evidence]]:
    return [(one.message, one.attribution, Evidence(one.evidence)) for one in commits]


@pytest.mark.parametrize(
    "command",
    [
        "sh release.sh",
        "./release.sh && echo done",
        "git config alias.rel '!sh release.sh'; git rel",
        "git config alias.ci commit; echo x > x; git add x; printf Release > ../m; git ci -q -F ../m",
        "echo all: > Makefile; printf '\\tsh release.sh\\n' >> Makefile; make all",
        'eval "$(echo sh release.sh)"',
        "echo x > y; git add y; git update-ref HEAD $(echo Release | git commit-tree -p HEAD $(git write-tree))",
        "git checkout -q --detach; sh release.sh",
    ],
)
def test_a_commit_made_while_a_short_call_ran_is_proven(repo: Path, work: Work, command: str) -> None:
    work.run(repo, command)
    [(message, attribution, evidence)] = told(work.commits(repo))
    assert (message, attribution) == ("Release", "proven")
    assert evidence in (Evidence.CALL, Evidence.TIME)


def test_the_call_that_made_a_commit_is_stored_with_it(repo: Path, work: Work) -> None:
    work.tell(repo, "python3 -c 'print()'", at=5)
    work.run(repo, "sh release.sh", at=20)
    assert [one.tool_call_id for one in work.commits(repo)] == ["s1-1"]


def test_a_tool_of_a_server_has_no_command_and_proves_by_time_and_hash(repo: Path, work: Work) -> None:
    shell(repo, f"{COMMIT} -m 'By the server'", at=10)
    sha = shell(repo, "git log -1 --format=%h").strip()
    shell(repo, f"{COMMIT} -m 'By the server again'", at=20)
    for at, output in ((10, sha), (20, "done")):
        work.commands.append(GitCommand("s1", f"t{at}", str(repo), "", moment(at), moment(at + 0.4), output))
    assert told(work.commits(repo)) == [
        ("By the server", "proven", Evidence.SHA),
        ("By the server again", "proven", Evidence.CALL),
    ]


def test_git_s_own_summary_proves_a_commit_of_a_call_of_any_length(repo: Path, work: Work) -> None:
    program(repo / "loud.sh", COMMIT.replace(" -q", "") + " -m Loud")
    work.run(repo, "sh loud.sh", takes=900)
    assert told(work.commits(repo)) == [("Loud", "proven", Evidence.SUMMARY)]


def test_an_alias_with_a_message_names_its_commit(repo: Path, work: Work) -> None:
    work.run(repo, "sleep 0; git -c alias.ci=commit ci -q --allow-empty -m 'By the alias'; git log -1 --format=%h")
    assert told(work.commits(repo)) == [("By the alias", "proven", Evidence.SHA)]


def test_all_commits_of_a_rebase_within_a_script_are_proven(repo: Path, work: Work) -> None:
    shell(
        repo, "git checkout -q -b topic; for n in 1 2; do echo $n > t$n; git add t$n; git commit -q -m T$n; done", -800
    )
    shell(repo, "git checkout -q main; echo m > m; git add m; git commit -q -m Main; git checkout -q topic", at=-700)
    program(repo.parent / "update.sh", "git rebase -q main && git commit -q --amend -m 'T2 amended'")
    work.run(repo, "sh ../update.sh")
    assert {(one.message, one.reachable, one.attribution, one.branch) for one in work.commits(repo)} == {
        ("T1", True, "proven", "topic"),
        ("T2", False, "proven", "topic"),
        ("T2 amended", True, "proven", "topic"),
    }


@pytest.mark.parametrize(
    "command", ["ls -la", "pytest -q", "sleep 1; git status", "npm test | tail -3", "cat release.sh"]
)
def test_a_call_that_starts_nothing_of_the_users_proves_nothing(repo: Path, work: Work, command: str) -> None:
    shell(repo, f"{COMMIT} -m 'By hand'", at=10)
    work.tell(repo, command, at=10, takes=0.9)
    assert told(work.commits(repo)) == [("By hand", "inferred", Evidence.AUTHOR)]


def test_a_long_call_does_not_prove_what_may_have_been_committed_by_hand(repo: Path, work: Work) -> None:
    shell(repo, f"{COMMIT} -m 'By hand'", at=100)
    work.tell(repo, "npm start", at=10, takes=200)
    assert told(work.commits(repo)) == [("By hand", "inferred", Evidence.AUTHOR)]


def test_a_call_without_an_end_does_not_prove_by_time(repo: Path, work: Work) -> None:
    shell(repo, f"{COMMIT} -m 'By hand'", at=10)
    work.tell(repo, "sh release.sh", at=10, takes=None)
    assert told(work.commits(repo)) == [("By hand", "inferred", Evidence.AUTHOR)]


@pytest.mark.parametrize("at", [8, 12])
def test_a_commit_before_or_after_the_call_is_not_proven(repo: Path, work: Work, at: float) -> None:
    shell(repo, f"{COMMIT} -m 'By hand'", at=at)
    work.tell(repo, "sh release.sh", at=9.2, takes=2.5)
    assert told(work.commits(repo)) == [("By hand", "inferred", Evidence.AUTHOR)]


def test_what_a_script_only_fetched_is_not_its_commit(repo: Path, tmp_path: Path, work: Work) -> None:
    shell(tmp_path, "git clone -q repo copy", at=-500)
    shell(repo, f"{COMMIT} -m Upstream", at=9)
    program(tmp_path / "sync.sh", "git pull -q --ff-only")
    work.run(tmp_path / "copy", "sh ../sync.sh")
    assert work.commits(tmp_path / "copy") == []


def test_a_commit_that_the_server_made_for_gh_and_that_came_with_the_same_call_is_proven(
    repo: Path, tmp_path: Path, work: Work
) -> None:
    shell(tmp_path, "git clone -q repo copy", at=-500)
    shell(repo, f"{COMMIT} -m 'Merge pull request #3'", at=10)
    shell(tmp_path / "copy", "git pull -q --ff-only", at=11)
    work.tell(tmp_path / "copy", "gh pr merge 3 --merge", at=9.5, takes=2)
    assert told(work.commits(tmp_path / "copy")) == [("Merge pull request #3", "proven", Evidence.CALL)]


def test_a_commit_that_another_program_writes_in_its_own_way_is_proven(repo: Path, work: Work) -> None:
    """As jj does: HEAD is detached at the new commit, with words of its own in the reflog, and old ones are kept."""
    make = "echo j > j; git add j; C=$(echo 'By jj' | git commit-tree -p HEAD $(git write-tree)); "
    make += "git update-ref refs/jj/keep/$C $C; K=$(echo Snapshot | git commit-tree -p HEAD $(git write-tree)); "
    make += "git update-ref refs/jj/keep/$K $K; git update-ref -m 'export from jj' --no-deref HEAD $C"
    shell(repo, make, at=10)
    work.tell(repo, "jj commit -m 'By jj'", at=9.6, takes=1)
    assert told(work.commits(repo)) == [("By jj", "proven", Evidence.CALL)]


# Where the repository is


def test_a_script_in_another_repository_is_found(repo: Path, tmp_path: Path, work: Work) -> None:
    (tmp_path / "desk").mkdir()
    work.run(tmp_path / "desk", "cd ../repo && sh release.sh")
    assert [(one.repository, one.attribution) for one in work.commits(tmp_path / "desk")] == [(str(repo), "proven")]


def test_a_script_in_a_submodule_is_found(repo: Path, tmp_path: Path, work: Work) -> None:
    whole = repository(tmp_path / "whole")
    shell(whole, f"git -c protocol.file.allow=always submodule add -q {repo} sub; git commit -q -m Sub", at=-500)
    work.run(whole, "cd sub && sh release.sh")
    assert [(one.repository, one.message) for one in work.commits(whole)] == [(str(whole / "sub"), "Release")]


def test_a_repository_that_appears_during_the_session_is_read(tmp_path: Path, work: Work) -> None:
    program(tmp_path / "new.sh", "git init -q -b main; echo 1 > 1; git add .; git commit -q -m 'Begin'")
    work.run(tmp_path, "sh new.sh")
    assert told(work.commits(tmp_path)) == [("Begin", "proven", Evidence.CALL)]


def test_a_script_in_a_worktree_of_a_bare_repository_is_proven(repo: Path, tmp_path: Path, work: Work) -> None:
    shell(tmp_path, "git clone -q --bare repo hub/.bare; cd hub/.bare; git worktree add -q ../side -b side", at=-500)
    work.run(tmp_path / "hub/side", "sh release.sh")
    [one] = work.commits(tmp_path / "hub/side")
    assert (one.repository, one.branch, one.attribution) == (str(tmp_path / "hub/.bare"), "side", "proven")


def test_a_detached_head_of_another_worktree_is_read(repo: Path, tmp_path: Path, work: Work) -> None:
    shell(repo, "git worktree add -q --detach ../tree")
    work.run(tmp_path / "tree", "sh release.sh")
    [one] = work.commits(repo, tmp_path / "tree")
    assert (one.branch, one.attribution) == (None, "proven")


def test_git_is_not_asked_of_a_repository_in_which_nothing_was_committed_since(repo: Path, tmp_path: Path) -> None:
    (tmp_path / "desk").mkdir()
    work, cache = Work(), CommitCache()
    work.tell(tmp_path / "desk", "cd ../repo && ./build.sh", at=4_000_000_000 - BEGIN)
    work.commits(tmp_path / "desk", cache=cache)
    assert cache.logs == {}


# Two at once


@pytest.mark.parametrize("together", [True, False], ids=["in one reading", "one after the other"])
def test_two_sessions_whose_calls_ran_at_that_second_prove_nothing(repo: Path, together: bool) -> None:
    a, b, cache = Work("a"), Work("b"), None if together else CommitCache()
    a.run(repo, "sh release.sh")
    b.run(repo, "sh release.sh")
    of_a = a.report(repo, cache=cache, rivals=[b] if together else []).commits
    of_b = b.report(repo, cache=cache, rivals=[a] if together else []).commits
    level = Evidence.SHARED if together else Evidence.CALL  # the store joins two claims of the latter
    assert [one.evidence for one in of_a + of_b] == [level] * 4


def test_a_session_whose_command_names_its_commit_keeps_it_beside_a_script(repo: Path) -> None:
    a, b, cache = Work("a"), Work("b"), CommitCache()
    a.run(repo, "sh release.sh")
    b.run(repo, f"{COMMIT} -m 'Named by b'")
    assert told(b.report(repo, cache=cache, rivals=[a]).commits) == [("Named by b", "proven", Evidence.SUBJECT)]
    assert told(a.report(repo, cache=cache, rivals=[b]).commits) == [("Release", "proven", Evidence.CALL)]


def test_a_command_that_commits_and_starts_a_script_proves_both(repo: Path, work: Work) -> None:
    work.run(repo, f"{COMMIT} -m 'Named' && sh release.sh")
    assert sorted(subjects(work.commits(repo))) == ["Named", "Release"]
