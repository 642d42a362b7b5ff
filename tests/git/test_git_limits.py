"""git that hangs, or writes without end, is ended at its limits."""

import os
from pathlib import Path

import pytest

from claude_metrics.git import process as git
from claude_metrics.git.attribution import CommitCache, commits_of
from claude_metrics.git.process import Git
from tests.git.traps import GIT, cache_with
from tests.support.git_sandbox import Work, program, repository, subjects, window
from tests.support.processes import is_alive
from tests.support.waiting import HANG_S


def test_a_git_that_hangs_ends_with_its_children(repo: Path, tmp_path: Path) -> None:
    program(tmp_path / "bin" / "git", f"sleep {HANG_S} & echo $! > {tmp_path}/child; wait")
    report = Work().report(repo, cache=cache_with(tmp_path / "bin", timeout=0.5))
    assert report.problems == [f"{repo}: git did not answer within 0.5 s"]
    assert not is_alive(int((tmp_path / "child").read_text()))


def test_many_repositories_that_hang_cost_the_limit_once(tmp_path: Path) -> None:
    program(tmp_path / "bin" / "git", f"sleep {HANG_S}")
    repos = [repository(tmp_path / f"r{number}") for number in range(6)]
    report = Work().report(*repos, cache=cache_with(tmp_path / "bin", timeout=0.4, total=1))
    assert len(report.problems) == 6 and "took more than 1 s" in report.problems[-1]


def test_a_log_that_hangs_is_given_up_for_the_rest_of_the_run(repo: Path, tmp_path: Path) -> None:
    program(tmp_path / "bin" / "git", f'case "$*" in *numstat*) sleep {HANG_S};; esac\nexec {GIT} "$@"')
    cache, before = cache_with(tmp_path / "bin", timeout=0.3), git.processes_started
    reports = [commits_of(window(f"s{day}", repo, start=-day, end=1000 - day), [], cache) for day in range(20)]
    assert all(report.commits == [] and len(report.problems) == 1 for report in reports)
    assert git.processes_started - before <= 6


def test_a_history_too_big_to_read_at_large_is_read_by_the_hour(repo: Path, tmp_path: Path) -> None:
    # Slow for every span but a session's own.
    program(
        tmp_path / "bin" / "git",
        'case "$*" in *numstat*) for word; do case $word in --max-age=*) s=${word#*=};; --min-age=*) u=${word#*=};; '
        f'esac; done; [ $((u - s)) -gt 90000 ] && sleep {HANG_S};; esac\nexec {GIT} "$@"',
    )
    cache, works = cache_with(tmp_path / "bin", timeout=0.5), []
    for number in range(4):
        works.append(Work(f"s{number}"))
        works[-1].run(repo, f"git commit -q --allow-empty -m 'Number {number}'", at=number * 5000)
    for number, work in enumerate(works):
        hours = window(work.session, repo, start=number * 5000 - 5, end=number * 5000 + 5)
        assert subjects(commits_of(hours, work.commands, cache).commits) == [f"Number {number}"]


def test_output_without_end_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git, "MAX_OUTPUT_BYTES", 1_000_000)
    program(tmp_path / "bin" / "git", "yes")
    answer = Git(5, search_path=f"{tmp_path}/bin").ask("/", "log")
    assert (len(answer.stdout), answer.given_up) == (1_000_000, True)


def test_errors_without_end_do_not_block(tmp_path: Path) -> None:
    program(tmp_path / "bin" / "git", "head -c 5000000 /dev/zero >&2; echo done; exit 3")
    answer = Git(5, search_path=f"{tmp_path}/bin:{os.environ['PATH']}").ask("/", "log")
    assert (answer.stdout, answer.given_up) == (b"done\n", False)


def test_a_pipe_in_the_place_of_a_file_is_only_waited_for_so_long(repo: Path) -> None:
    (repo / ".git" / "config").unlink()
    os.mkfifo(repo / ".git" / "config")
    assert Work().report(repo, cache=CommitCache.of(Git(timeout=0.3))).commits == []
