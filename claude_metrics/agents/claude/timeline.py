"""When and where the sessions of one Claude Code transcript were: times, directories, and what a fork copied."""

from __future__ import annotations

from typing import Any

from claude_metrics.agents._builder import BatchBuilder
from claude_metrics.agents.claude.names import AGENT_TYPE
from claude_metrics.agents.claude.records import OtherRecord, Record, WorktreeSession
from claude_metrics.models import SessionFacts, Source
from claude_metrics.text import session_name


class Timeline(BatchBuilder):
    """A builder that knows whose time it is. `copied`: the lines that are read now are those of a fork's parent."""

    def __init__(self, source: Source, state: dict[str, Any]) -> None:
        super().__init__(source, AGENT_TYPE, state.get("last"))
        self.state = state
        self.newest_since_total: str | None = state.get("newest_since_total", self.last)
        self.totalled: bool = state.get("totalled", False)
        self.home: str | None = session_name(source.session_id) if source.session_id else state.get("home")
        self.head: str | None = state.get("head")
        self.headed: bool = state.get("headed", False)
        self.copied: bool = state.get("copied", False)
        self.forked: bool = state.get("forked", False)
        self.forked_at: str | None = state.get("forked_at")

    def timeline_state(self) -> dict[str, Any]:
        """What the next piece of the file needs of it."""
        return {
            "last": self.last,
            "newest_since_total": self.newest_since_total,
            "totalled": self.totalled,
            "headed": self.headed,
            "head": None if self.headed else self.head,
            "copied": self.copied,
            "forked": self.forked,
            "forked_at": self.forked_at,
            "home": None if self.source.session_id else self.home,
        }

    def read_head(self, record: Record, stamp: str | None) -> None:
        """When the file was begun: the latest time up to its first message. A fork's head is later than its copies."""
        self.head = max(self.head or "", stamp or "") or None
        if self.head and not isinstance(record, OtherRecord):
            self.headed = True
            if self.source.agent_id is None:
                self.facts(self.file_session(record.sessionId)).opened_at = self.head

    def file_session(self, record_session: str | None) -> str:
        """The session whose file this is; agent files of old clients name it only in their lines."""
        if self.home is None and record_session:
            self.home = session_name(record_session)
        return self.home or session_name(self.source.path.stem)

    def see(self, session_id: str, stamp: str | None) -> SessionFacts:
        """Widen the session's time; what a subagent does is no sign of its session, and a fork's copies are none."""
        facts = self.facts(session_id)
        if not stamp:
            return facts
        if self.last is None or stamp > self.last:
            self.last = stamp
        self.note_newest(stamp)
        if self.source.agent_id is None:
            if self.forked and session_id == self.home:
                facts.forked_at = self.forked_at = min(self.forked_at or stamp, stamp)
            elif facts.first_record_at is None or stamp < facts.first_record_at:
                facts.first_record_at = stamp
            if facts.last_record_at is None or stamp > facts.last_record_at:
                facts.last_record_at = stamp
        return facts

    def note_newest(self, stamp: str) -> None:
        """Keep the latest time since the last total, which a clock that was set back before does not hide."""
        if self.newest_since_total is None or self.totalled or stamp > self.newest_since_total:
            self.newest_since_total, self.totalled = stamp, False

    def see_record(self, session_id: str, stamp: str | None, record: Record) -> None:
        """Note the time, directory, branch and client of one record of the session."""
        facts = self.see(session_id, stamp)
        if record.agentId is None:
            facts.project_path = facts.project_path or record.cwd
            if record.gitBranch != "HEAD":  # what git prints where no branch is checked out
                facts.git_branch = record.gitBranch or facts.git_branch
            facts.agent_version = record.version or facts.agent_version
            if session_id == self.home:  # a fork's copies of its parent's lines say how the fork is driven
                facts.session_kind = kind_of(record) or facts.session_kind
        self.work_in(record.cwd)

    def enter_worktree(self, session_id: str, worktree: WorktreeSession | None) -> None:
        """The session works in a worktree; its project is the checkout in which it was started."""
        if worktree and worktree.originalCwd and worktree.worktreeName:
            facts = self.facts(session_id)
            facts.project_path, facts.worktree = worktree.originalCwd, worktree.worktreeName
            self.work_in(worktree.originalCwd)

    def see_own(self, record: Record, stamp: str | None) -> None:
        """The same of a record that names no other owner: while a parent's lines are read, it is a copy as well."""
        if not self.copied:
            self.see_record(self.file_session(record.sessionId), stamp, record)

    def agent_of(self, record: Record) -> str | None:
        return record.agentId or self.source.agent_id or ("sidechain" if record.isSidechain else None)

    def fork_of(self, parent: str, fork: str) -> None:
        """All that the file held so far is its parent's; the fork's own time begins later."""
        facts = self.facts(fork)
        facts.parent_session_id = parent
        facts.forked_at = self.forked_at = None
        self.copied = self.forked = True


def kind_of(record: Record) -> str | None:
    """Who drives the session: a person at a terminal, a program, or nobody (`claude --bg`)."""
    if record.sessionKind == "bg":
        return "background"
    entry = record.entrypoint or ""
    return "interactive" if entry == "cli" else "sdk" if entry.startswith("sdk") else None
