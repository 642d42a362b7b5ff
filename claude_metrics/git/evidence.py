"""How strongly one call of a session speaks for one commit."""

import math
from dataclasses import dataclass

from claude_metrics.git.command_line import Invocation
from claude_metrics.git.log import LoggedCommit
from claude_metrics.git.output import SHA, SUMMARY
from claude_metrics.git.reflog import Reflogs
from claude_metrics.models import Evidence

SLACK = 1.0  # git counts in whole seconds
# Shells differ in how a quote within a quoted text is written (`'it''s'`), so quotes are not compared.
_QUOTES = str.maketrans("", "", "'\"`\\")
LONGEST_CALL = 60.0  # seconds; in a longer call somebody else may well have committed by hand
_ENOUGH = 10  # characters of a subject that a commit-msg hook may put something before or after


@dataclass(frozen=True, slots=True)
class Run:
    """What one tool call started in one repository."""

    session_id: str
    started: float
    finished: float
    ended: bool  # False: no result was ever written, `finished` is the session's end
    calls: tuple[Invocation, ...]
    output: str
    tool_call_id: str


def evidence(commit: LoggedCommit, run: Run, reflogs: Reflogs) -> Evidence | None:
    """None where the call cannot have made the commit, or where only chance would connect the two."""
    since, until = run.started - SLACK, run.finished + SLACK
    if not since <= commit.committed <= until:
        return None
    summaries = SUMMARY.findall(run.output)
    if commit.sha.startswith(tuple(summaries)):
        return Evidence.SUMMARY
    named = any(_same(call.subject, commit.subject) for call in run.calls if call.subject)
    came_from_elsewhere = reflogs.knows(since, until) and commit.sha not in reflogs.made
    shown = commit.sha.startswith(tuple(SHA.findall(run.output)))
    if named:
        return Evidence.SHA if shown else Evidence.SUBJECT
    if not came_from_elsewhere and (level := _of_git(commit, run, reflogs, shown, bool(summaries))):
        return level
    return _of_a_program(commit, run, reflogs, shown)


def _of_git(commit: LoggedCommit, run: Run, reflogs: Reflogs, shown: bool, printed_summary: bool) -> Evidence | None:
    """What git's own commands say of a commit that none of them names."""
    calls = [call for call in run.calls if call.verb]
    if not any(call.subject is None for call in calls):
        return None  # there are none, or they say what their commits are called
    if shown:
        return Evidence.SHA
    return Evidence.TIME if _fits(commit, run, reflogs, {call.verb for call in calls}, printed_summary) else None


def _fits(commit: LoggedCommit, run: Run, reflogs: Reflogs, verbs: set[str], printed_summary: bool) -> bool:
    """Whether a command that names no commit may have made this one, as far as its verbs and the reflogs say."""
    if not run.ended or (printed_summary and verbs == {"commit"}):
        return False  # a plain `git commit` prints a summary of each commit: with others printed, this is not one
    # `merge --continue` and its like are written down as commits; a pull, which may go on for hours, never is.
    allowed = verbs | ({"commit"} if verbs - {"pull"} else set())
    return reflogs.verbs.get(commit.sha, next(iter(verbs))) in allowed


def _of_a_program(commit: LoggedCommit, run: Run, reflogs: Reflogs, shown: bool) -> Evidence | None:
    """What a script, an alias or a tool says of a commit: it ran when the reflog says that the commit was made."""
    programs = [call for call in run.calls if not call.verb]
    during = math.floor(run.started) <= commit.committed <= run.finished
    if not programs or not run.ended or not during or run.finished - run.started > LONGEST_CALL:
        return None
    on_server = any(call.on_server for call in programs) and commit.sha in reflogs.arrived
    if commit.sha not in reflogs.made and not on_server:
        return None
    return Evidence.SHA if shown else Evidence.CALL


def _same(literal: str, subject: str) -> bool:
    literal, subject = literal.translate(_QUOTES), subject.translate(_QUOTES)
    return literal == subject or (len(literal) >= _ENOUGH and literal in subject)
