"""The client's own totals in a transcript, and which process of the client wrote each record."""

from __future__ import annotations

from typing import Any

import msgspec

from claude_metrics import clock
from claude_metrics.agents.claude.calls import Calls
from claude_metrics.agents.claude.lineage import Lineage
from claude_metrics.agents.claude.names import AGENT_TYPE
from claude_metrics.agents.claude.prompts import begins_turn, was_killed
from claude_metrics.agents.claude.records import OtherRecord, Record, UserRecord, chained
from claude_metrics.agents.claude.usage import model_totals, number
from claude_metrics.models import Batch, CostState, ProcessLink, Source, agent_key, key_of

# What the key of a cost state is made of, in this order.
_FIGURES = (
    "started_at",
    "total_cost_usd",
    "total_duration_ms",
    "total_api_duration_ms",
    "lines_added",
    "lines_removed",
    "models",
)


class Totals(Calls):
    """`begin` is the byte at which the current record begins, `process` the process that wrote it (`lineage`).

    `branched`: the session was made inside its parent's process, so its totals begin with nothing.
    """

    def __init__(self, source: Source, state: dict[str, Any]) -> None:
        super().__init__(source, state)
        self.lineage = Lineage(state.get("lineage", []))
        self.branched: bool = state.get("branched", False)
        self.begin = self.process = 0
        self.links: dict[int, ProcessLink] = {}

    def totals_state(self) -> dict[str, Any]:
        """What the next piece of the file needs of it."""
        return {"lineage": self.lineage.kept(), "branched": self.branched}

    def follow(self, record: Record, stamp: str | None) -> None:
        """Note which process wrote the record; a subagent's file says by which prompt it was started."""
        turn = isinstance(record, UserRecord) and begins_turn(record)
        prompt_id = record.promptId if isinstance(record, UserRecord) and turn else None
        prompt_key = key_of(AGENT_TYPE, "promptId", prompt_id) if prompt_id else None
        file_session = self.file_session(record.sessionId)
        if self.source.agent_id is not None:
            if prompt_key:
                self.link(file_session, agent_key(self.source.agent_id), prompt_key)
        elif record.uuid:
            restarted = isinstance(record, UserRecord) and was_killed(record)
            self.process = self.lineage.process_of(
                record.uuid, record.parentUuid, stamp, self.begin, record.entrypoint or "", turn, restarted
            )
            if prompt_key:
                self.link_process(file_session, prompt_key)

    def follow_bulky(self, block: bytes, start: int, end: int, stamp: str | None) -> None:
        """The same of a record that is not decoded."""
        if self.source.agent_id is None:
            uuid, parent = chained(block, start, end)
            if uuid:
                self.lineage.process_of(uuid, parent, stamp, self.begin)

    def link_process(self, session_id: str, key: int) -> None:
        """Note that the current process made the request, or was given the prompt; the first one needs no note."""
        if self.process and self.source.agent_id is None:
            self.link(session_id, key, self.process)

    def link(self, session_id: str, key: int, target: int) -> None:
        self.links.setdefault(key, ProcessLink(session_id, key, target))

    def cost_state(self, record: OtherRecord, file_session: str) -> None:
        """The key is that of the figures, so a total that two files hold is one row."""
        began = clock.from_seconds(number(record.startTime) / 1000)
        as_of = self.newest_since_total or began
        models = {name.removesuffix("[1m]"): model_totals(usage) for name, usage in (record.modelUsage or {}).items()}
        state = CostState(
            cost_state_id=0,
            session_id=file_session,
            as_of=as_of,
            started_at=began,
            total_cost_usd=number(record.totalCostUSD),
            total_duration_ms=int(number(record.totalDuration)),
            total_api_duration_ms=int(number(record.totalAPIDuration)),
            lines_added=int(number(record.totalLinesAdded)),
            lines_removed=int(number(record.totalLinesRemoved)),
            models=msgspec.json.encode(models).decode(),
        )
        figures = tuple(getattr(state, name) for name in _FIGURES)
        self.copied, self.totalled = False, True
        key = key_of(AGENT_TYPE, file_session, repr(figures))
        self.batch.cost_states.append(self._written(state)._replace(cost_state_id=key))
        facts = self.facts(file_session)
        facts.ended_at = max(facts.ended_at or as_of, as_of)  # a clock may have been set back

    def _written(self, state: CostState) -> CostState:
        """The state with the process that wrote it. A process in print mode (`sdk-cli`) can never be rewound."""
        writer = self.lineage.ended(f"{state.total_cost_usd} {state.models}")
        return state._replace(
            process=writer.name,
            position=self.begin,
            follows=writer.follows,
            fresh=int(self.branched),
            interactive=int(not writer.program.startswith("sdk")),
        )

    def finish(self) -> Batch:
        self.batch.process_links = list(self.links.values())
        return super().finish()
