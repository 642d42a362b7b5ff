"""Commits by amend, merge, rebase, pull and other commands of git than a plain commit."""

from pathlib import Path

from claude_metrics.models import Evidence
from tests.git.commits import ADD, the_one
from tests.support.git_sandbox import Work, shell, subjects


def test_an_amended_commit_stays_known_and_is_no_longer_reachable(repo: Path, work: Work) -> None:
    work.run(repo, ADD + "git commit -q -m 'First try'", at=10)
    work.run(repo, ADD + "git commit -q --amend -m 'Second try'", at=20)
    found = {one.message: (one.attribution, one.reachable) for one in work.commits(repo)}
    assert found == {"First try": ("proven", False), "Second try": ("proven", True)}


def test_an_amended_commit_without_a_message_is_proven_by_time(repo: Path, work: Work) -> None:
    work.run(repo, ADD + "git commit -q -m 'First try'", at=10)
    work.run(repo, ADD + "git commit -q --amend --no-edit", at=20)
    assert [(one.reachable, one.evidence) for one in work.commits(repo)] == [
        (False, Evidence.SUBJECT),
        (True, Evidence.TIME),
    ]


def test_a_merge_is_a_commit_without_lines_of_its_own(repo: Path, work: Work) -> None:
    shell(repo, "git checkout -q -b topic; echo t > t; git add .; git commit -q -m Topic; git checkout -q main", at=-50)
    work.run(repo, "git merge -q --no-ff topic")
    one = the_one(work.commits(repo))
    assert (one.message, one.files_changed, one.attribution) == ("Merge branch 'topic'", 0, "proven")


def test_a_rebase_proves_the_new_commits_and_leaves_the_old_unreachable(repo: Path, work: Work) -> None:
    work.run(repo, "git checkout -q -b topic; echo 1 > t; git add t; git commit -q -m 'One of two'", at=10)
    work.run(repo, "echo 2 > u; git add u; git commit -q -m 'Two of two'", at=20)
    work.run(repo, "git checkout -q main; echo m > m; git add m; git commit -q -m 'Main goes on'", at=30)
    work.run(repo, "git checkout -q topic; git rebase -q main", at=40)
    found = sorted((one.message, one.reachable, one.branch, one.attribution) for one in work.commits(repo))
    assert found == [
        ("Main goes on", True, "main", "proven"),
        ("One of two", False, "topic", "proven"),
        ("One of two", True, "topic", "proven"),
        ("Two of two", False, "topic", "proven"),
        ("Two of two", True, "topic", "proven"),
    ]


def test_a_cherry_pick_of_anothers_commit_is_proven(repo: Path, work: Work) -> None:
    shell(repo, "git checkout -q -b e; echo e>e; git add e; git -c user.email=e@x commit -q -m 'Of Eve'", at=-50)
    work.run(repo, "git checkout -q main; git -c user.email=me@x cherry-pick e")
    one = the_one(work.commits(repo))
    assert (one.author_email, one.attribution, one.branch) == ("e@x", "proven", "main")


def test_a_revert_is_proven(repo: Path, work: Work) -> None:
    work.run(repo, "git revert --no-edit HEAD")
    assert subjects(work.commits(repo)) == ['Revert "First"']


def test_an_applied_mail_is_proven(repo: Path, work: Work) -> None:
    shell(
        repo, "echo p > p; git add p; git commit -q -m Patch; git format-patch -o .. -1; git reset -q --hard @~", at=-50
    )
    work.run(repo, "git am -q ../*.patch")
    assert the_one(work.commits(repo)).attribution == "proven"


def test_a_pull_that_merges_makes_one_commit(repo: Path, tmp_path: Path, work: Work) -> None:
    shell(tmp_path, "git clone -q repo copy", at=-500)
    shell(repo, "echo up > up; git add up; git -c user.email=e@x commit -q -m Upstream", at=-400)
    shell(tmp_path / "copy", "echo down > down; git add down; git commit -q -m Local", at=-300)
    work.run(tmp_path / "copy", "git pull -q --no-rebase --no-edit")
    one = the_one(work.commits(tmp_path / "copy"))
    assert one.message.startswith("Merge branch 'main' of") and one.attribution == "proven"


def test_a_pull_that_only_fetches_proves_nothing_even_for_a_commit_of_the_same_second(
    repo: Path, tmp_path: Path, work: Work
) -> None:
    shell(tmp_path, "git clone -q repo copy", at=-500)
    shell(repo, "echo up > up; git add up; git commit -q -m Upstream", at=10)
    work.run(tmp_path / "copy", "git pull")
    assert work.commits(tmp_path / "copy") == []


def test_a_pull_that_goes_on_for_long_does_not_prove_what_was_committed_by_hand(repo: Path, work: Work) -> None:
    work.tell(repo, "git pull && npm start", at=10, takes=600)
    shell(repo, ADD + "git commit -q -m 'By hand'", at=300)
    assert the_one(work.commits(repo)).attribution == "inferred"


def test_a_merge_that_is_continued_after_a_conflict_is_proven(repo: Path, work: Work) -> None:
    shell(repo, "git checkout -q -b t; echo t > first.txt; git commit -qam T; git checkout -q main", at=-50)
    shell(repo, "echo m > first.txt; git commit -qam M; git merge -q t", at=-40, check=False)
    work.run(repo, "echo both > first.txt; git add .; git merge --continue > /dev/null")
    one = the_one(work.commits(repo))
    assert (one.message, one.evidence) == ("Merge branch 't'", Evidence.TIME)


def test_a_stash_is_not_a_commit_that_anyone_made(repo: Path, work: Work) -> None:
    work.run(repo, "echo x >> first.txt; echo y > new; git stash -q -u; git commit -q --allow-empty -m 'A real one'")
    assert subjects(work.commits(repo)) == ["A real one"]


def test_a_note_is_not_a_commit_of_the_session(repo: Path, work: Work) -> None:
    work.run(repo, "git notes add -m note; git commit -q --allow-empty -m 'A real one'")
    assert subjects(work.commits(repo)) == ["A real one"]
