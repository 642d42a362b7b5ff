"""The batch of one rollout in the making, as the reader and its tool calls share it."""

from __future__ import annotations

from datetime import datetime

from claude_metrics.agents._builder import BatchBuilder
from claude_metrics.agents._json import Json, text


class ThreadBuilder(BatchBuilder):
    """`thread` is the rollout's own id, `home` the session it belongs to, `lineage` the thread whose ids it uses."""

    thread: str
    home: str
    lineage: str
    turn: str | None
    cwd: str | None

    @property
    def agent_id(self) -> str | None:
        return self.thread if self.thread != self.home else None


class Replay:
    """The part of a subagent's rollout that repeats its parent's history.

    It lies before the subagent's beginning by its times, or follows it in one burst where the client stamped the
    copies anew (0.145, https://github.com/chattymin/PokeTokenBar/issues/128).
    """

    BURST_S = 0.1

    def __init__(self, state: Json) -> None:
        self.started: str | None = text(state.get("started"))  # of a subagent alone
        self.burst: str | None = text(state.get("burst"))  # the last time within the burst; None after it
        self.restamped: bool = bool(state.get("restamped"))

    def begin(self, started: str | None, restamped: bool) -> None:
        self.started, self.restamped = started, restamped

    def holds(self, stamp: str) -> bool:
        if self.started is None:
            return False
        if stamp < self.started:
            return True
        if not self.restamped:
            return False
        if self.burst is None or _seconds(self.burst, stamp) <= self.BURST_S:
            self.burst = stamp
            return True
        self.restamped = False
        return False

    def snapshot(self) -> Json:
        return {"started": self.started, "burst": self.burst, "restamped": self.restamped} if self.started else {}


def _seconds(earlier: str, later: str) -> float:
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()
