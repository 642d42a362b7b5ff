"""Which commits a session made: the repositories' history matched with the session's own git commands.

A commit is `proven` when a git command of the session ran in that repository in the second it was committed, and
nothing speaks against it; `inferred` when only its author, the directory and the time agree. It belongs to one session:
the one with the better evidence, and with equal evidence the one whose id sorts first, so that order does not matter.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from claude_metrics.git.cache import CommitCache
from claude_metrics.git.command_line import Invocation, creates_commits, invocations
from claude_metrics.git.evidence import SLACK, Evidence, Run, evidence
from claude_metrics.git.log import DAY, LoggedCommit, RepositoryLog
from claude_metrics.git.reflog import Reflogs
from claude_metrics.git.repository import Repository, branch_and_remote
from claude_metrics.models import GitCommand

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
    branch: str
    files_changed: int | None  # None where the files' contents are not on this machine (a partial clone)
    lines_added: int | None
    lines_deleted: int | None
    attribution: str
    reachable: bool
    evidence: int  # see `Evidence`; of two sessions that claim a commit the higher one keeps it, else the lower id


@dataclass(frozen=True, slots=True)
class CommitReport:
    commits: list[Commit]
    remote_urls: dict[str, str]  # by working directory
    problems: list[str]


def commits_of(window: WorkWindow, commands: Sequence[GitCommand], cache: CommitCache | None = None) -> CommitReport:
    """The commits of the session. `commands` may hold other sessions' too: they compete for the commits."""
    return _Search(window, cache or CommitCache()).report(commands)


class _Search:
    def __init__(self, window: WorkWindow, cache: CommitCache) -> None:
        self.window, self.cache = window, cache
        self.start, self.end = _seconds(window.start), _seconds(window.end)
        self.problems: dict[str, None] = {}  # in order, each once
        cache.repositories.git.start_clock()

    def report(self, commands: Sequence[GitCommand]) -> CommitReport:
        by_cwd = {cwd: repository for cwd in self.window.cwds if (repository := self._repository(cwd))}
        urls = {cwd: repository.remote_url for cwd, repository in by_cwd.items() if repository.remote_url}
        own = self._runs(one for one in commands if one.session_id == self.window.session_id)
        rivals = self._runs(one for one in commands if one.session_id != self.window.session_id)
        home = {repository.key: repository for repository in by_cwd.values()}
        commits = []
        for repository in (home | {one.key: one for one, _ in own}).values():
            mine, theirs = ([run for one, run in runs if one.key == repository.key] for runs in (own, rivals))
            commits += self._in_repository(repository, mine, theirs, repository.key in home)
        commits.sort(key=lambda one: (one.committed_at, one.repository, one.sha))
        return CommitReport(commits, urls, list(self.problems))

    def _repository(self, directory: str) -> Repository | None:
        repository = self.cache.repositories.at(directory)
        if isinstance(repository, str):
            self.problems[repository] = None
            return None
        return repository

    def _runs(self, commands: Iterable[GitCommand]) -> list[tuple[Repository, Run]]:
        runs = []
        for one in commands:
            started, finished = _seconds(one.started_at), _seconds(one.finished_at)
            until = finished or self.end
            if started is None or until is None or not self._overlaps(started, until):
                continue
            for repository, calls in self._repositories_of(one).values():
                run = Run(one.session_id, started, until, finished is not None, tuple(calls), one.output)
                runs.append((repository, run))
        return runs

    def _overlaps(self, started: float, finished: float) -> bool:
        """Others' commands of another day cost nothing; the session's own lie within its window."""
        return self.start is None or self.end is None or (started <= self.end + DAY and finished >= self.start - DAY)

    def _repositories_of(self, command: GitCommand) -> dict[str, tuple[Repository, list[Invocation]]]:
        """The repositories in which the command calls git, by key, each with these calls."""
        repositories: dict[str, tuple[Repository, list[Invocation]]] = {}
        for call in invocations(command.command, command.cwd):
            if repository := self._repository(call.directory):
                repositories.setdefault(repository.key, (repository, []))[1].append(call)
        return repositories

    def _in_repository(self, repository: Repository, own: list[Run], rivals: list[Run], home: bool) -> list[Commit]:
        moments = [run.started for run in own] + [run.finished for run in own]
        moments += [moment for moment in (self.start, self.end) if moment is not None and home]
        if not moments:
            return []
        log = self.cache.log(repository)
        since, until = math.floor(min(moments) - SLACK), math.ceil(max(moments) + SLACK)
        if problem := log.cover(since, until):
            self.problems[problem] = None
        logged = log.between(since, until)
        claims = {one.sha: _best(one, own + rivals, log.reflogs) for one in logged}
        proven = [one for one in logged if (claim := claims[one.sha]) and claim[1] == self.window.session_id]
        free = [one for one in logged if home and not claims[one.sha]]
        inferred = self._inferred(free, log, self._addresses(repository, proven))
        own_commits = [(one, Evidence(-claim[0])) for one in proven if (claim := claims[one.sha])]
        own_commits += [(one, Evidence.AUTHOR) for one in inferred]
        return [self._commit(repository.key, *one) for one in own_commits if self._keeps(repository.key, *one)]

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

    def _commit(self, key: str, one: LoggedCommit, evidence: Evidence) -> Commit:
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
            attribution="inferred" if evidence is Evidence.AUTHOR else "proven",
            reachable=one.reachable,
            evidence=int(evidence),
        )


def _best(commit: LoggedCommit, runs: list[Run], reflogs: Reflogs) -> tuple[int, str] | None:
    claims = [(-level, run.session_id) for run in runs if (level := evidence(commit, run, reflogs)) is not None]
    return min(claims, default=None)


def _seconds(moment: str | None) -> float | None:
    try:
        return datetime.fromisoformat(moment or "").timestamp()
    except (ValueError, OverflowError, OSError):
        return None
