"""The agents we know: a folder each, and one line here. `RECORDED` are those whose sessions we read.

Both are mappings by name that import an agent when it is first asked for: most commands need its name at most.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from claude_metrics.agents.base import Agent, RecordedAgent

DEFAULT = "claude"  # where a hook, or a data folder given to `sync`, names no agent

_RECORDED = ("claude", "gemini", "codex", "opencode")
_HOOKED = ("cursor",)  # only hooks in its settings
_Kind = TypeVar("_Kind")


class _ByName(Mapping[str, _Kind], Generic[_Kind]):
    """Each name's `AGENT`, from the folder of that name."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names

    def __getitem__(self, name: str) -> _Kind:
        if name not in self._names:
            raise KeyError(name)
        agent: _Kind = import_module(f"{__name__}.{name}").AGENT
        return agent

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


AGENTS: Mapping[str, Agent] = _ByName(_RECORDED + _HOOKED)
RECORDED: Mapping[str, RecordedAgent] = _ByName(_RECORDED)


def of_type(agent_type: str) -> RecordedAgent | None:
    """The agent that a session's `agent_type` names; None for one that another version recorded."""
    return next((agent for agent in RECORDED.values() if agent.type == agent_type), None)
