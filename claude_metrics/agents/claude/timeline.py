"""When and where the sessions of one Claude Code transcript were: their times, places, and what a fork copied."""

from __future__ import annotations

from typing import Any

from claude_metrics.agents.claude.records import OtherRecord, Record
from claude_metrics.agents.claude.usage import AGENT_TYPE
from claude_metrics.models import Batch, SessionFacts, Source
from claude_metrics.text import session_name


class Timeline:
    """The part of the fold that knows whose time it is. `copied`: the lines read now are a parent's."""

    def __init__(self, source: Source, state: dict[str, Any]) -> None:
        self.source, self.state = source, state
        self.batch = Batch(source, since=state.get("last"))
        self.home: str | None = session_name(source.session_id) if source.session_id else state.get("home")
        self.last: str | None = state.get("last")
        self.head: str | None = state.get("head")
        self.headed: bool = state.get("headed", False)
        self.copied: bool = state.get("copied", False)
        self.forked: bool = state.get("forked", False)
        self.forked_at: str | None = state.get("forked_at")

    def kept(self) -> dict[str, Any]:
        """What the next piece of the file needs of it."""
        return {
            "last": self.last, "headed": self.headed, "head": None if self.headed else self.head,
            "copied": self.copied, "forked": self.forked, "forked_at": self.forked_at,
            "home": None if self.source.session_id else self.home,
        }  # fmt: skip

    def read_head(self, record: Record, stamp: str | None) -> None:
        """When the file was begun: the latest time up to its first message. A fork's head is later than its copies."""
        self.head = max(self.head or "", stamp or "") or None
        if self.head and not isinstance(record, OtherRecord):
            self.headed = True
            if self.source.agent_id is None:
                self.facts(self.session_id(record.sessionId)).opened_at = self.head

    def session_id(self, named: str | None) -> str:
        """The file's session; agent files of old clients name it only in their lines."""
        if self.home is None and named:
            self.home = session_name(named)
        return self.home or session_name(self.source.path.stem)

    def facts(self, session_id: str) -> SessionFacts:
        found = self.batch.sessions.get(session_id)
        if found is None:
            found = self.batch.sessions[session_id] = SessionFacts(session_id, AGENT_TYPE)
        return found

    def seen(self, session_id: str, stamp: str | None, record: Record | None = None) -> None:
        """Widen the session's time (a subagent's is its parent's business), and note where it works."""
        facts = self.facts(session_id)
        if stamp:
            if self.last is None or stamp > self.last:
                self.last = stamp
            if self.source.agent_id is None:
                if self.forked and session_id == self.home:
                    facts.forked_at = self.forked_at = min(self.forked_at or stamp, stamp)
                elif facts.first_record_at is None or stamp < facts.first_record_at:
                    facts.first_record_at = stamp
                if facts.last_record_at is None or stamp > facts.last_record_at:
                    facts.last_record_at = stamp
        if record is not None:
            if record.agentId is None:
                facts.project_path = facts.project_path or record.cwd
                facts.git_branch = record.gitBranch or facts.git_branch
                facts.agent_version = record.version or facts.agent_version
            if record.cwd and record.cwd not in self.batch.cwds:
                self.batch.cwds.append(record.cwd)

    def seen_own(self, record: Record, stamp: str | None) -> None:
        if not self.copied:
            self.seen(self.session_id(record.sessionId), stamp, record)

    def agent_of(self, record: Record) -> str | None:
        return record.agentId or self.source.agent_id or ("sidechain" if record.isSidechain else None)

    def fork_of(self, owner: str, here: str) -> None:
        """All that the file held up to here is its parent's; the fork's own time begins later."""
        facts = self.facts(here)
        facts.parent_session_id = owner
        facts.forked_at = self.forked_at = None
        self.copied = self.forked = True
