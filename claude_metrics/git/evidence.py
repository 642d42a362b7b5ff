"""How strongly one git command of a session speaks for one commit."""

import re
from dataclasses import dataclass
from enum import IntEnum

from claude_metrics.git.command_line import Invocation
from claude_metrics.git.log import LoggedCommit
from claude_metrics.git.reflog import Reflogs

SLACK = 1.0  # git counts in whole seconds
MAX_OUTPUT = 20_000  # characters looked at on either end of what the command printed
_SUMMARY = re.compile(r"^\[[^\]\n]{1,300} ([0-9a-f]{4,64})\] ", re.MULTILINE)  # [main (root-commit) abc1234] Subject
_SHA = re.compile(r"\b[0-9a-f]{7,64}\b")
# Shells differ in how a quote within a quoted text is written (`'it''s'`), so quotes are not compared.
_QUOTES = str.maketrans("", "", "'\"`\\")
_ENOUGH = 10  # characters of a subject that a commit-msg hook may put something before or after


class Evidence(IntEnum):
    """Stored with a commit, so that a session recorded later can only take it with something better."""

    AUTHOR = 0  # no command: author, place and time agree
    TIME = 1  # a command ran at that second, and this copy of the repository made the commit
    SUBJECT = 2  # the command spells out the commit's subject
    SHA = 3  # the command printed the commit's hash
    SUMMARY = 4  # git printed `[branch hash] subject` for it


@dataclass(frozen=True, slots=True)
class Run:
    """The git calls of one tool call in one repository."""

    session_id: str
    started: float
    finished: float
    ended: bool  # False: no result was ever written, `finished` is the session's end
    calls: tuple[Invocation, ...]
    output: str

    def printed(self) -> str:
        return (
            self.output if len(self.output) <= 2 * MAX_OUTPUT else self.output[:MAX_OUTPUT] + self.output[-MAX_OUTPUT:]
        )


def evidence(commit: LoggedCommit, run: Run, reflogs: Reflogs) -> Evidence | None:
    """None where the command cannot have made the commit, or where only chance would connect the two."""
    since, until = run.started - SLACK, run.finished + SLACK
    if not since <= commit.committed <= until:
        return None
    printed = run.printed()
    summaries = _SUMMARY.findall(printed)
    if commit.sha.startswith(tuple(summaries)):
        return Evidence.SUMMARY
    subjects = [call.subject for call in run.calls]
    named = any(_same(subject, commit.subject) for subject in subjects if subject)
    if not named and (None not in subjects or (reflogs.knows(since, until) and commit.sha not in reflogs.made)):
        return None  # the command says what its commits are called, or the commit came from elsewhere
    if commit.sha.startswith(tuple(_SHA.findall(printed))):
        return Evidence.SHA
    if named:
        return Evidence.SUBJECT
    return Evidence.TIME if _fits(commit, run, reflogs, bool(summaries)) else None


def _fits(commit: LoggedCommit, run: Run, reflogs: Reflogs, printed_summary: bool) -> bool:
    """Whether a command that names no commit may have made this one, as far as its verbs and the reflogs say."""
    verbs = {call.verb for call in run.calls}
    if not run.ended or (printed_summary and verbs == {"commit"}):
        return False  # a plain `git commit` prints a summary of each commit: with others printed, this is not one
    # `merge --continue` and its like are written down as commits; a pull, which may go on for hours, never is.
    allowed = verbs | ({"commit"} if verbs - {"pull"} else set())
    return reflogs.verbs.get(commit.sha, next(iter(verbs))) in allowed


def _same(literal: str, subject: str) -> bool:
    literal, subject = literal.translate(_QUOTES), subject.translate(_QUOTES)
    return literal == subject or (len(literal) >= _ENOUGH and literal in subject)
