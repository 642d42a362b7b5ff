"""The commits of one repository, read once for many sessions: everything on refs or in reflogs in a span of time.

Three processes per reading: the log with its line counts, the commits still reachable, and the reflogs, which alone
tell what was made in this copy, on which branch, and what was only fetched. A wider reading replaces a narrower one.
"""

import re
import secrets
import time
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from claude_metrics.git.process import Answer, Git
from claude_metrics.git.reflog import FIELDS as REFLOG_FIELDS
from claude_metrics.git.reflog import Reflogs, parse
from claude_metrics.git.repository import Repository

MAX_MESSAGE = 4000
DAY = 86400
# How far behind the asked time the second, third and fourth reading look: few readings, whatever the sessions' order.
_MARGINS = (0, 30 * DAY, 365 * DAY, 1 << 40)
_FAILURES_ALLOWED = 3
_LAST = 253402300799  # the end of year 9999
_REFS = ("--exclude=refs/stash", "--exclude=refs/notes/*", "--exclude=refs/replace/*", "--exclude=refs/jj/*", "--all")
_PLAIN = ("--no-ext-diff", "--no-textconv", "--no-color", "--no-notes", "--encoding=UTF-8", "-z")
_FIELDS = ("%H", "%S", "%ct", "%an", "%ae", "%ce", "%s", "%B")
_NUMSTAT = re.compile(rb"\n?(\d+|-)\t(\d+|-)\t(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class LoggedCommit:
    sha: str
    committed: int  # unix seconds
    author_name: str
    author_email: str
    committer_email: str
    subject: str
    message: str
    branch: str | None  # None for a commit on no branch (a detached HEAD)
    files: int | None  # None: the contents are not on this machine
    added: int | None
    deleted: int | None
    reachable: bool


class RepositoryLog:
    def __init__(self, git: Git, repository: Repository) -> None:
        self.git, self.repository = git, repository
        self.reflogs = Reflogs()
        self._commits: list[LoggedCommit] = []
        self._times: list[int] = []
        self._since, self._until, self._born = 0, -1, int(time.time())
        self._readings = self._failures = 0
        self._problem: str | None = None

    def cover(self, since: int, until: int) -> str | None:
        """Have the commits of that span at hand; returns what is wrong with them, if anything."""
        since, until = max(0, since), min(max(0, until), _LAST)
        if self._covers(since, until):
            return self._problem
        if self._failures >= _FAILURES_ALLOWED:
            return f"{self.repository.key}: git failed in this repository before in this run; not asked again"
        margin = 0 if self._failures else _MARGINS[min(self._readings, len(_MARGINS) - 1)]
        self._readings += 1
        if margin and self._read(self._earlier(since, margin), max(int(time.time()), until)):
            return self._problem
        # The first session asks for its own hours only; so does one in a history too big to read at large.
        self._read(since, until)
        return self._problem

    def _covers(self, since: int, until: int) -> bool:
        # A session whose records lie in the future is covered by what was read in this run.
        late = until > time.time() and self._until >= self._born
        return self._since <= since and (until <= self._until or late)

    def _earlier(self, since: int, margin: int) -> int:
        return max(0, since - margin) if since < self._since or self._until < 0 else self._since

    def between(self, since: float, until: float) -> list[LoggedCommit]:
        return self._commits[bisect_left(self._times, since) : bisect_right(self._times, until)]

    def made_in_this_copy(self, commit: LoggedCommit) -> bool:
        """False for a commit that was only fetched; true where the reflogs are silent about that moment."""
        return commit.sha in self.reflogs.made or not self.reflogs.knows(commit.committed - 1, commit.committed + 1)

    def _read(self, since: int, until: int) -> bool:
        limits = (f"--max-age={since}", f"--min-age={until}")
        token = secrets.token_hex(16)
        answer, problem, counted = self._log(limits, token)
        if answer.given_up:
            self._failures += 1
        else:
            reachable = self.git.ask(self.repository.directory, "rev-list", *limits, *_REFS, "--")
            self.reflogs = self._read_reflogs(since)
            self._keep(_parsed(answer.stdout, token, counted), set(reachable.stdout.decode("ascii", "replace").split()))
            self._since, self._until = since, until
            problem = problem or reachable.problem
        self._problem = problem and f"{self.repository.key}: {problem}"
        return not answer.given_up

    def _keep(self, commits: Iterable[LoggedCommit], reachable: set[str]) -> None:
        finished = [self._finished(one, reachable) for one in commits]
        self._commits = sorted(finished, key=lambda one: one.committed)
        self._times = [one.committed for one in self._commits]

    def _log(self, limits: tuple[str, str], token: str) -> tuple[Answer, str | None, bool]:
        """The log, what is wrong with it, and whether with counts: files may be missing (a partial clone)."""
        layout = f"--format=%x00{token}%x00" + "%x00".join(_FIELDS) + "%x00"
        log = ("log", *_PLAIN, layout, *limits, *_REFS, "--reflog")
        answer = self.git.ask(self.repository.directory, *log, "--numstat", "--")
        if answer.given_up or answer.problem is None:
            return answer, answer.problem, True
        bare = self.git.ask(self.repository.directory, *log, "--")
        return (bare, None, False) if bare.problem is None else (answer, answer.problem, True)

    def _read_reflogs(self, since: int) -> Reflogs:
        layout = "--format=" + "%x00".join(REFLOG_FIELDS)
        answer = self.git.ask(
            self.repository.directory, "log", "-g", "--all", "--date=unix", f"--max-age={since}", *_PLAIN, layout, "--"
        )
        return parse(answer.stdout.decode("utf-8", "replace"), self.repository.head)

    def _finished(self, one: LoggedCommit, alive: set[str]) -> LoggedCommit:
        branch = self.reflogs.made.get(one.sha) or one.branch or self.repository.head
        return replace(one, branch=None if branch == "HEAD" else branch, reachable=one.sha in alive)


def _parsed(output: bytes, token: str, counted: bool) -> Iterator[LoggedCommit]:
    # The token is drawn per reading, so no message or file name can pretend to be the next commit.
    for record in output.split(b"\0" + token.encode() + b"\0")[1:]:
        parts = record.split(b"\0", len(_FIELDS))
        if len(parts) <= len(_FIELDS):
            continue  # the output ended in the middle
        sha, source, committed, author, email, committer, subject, body = (
            part.decode("utf-8", "replace") for part in parts[:-1]
        )
        if not committed.isdecimal() or int(committed) > _LAST:
            continue
        files, added, deleted = _counts(parts[-1]) if counted else (None, None, None)
        yield LoggedCommit(
            sha=sha,
            committed=int(committed),
            author_name=author,
            author_email=email,
            committer_email=committer,
            subject=subject,
            message=body.strip()[:MAX_MESSAGE],
            branch=_branch(source),
            files=files,
            added=added,
            deleted=deleted,
            reachable=False,
        )


def _branch(source: str) -> str:
    if source.startswith("refs/remotes/"):
        return source.removeprefix("refs/remotes/").partition("/")[2]
    if source.startswith("refs/heads/"):
        return source.removeprefix("refs/heads/")
    return "HEAD" if source == "HEAD" or source.endswith("/HEAD") else ""


def _counts(numstat: bytes) -> tuple[int, int, int]:
    """Files, lines added and deleted. A rename has an empty path and its two names in the next two parts."""
    files = added = deleted = skip = 0
    for part in numstat.split(b"\0"):
        numbers = _NUMSTAT.fullmatch(part) if not skip else None
        skip -= 1 if skip else 0
        if numbers:
            files += 1
            added += int(numbers[1]) if numbers[1] != b"-" else 0
            deleted += int(numbers[2]) if numbers[2] != b"-" else 0
            skip = 0 if numbers[3] else 2
    return files, added, deleted
