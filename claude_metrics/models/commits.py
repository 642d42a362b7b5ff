"""Calls that may have made commits, and what connects a commit with a session."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class Evidence(IntEnum):
    """What connects a commit with a session, from weak to strong. The numbers are stored, and say nothing of strength.

    A session that is recorded later can take the commit only with something stronger.
    """

    AUTHOR = 0  # no call: author, directory and time agree
    CALL = 5  # the repository's reflog shows that the commit was made while a call of the session ran
    SHARED = 6  # the same, but calls of several sessions ran at that second
    TIME = 1  # a git command ran at that second, and this copy of the repository made the commit
    SUBJECT = 2  # the command spells out the commit's subject
    SHA = 3  # the call printed the commit's hash
    SUMMARY = 4  # git printed `[branch hash] subject` for it

    @property
    def strength(self) -> int:
        return _STRENGTH[self]

    @property
    def proves(self) -> bool:
        return self not in (Evidence.AUTHOR, Evidence.SHARED)


_STRENGTH = {level: place for place, level in enumerate(Evidence)}


class GitCommand(NamedTuple):
    """A call that may have made commits, with what it printed (cut). `command` is empty for a tool that is no shell."""

    session_id: str
    tool_call_id: str
    cwd: str
    command: str
    started_at: str
    finished_at: str | None
    output: str
