"""What is stored of a commit of a real repository, whatever its message, files, dates and remote are."""

import re
from pathlib import Path

import pytest

from claude_metrics.git.attribution import GitCommand, branch_and_remote, commits_of
from claude_metrics.models import Evidence
from tests.git.commits import ADD, the_one
from tests.support.git_sandbox import Work, moment, shell, subjects, window


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
