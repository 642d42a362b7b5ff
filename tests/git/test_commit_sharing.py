"""Several sessions in the same repositories: each keeps its own commits, and few processes are started."""

from pathlib import Path

import pytest

from claude_metrics.git import process as git
from claude_metrics.git.attribution import CommitCache, commits_of
from tests.git.commits import ADD
from tests.support.git_sandbox import Work, repository, shell, subjects, window


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
