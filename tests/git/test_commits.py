"""Commits of real repositories, made by real commands, matched with what a transcript would say of them."""

import re
from pathlib import Path

import pytest

from claude_metrics.git import process as git
from claude_metrics.git.attribution import CommitCache, GitCommand, branch_and_remote, commits_of
from claude_metrics.models import Evidence
from tests.support.git_sandbox import Work, moment, repository, shell, subjects, window

ADD = "echo $RANDOM >> file.txt; git add -A;"


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return repository(tmp_path / "repo")


@pytest.fixture
def work() -> Work:
    return Work()


def the_one(commits: list) -> object:
    assert len(commits) == 1, commits
    return commits[0]


# What a commit says


def test_a_commit_is_stored_with_all_that_git_knows_of_it(repo: Path, work: Work) -> None:
    output = work.run(repo, "printf 'a\\nb\\n' > two.txt; rm first.txt; git add -A; git commit -m 'Add two' -m 'Body.'")
    one = the_one(work.commits(repo))
    assert output.startswith(f"[main {one.sha[:7]}] Add two")
    assert (one.repository, one.session_id, one.branch) == (str(repo), "s1", "main")
    assert one.message == "Add two\n\nBody."
    assert (one.author_name, one.author_email) == ("Dev", "dev@example.com")
    assert one.committed_at == moment(10)
    assert (one.files_changed, one.lines_added, one.lines_deleted) == (2, 2, 1)
    assert (one.attribution, one.reachable, one.evidence) == ("proven", True, Evidence.SUMMARY)


def test_a_subject_outside_ascii_is_kept(repo: Path, work: Work) -> None:
    work.run(repo, ADD + "git commit -q -m 'Größe «ändern» 🎉'")
    assert subjects(work.commits(repo)) == ["Größe «ändern» 🎉"]


def test_a_message_in_another_encoding_is_converted(repo: Path, work: Work) -> None:
    work.run(repo, ADD + "printf 'Gr\\366\\337e' > ../msg; git -c i18n.commitEncoding=ISO-8859-1 commit -q -F ../msg")
    assert subjects(work.commits(repo)) == ["Größe"]


def test_renames_and_binary_files_are_counted_as_files(repo: Path, work: Work) -> None:
    work.run(repo, "git mv first.txt 'new name.txt'; printf '\\0\\1' > b.bin; git add -A; git commit -q -m 'Rename it'")
    one = the_one(work.commits(repo))
    assert (one.files_changed, one.lines_added, one.lines_deleted) == (2, 0, 0)


def test_an_empty_commit_has_no_files(repo: Path, work: Work) -> None:
    work.run(repo, "git commit -q --allow-empty -m 'Nothing here'")
    assert the_one(work.commits(repo)).files_changed == 0


def test_the_first_commit_of_a_repository_has_its_lines(tmp_path: Path, work: Work) -> None:
    work.run(tmp_path, "git init -q -b trunk new; cd new; echo a > a; git add .; git commit -m Start")
    one = the_one(work.commits(tmp_path))
    assert (one.branch, one.lines_added, one.attribution) == ("trunk", 1, "proven")


def test_a_message_that_looks_like_our_format_changes_nothing(repo: Path, work: Work) -> None:
    work.run(repo, ADD + "printf '1\\t2\\tx\\n\\n\\x01\\x02\\x1e%%H%%x00' > ../msg; git commit -q -F ../msg")
    one = the_one(work.commits(repo))
    assert (one.files_changed, one.message[:5]) == (1, "1\t2\tx")


def test_a_long_message_is_cut(repo: Path, work: Work) -> None:
    work.run(repo, ADD + "(echo Subject; echo; yes | head -c 100000) > ../msg; git commit -q -F ../msg")
    assert len(the_one(work.commits(repo)).message) == 4000


def test_the_branch_is_the_one_the_commit_was_made_on(repo: Path, work: Work) -> None:
    work.run(repo, "git checkout -q -b topic;" + ADD + "git commit -q -m 'On topic'", at=10)
    work.run(repo, "git checkout -q main; git merge -q topic; git branch -q -d topic", at=20)
    assert the_one(work.commits(repo)).branch == "topic"


def test_a_commit_on_a_detached_head_is_on_no_branch(repo: Path, work: Work) -> None:
    work.run(repo, "git checkout -q --detach;" + ADD + "git commit -q -m 'Detached work'")
    assert the_one(work.commits(repo)).branch is None


# Which commits are the session's


@pytest.mark.parametrize(
    ("command", "evidence"),
    [
        pytest.param("git commit -m 'Do it well'", Evidence.SUMMARY, id="git printed its summary"),
        pytest.param(
            "git commit -q -F ../m && git log -1 --format=%h", Evidence.SHA, id="the command printed the hash"
        ),
        pytest.param("git commit -q -m 'Do it well'", Evidence.SUBJECT, id="the command has the subject"),
        pytest.param("git commit -q -F ../m", Evidence.TIME, id="nothing but the time"),
    ],
)
def test_what_proves_a_commit(repo: Path, work: Work, command: str, evidence: Evidence) -> None:
    (repo.parent / "m").write_text("Do it well\n")
    work.run(repo, ADD + command)
    one = the_one(work.commits(repo))
    assert (one.attribution, one.evidence) == ("proven", evidence)


def test_a_commit_by_hand_while_the_session_ran_is_inferred(repo: Path, work: Work) -> None:
    shell(repo, ADD + "git commit -q -m 'By hand'", at=500)
    one = the_one(work.commits(repo))
    assert (one.attribution, one.evidence) == ("inferred", Evidence.AUTHOR)


def test_anothers_commit_is_not_inferred(repo: Path, work: Work) -> None:
    shell(repo, ADD + "git -c user.email=eve@example.com commit -q -m 'Of Eve'", at=500)
    assert work.commits(repo) == []


def test_a_commit_before_or_after_the_session_is_not_its_own(repo: Path, work: Work) -> None:
    shell(repo, ADD + "git commit -q -m Before", at=-10)
    shell(repo, ADD + "git commit -q -m After", at=1010)
    assert work.commits(repo) == []


def test_a_commit_by_hand_in_the_second_of_a_command_that_says_another_subject_is_not_proven(
    repo: Path, work: Work
) -> None:
    work.run(repo, ADD + "git commit -q -m 'By the agent'")
    shell(repo, ADD + "git commit -q -m 'By hand'", at=10)
    assert {one.message: one.attribution for one in work.commits(repo)} == {
        "By the agent": "proven",
        "By hand": "inferred",
    }


def test_a_commit_by_hand_in_the_second_of_a_command_that_printed_its_own_is_not_proven(repo: Path, work: Work) -> None:
    (repo.parent / "m").write_text("By the agent\n")
    work.run(repo, ADD + "git commit -F ../m")
    shell(repo, ADD + "git commit -q -m 'By hand'", at=10)
    assert {one.message: one.attribution for one in work.commits(repo)} == {
        "By the agent": "proven",
        "By hand": "inferred",
    }


def test_a_command_that_was_killed_proves_only_what_it_names(repo: Path, work: Work) -> None:
    shell(repo, ADD + "git commit -q -m 'The named one'", at=12)
    shell(repo, ADD + "git commit -q -m 'Some other one'", at=13)
    work.tell(repo, "sleep 1; git commit -q -m 'The named one'; git commit -q -F x", at=10, takes=None)
    assert [one.attribution for one in work.commits(repo)] == ["proven", "inferred"]


def test_a_here_document_as_message_is_understood(repo: Path, work: Work) -> None:
    work.run(
        repo,
        ADD + 'git commit -q -m "$(cat <<\'EOF\'\nIt\'s "quoted"; git commit -m no\n\nBody of it\nEOF\n)" && echo ok',
    )
    assert the_one(work.commits(repo)).evidence == Evidence.SUBJECT


def test_a_subject_that_a_hook_put_a_prefix_to_is_recognised(repo: Path, work: Work) -> None:
    hook = repo / ".git/hooks/commit-msg"
    hook.write_text("#!/bin/sh\nsed -i '1s/^/ABC-12: /' \"$1\"\n")
    hook.chmod(0o755)
    work.run(repo, ADD + "git commit -q -m 'Make it better'")
    assert the_one(work.commits(repo)).evidence == Evidence.SUBJECT


# Commands that create commits


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


# Where the repository is


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


# Parallel sessions


def parallel(repo: Path, first: str, second: str) -> tuple[Work, Work]:
    a, b = Work("a"), Work("b")
    a.run(repo, ADD + first)
    b.run(repo, ADD + second)
    return a, b


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param("git commit -q -m Alpha", "git commit -q -m Beta", id="subjects"),
        pytest.param("git commit -q -F ../a", "git commit -q -m Beta", id="one subject"),
        pytest.param("git commit -F ../a", "git commit -F ../b", id="summaries"),
        pytest.param("git commit -F ../a", "git commit -qF ../b; git log --oneline -1", id="a printed hash"),
    ],
)
@pytest.mark.parametrize("together", [True, False], ids=["in one call", "one after the other"])
def test_two_sessions_in_the_same_second_keep_their_own(repo: Path, first: str, second: str, together: bool) -> None:
    (repo.parent / "a").write_text("Alpha")
    (repo.parent / "b").write_text("Beta")
    a, b = parallel(repo, first, second)
    cache = CommitCache()
    # The better-proven session comes first, as the store would settle it whatever the order.
    of_b = b.report(repo, cache=cache, rivals=[a] if together else [])
    of_a = a.report(repo, cache=cache, rivals=[b] if together else [])
    assert "Beta" in subjects([one for one in of_b.commits if one.attribution == "proven"])
    assert subjects([one for one in of_a.commits if one.attribution == "proven"]) == ["Alpha"]


def test_a_commit_goes_to_one_session_whichever_is_recorded_first(repo: Path) -> None:
    (repo.parent / "m").write_text("Equal")
    a, b = Work("a"), Work("b")
    a.run(repo, ADD + "git commit -q -F ../m")
    b.tell(repo, "git commit -q -F ../m", at=10)
    for order in ([a, b], [b, a]):
        claims: dict[str, tuple[int, str]] = {}
        for work in order:
            for one in work.commits(repo):  # as the store settles it: better evidence, else the lower id
                mine = (-one.evidence, one.session_id)
                claims[one.sha] = min(claims.get(one.sha, mine), mine)
        assert [owner for _, owner in claims.values()] == ["a"]


def test_a_session_asked_twice_answers_the_same(repo: Path, work: Work) -> None:
    work.run(repo, ADD + "git commit -q -m Once")
    cache = CommitCache()
    assert work.commits(repo, cache=cache) == work.commits(repo, cache=cache) == work.commits(repo)


# Costs and limits


@pytest.mark.parametrize("order", ["oldest first", "newest first"])
def test_a_hundred_sessions_in_three_repositories_start_few_processes(tmp_path: Path, order: str) -> None:
    repos = [repository(tmp_path / name, at=-200_000) for name in "abc"]
    works = []
    for number in range(100):
        work = Work(f"s{number:03}")
        at = -100_000 + number * 1000
        work.run(repos[number % 3], f"git commit -q --allow-empty -m 'Of session {number}'", at)
        works.append((work, window(work.session, repos[number % 3], start=at - 10, end=at + 10)))
    if order == "newest first":
        works.reverse()
    cache, before = CommitCache(), git.processes_started
    for work, hours in works:
        number = int(work.session[1:])
        assert subjects(commits_of(hours, work.commands, cache).commits) == [f"Of session {number}"]
    # Per repository: where it is, its settings, then log, reachability and reflogs for the first session and for all.
    assert git.processes_started - before <= 3 * 8


def test_a_session_in_no_repository_starts_no_process(tmp_path: Path, work: Work) -> None:
    before = git.processes_started
    work.commits(tmp_path)
    assert git.processes_started == before


def test_what_was_committed_after_a_reading_is_read_for_a_later_session(repo: Path, work: Work) -> None:
    cache = CommitCache()
    assert work.commits(repo, cache=cache) == []
    shell(repo, ADD + "git commit -q -m Later", at=5000)
    late = commits_of(window("s2", repo, start=4000, end=6000), [], cache)
    assert subjects(late.commits) == ["Later"]


@pytest.mark.parametrize("start", ["", "yesterday", "0000-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"])
def test_times_that_make_no_sense_harm_nothing(repo: Path, start: str) -> None:
    hours = window("s1", repo)
    odd = type(hours)("s1", (str(repo), "relative", "/\0"), start, start)
    command = GitCommand("s1", "t", str(repo), "git commit -m x", start, start, "")
    assert commits_of(odd, [command]).commits == []


def test_commits_of_absurd_dates_are_passed_over(repo: Path, work: Work) -> None:
    tree = shell(repo, "git write-tree").strip()
    body = (
        f"tree {tree}\nauthor D <dev@example.com> 99999999999999 +0000\ncommitter D <d@x> 99999999999999 +0000\n\nFar\n"
    )
    (repo.parent / "raw").write_text(body)
    shell(repo, "git update-ref refs/heads/far $(git hash-object --literally -t commit -w ../raw)")
    work.run(repo, ADD + "git commit -q -m 'Of today'")
    assert subjects(work.commits(repo)) == ["Of today"]


# Remotes and branches


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://github.com/a/b.git", "https://github.com/a/b.git"),
        ("https://user:secret@github.com/a/b.git", "https://github.com/a/b.git"),
        ("https://ghp_secret@github.com/a/b.git", "https://github.com/a/b.git"),
        ("https://user:sec/re@t@github.com/a.git", "https://github.com/a.git"),
        ("https://host:8443/@scope/a.git", "https://host:8443/@scope/a.git"),
        ("ssh://git@github.com/a/b.git", "ssh://git@github.com/a/b.git"),
        ("ssh://git:secret@github.com/a/b.git", "ssh://git@github.com/a/b.git"),
        ("git@github.com:a/b.git", "git@github.com:a/b.git"),
        ("/srv/git/a.git", "/srv/git/a.git"),
        ("ext::sh -c secret", None),
    ],
)
def test_a_remote_is_named_without_its_secrets(repo: Path, work: Work, url: str, kept: str | None) -> None:
    shell(repo, f"git remote add fork https://example.com/fork; git remote add origin '{url}'")
    assert branch_and_remote(str(repo)) == ("main", kept)
    assert work.report(repo).remote_urls == ({str(repo): kept} if kept else {})


def test_branch_and_remote_of_what_is_no_repository_are_unknown(tmp_path: Path) -> None:
    assert branch_and_remote(str(tmp_path)) == (None, None)


def test_a_detached_head_and_an_unborn_branch_are_no_branch(repo: Path, tmp_path: Path) -> None:
    shell(repo, "git checkout -q --detach; git init -q ../empty")
    assert branch_and_remote(str(repo))[0] is None
    assert branch_and_remote(str(tmp_path / "empty"))[0] is None


def test_shas_are_full(repo: Path, work: Work) -> None:
    work.run(repo, ADD + "git commit -q -m 'Full hash'")
    assert re.fullmatch(r"[0-9a-f]{40}", the_one(work.commits(repo)).sha)
