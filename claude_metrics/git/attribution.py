"""Which commits a session made: the repositories' history matched with the session's own calls.

A commit is `proven` when a git command of the session ran in that repository in the second it was committed, or when
the reflog shows that it was made while a short call of the session ran that could have started git, and no other
session's; and when nothing speaks against it. It is `inferred` when only its author, the directory and the time agree.
It belongs to one session: the one with the better evidence, and with equal evidence the one whose id sorts first, so
that order does not matter.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from claude_metrics.git.cache import CommitCache
from claude_metrics.git.command_line import creates_commits
from claude_metrics.git.evidence import SLACK, Run, evidence
from claude_metrics.git.log import LoggedCommit, RepositoryLog
from claude_metrics.git.reflog import Reflogs
from claude_metrics.git.repository import Repository, branch_and_remote
from claude_metrics.git.runs import Runs, seconds, timed
from claude_metrics.models import Evidence, GitCommand

__all__ = ["Commit", "CommitCache", "CommitReport", "GitCommand", "WorkWindow"]
__all__ += ["branch_and_remote", "commits_of", "creates_commits"]


@dataclass(frozen=True, slots=True)
class WorkWindow:
    session_id: str
    cwds: tuple[str, ...]
    start: str
    end: str


@dataclass(frozen=True, slots=True)
class Commit:
    repository: str
    sha: str
    session_id: str
    message: str
    author_name: str
    author_email: str
    committed_at: str
    branch: str | None
    files_changed: int | None  # None where the files' contents are not on this machine (a partial clone)
    lines_added: int | None
    lines_deleted: int | None
    attribution: str
    reachable: bool
    evidence: int  # see `Evidence`; of two sessions that claim a commit the higher one keeps it, else the lower id
    tool_call_id: str | None = None  # the call that made it; None where it is inferred


@dataclass(frozen=True, slots=True)
class CommitReport:
    commits: list[Commit]
    remote_urls: dict[str, str]  # by working directory
    problems: list[str]
    worktrees: dict[str, tuple[str, str]] = field(default_factory=dict)  # by working directory: see `worktree_of`


def commits_of(window: WorkWindow, commands: Sequence[GitCommand], cache: CommitCache | None = None) -> CommitReport:
    """The commits of the session. `commands` may hold other sessions' too: they compete for the commits."""
    return _Search(window, cache or CommitCache()).report(commands)


class _Search:
    def __init__(self, window: WorkWindow, cache: CommitCache) -> None:
        self.window, self.cache = window, cache
        self.start, self.end = seconds(window.start), seconds(window.end)
        self.problems: dict[str, None] = {}  # in order, each once
        self.own, self.rivals = Runs(self._written), Runs(self._written)
        cache.repositories.git.start_clock()

    def report(self, commands: Sequence[GitCommand]) -> CommitReport:
        by_cwd = {cwd: repository for cwd in self.window.cwds if (repository := self._repository(cwd))}
        urls = {cwd: repository.remote_url for cwd, repository in by_cwd.items() if repository.remote_url}
        trees = {cwd: tree for cwd, repository in by_cwd.items() if (tree := repository.worktree_of(cwd))}
        for call in timed(commands, self.start, self.end):
            (self.own if call.row.session_id == self.window.session_id else self.rivals).add(call)
        home = {repository.key: repository for repository in by_cwd.values()}
        commits = []
        for key, repository in (home | self.own.repositories).items():
            directories = [cwd for cwd, found in by_cwd.items() if found.key == key]
            commits += self._in_repository(repository, directories)
        commits.sort(key=lambda one: (one.committed_at, one.repository, one.sha))
        return CommitReport(commits, urls, list(self.problems), trees)

    def _repository(self, directory: str) -> Repository | None:
        repository = self.cache.repositories.at(directory)
        if isinstance(repository, str):
            self.problems[repository] = None
            return None
        return repository

    def _written(self, directory: str, since: float) -> Repository | None:
        """The repository there, unless its files show that nothing was committed since then: git is not asked."""
        if since > 0 and not self.cache.repositories.written_since(directory, since - SLACK):
            return None
        return self._repository(directory)

    def _in_repository(self, repository: Repository, directories: list[str]) -> list[Commit]:
        """The session's commits in it; `directories` are those of the session's records that lie in it."""
        moments = list(self.own.moments(repository.key, directories))
        moments += [moment for moment in (self.start, self.end) if moment is not None and directories]
        if not moments:
            return []
        log = self.cache.log(repository)
        since, until = math.floor(min(moments) - SLACK), math.ceil(max(moments) + SLACK)
        if problem := log.cover(since, until):
            self.problems[problem] = None
        own: list[tuple[LoggedCommit, Evidence, str | None]] = []
        free: list[LoggedCommit] = []
        for logged in log.between(since, until):
            mine = _best(logged, self.own, repository.key, directories, log.reflogs)
            theirs = _best(logged, self.rivals, repository.key, directories, log.reflogs)
            if mine and (level := _against(mine, theirs)) is not None:
                own.append((logged, level, mine[1].tool_call_id))
            elif not mine and not theirs and directories:
                free.append(logged)
        addresses = self._addresses(repository, [one for one, *_ in own])
        own += [(one, Evidence.AUTHOR, None) for one in self._inferred(free, log, addresses)]
        return [self._commit(repository.key, *one) for one in own if self._keeps(repository.key, one[0], one[1])]

    def _keeps(self, key: str, one: LoggedCommit, evidence: Evidence) -> bool:
        return self.cache.claim(key, one.sha, evidence, self.window.session_id)

    def _addresses(self, repository: Repository, proven: list[LoggedCommit]) -> set[str]:
        """Whose commits may be the session's. A cherry-picked one has another's author, so it says nothing."""
        made = {one.author_email.lower() for one in proven if one.author_email == one.committer_email}
        return made | ({repository.email.lower()} if repository.email else set())

    def _inferred(self, free: list[LoggedCommit], log: RepositoryLog, addresses: set[str]) -> list[LoggedCommit]:
        if self.start is None or self.end is None:
            return []
        since, until = self.start - SLACK, self.end + SLACK
        return [
            one
            for one in free
            if since <= one.committed <= until and one.author_email.lower() in addresses and log.made_in_this_copy(one)
        ]

    def _commit(self, key: str, one: LoggedCommit, evidence: Evidence, tool_call_id: str | None) -> Commit:
        return Commit(
            repository=key,
            sha=one.sha,
            session_id=self.window.session_id,
            message=one.message,
            author_name=one.author_name,
            author_email=one.author_email,
            committed_at=datetime.fromtimestamp(one.committed, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            branch=one.branch,
            files_changed=one.files,
            lines_added=one.added,
            lines_deleted=one.deleted,
            attribution="proven" if evidence.proves else "inferred",
            reachable=one.reachable,
            evidence=int(evidence),
            tool_call_id=tool_call_id,
        )


_Claim = tuple[Evidence, Run]


def _best(commit: LoggedCommit, runs: Runs, key: str, directories: Iterable[str], reflogs: Reflogs) -> _Claim | None:
    """The strongest claim of these runs. Waiting calls are read where git's own commands do not settle it."""
    claims = _claims(commit, runs.read.get(key, ()), reflogs)
    if not any(level.strength >= Evidence.TIME.strength for level, _ in claims):
        claims += _claims(commit, runs.during(directories, commit.committed, SLACK), reflogs)
    return min(claims, key=_order, default=None)


def _claims(commit: LoggedCommit, runs: Iterable[Run], reflogs: Reflogs) -> list[_Claim]:
    return [(level, run) for run in runs if (level := evidence(commit, run, reflogs)) is not None]


def _order(claim: _Claim) -> tuple[int, str, float, str]:
    """The strongest first, then the session whose id sorts first; of one session's runs the shortest."""
    level, run = claim
    return -level.strength, run.session_id, run.finished - run.started, run.tool_call_id


def _against(mine: _Claim, theirs: _Claim | None) -> Evidence | None:
    """What is left of a claim beside another session's: None where that one is better."""
    if theirs and mine[0] is theirs[0] is Evidence.CALL:
        return Evidence.SHARED
    return None if theirs and _order(theirs)[:2] < _order(mine)[:2] else mine[0]
