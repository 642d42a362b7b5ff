"""What proves that a session made a commit, and what is only inferred or not its own."""

from pathlib import Path

import pytest

from claude_metrics.models import Evidence
from tests.git.commits import ADD, the_one
from tests.support.git_sandbox import Work, shell


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
