"""The batch of one rollout in the making, as the reader and its tool calls share it."""

from __future__ import annotations

from claude_metrics.agents._builder import Fold


class ThreadFold(Fold):
    """`thread` is the rollout's own id, `home` the session it belongs to, `lineage` the thread whose ids it uses."""

    thread: str
    home: str
    lineage: str
    turn: str | None
    cwd: str | None

    @property
    def agent_id(self) -> str | None:
        return self.thread if self.thread != self.home else None
