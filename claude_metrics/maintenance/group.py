"""What another database knows of some sessions; `merge` and `legacy` read it, `merge` writes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from claude_metrics.models import Copy, CostState, Observation, ProcessLink, Request, ToolCall
from claude_metrics.models.details import Agent, ApiError, Compaction

GROUP = 200
Row = dict[str, Any]


@dataclass(slots=True)
class Group:
    """All that the other database knows of some sessions, by table."""

    sessions: list[Row]
    requests: list[Request]
    tool_calls: list[ToolCall]
    turns: list[Row]
    copies: list[Copy]
    cost_states: list[CostState]
    process_links: list[ProcessLink]
    commits: list[Row]
    observations: list[Observation]
    facets: list[Row]
    agents: list[Agent] = field(default_factory=list)
    compactions: list[Compaction] = field(default_factory=list)
    api_errors: list[ApiError] = field(default_factory=list)
