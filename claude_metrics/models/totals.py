"""What an agent said of its own totals, and which of its processes said it."""

from __future__ import annotations

from typing import NamedTuple


class CostState(NamedTuple):
    """What an agent itself said it had spent, cumulatively, when it had written all records up to `as_of`.

    `process` is the process that wrote it, `position` where it stands in the transcript, and `follows` the process
    whose last record the first one of `process` names: all are bytes. `fresh` is 1 where the records say that the
    session began with nothing; `interactive` is 0 where its process can never have been rewound.
    """

    cost_state_id: int
    session_id: str
    as_of: str
    started_at: str
    total_cost_usd: float
    total_duration_ms: int
    total_api_duration_ms: int
    lines_added: int
    lines_removed: int
    models: str
    process: int | None = None
    position: int | None = None
    follows: int | None = None
    fresh: int = 0
    interactive: int = 1


class ProcessLink(NamedTuple):
    """Which process of the agent made a request, or was given a prompt (`key`): `target`, where it is not the first.

    The key of a subagent leads to that of the prompt which started it.
    """

    session_id: str
    key: int
    target: int
