"""The rows that travel from an agent's reader to the store.

Times are RFC 3339 text in UTC with milliseconds and `Z`; tokens are counts; money is USD. Rows are named
tuples in the order of their table's columns, because a gigabyte of transcripts becomes a hundred thousand of them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

from claude_metrics.models.commits import Evidence, GitCommand
from claude_metrics.models.details import Agent, ApiError, Compaction
from claude_metrics.models.totals import CostState, ProcessLink

__all__ = [
    "TOKEN_FIELDS",
    "TOTAL_FIELDS",
    "Agent",
    "ApiError",
    "Batch",
    "Compaction",
    "Copy",
    "CostState",
    "Evidence",
    "GitCommand",
    "Observation",
    "ProcessLink",
    "Prompt",
    "Request",
    "Response",
    "SessionFacts",
    "Source",
    "ToolCall",
    "agent_key",
    "key_of",
    "merged",
]


def key_of(*parts: str) -> int:
    """A stable 63-bit key for a natural one: the same in every database, and an integer SQLite can use as rowid."""
    digest = hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def agent_key(agent_id: str) -> int:
    """The key of a subagent."""
    return key_of("agent", agent_id)


@dataclass(frozen=True, slots=True)
class Source:
    """One file or database in which an agent keeps a session, or a part of it (a subagent's transcript)."""

    agent: str
    path: Path
    session_id: str | None = None
    agent_id: str | None = None
    size: int = 0
    mtime_ns: int = 0
    inode: int = 0


# The columns of a request that count something. A new one is a field here, and of `Request` and `token_usage`.
TOKEN_FIELDS = (
    "input_tokens",
    "output_tokens",
    "cache_creation_tokens",
    "cache_read_tokens",
    "cache_creation_5m_tokens",
    "cache_creation_1h_tokens",
    "reasoning_tokens",
    "web_search_requests",
)
# Those that an agent's own total of a session has too, in the order of the lists in `cost_states.models`.
TOTAL_FIELDS = (
    "input_tokens",
    "output_tokens",
    "cache_creation_tokens",
    "cache_read_tokens",
    "cache_creation_1h_tokens",
    "reasoning_tokens",
    "web_search_requests",
)
counts_of = attrgetter(*TOKEN_FIELDS)


class Request(NamedTuple):
    """One billed API request. `input_tokens` excludes cached ones; `output_tokens` includes reasoning."""

    id: int
    session_id: str
    timestamp: str
    model: str
    input_tokens: int = 0
    output_tokens: int = 0
    cache_creation_tokens: int = 0
    cache_read_tokens: int = 0
    cache_creation_5m_tokens: int = 0
    cache_creation_1h_tokens: int = 0
    reasoning_tokens: int = 0
    web_search_requests: int = 0
    speed: str | None = None
    inference_geo: str | None = None
    message_id: str = ""
    request_id: str | None = None
    agent_id: str | None = None
    kind: str = "message"
    cost_usd: float | None = None
    reported_cost_usd: float | None = None
    understated_tokens: int = 0
    owner_known: int = 0
    effort: str | None = None
    skill: str | None = None
    slash_command: str | None = None
    mcp_server: str | None = None
    mcp_tool: str | None = None
    shape: str | None = None  # a hash of the system prompt and the tools that were sent


# What a request was made with and for; some readings of it know more than others.
LABEL_FIELDS = ("speed", "inference_geo", "effort", "skill", "slash_command", "mcp_server", "mcp_tool", "shape")
labels_of = attrgetter(*LABEL_FIELDS)


def merged(one: Request, two: Request) -> Request:
    """Two readings of one request: the larger figure of each token column, the earlier time."""
    earlier = min(one.timestamp, two.timestamp)
    labels: dict[str, Any] = {
        name: first or second for name, first, second in zip(LABEL_FIELDS, labels_of(one), labels_of(two), strict=True)
    }
    reported = max((cost for cost in (one.reported_cost_usd, two.reported_cost_usd) if cost is not None), default=None)
    counts = list(zip(TOKEN_FIELDS, counts_of(one), counts_of(two), strict=True))
    if all(first == second for _, first, second in counts):
        missing = max(one.understated_tokens, two.understated_tokens)
        return one._replace(timestamp=earlier, understated_tokens=missing, reported_cost_usd=reported, **labels)
    later = one if one.output_tokens >= two.output_tokens else two
    return one._replace(
        **{name: max(first, second) for name, first, second in counts},
        timestamp=earlier,
        **labels,
        understated_tokens=later.understated_tokens,
        cost_usd=None,
        reported_cost_usd=reported,
    )


class ToolCall(NamedTuple):
    """One use of a tool. A result that arrives later completes the row; None never overwrites a value.

    `category` is one of `observe.CATEGORIES`; `subject` the subagent's type, the skill's or the MCP server's name;
    `change` what became of `file_path`: created, modified or deleted.
    """

    tool_call_id: str
    session_id: str
    timestamp: str | None = None
    tool_name: str | None = None
    input_summary: str | None = None
    input_bytes: int | None = None
    output_bytes: int | None = None
    success: int | None = None
    duration_ms: int | None = None
    file_path: str | None = None
    agent_id: str | None = None
    request_key: int | None = None
    finished_at: str | None = None
    lines_added: int | None = None
    lines_removed: int | None = None
    denied: int | None = None
    category: str | None = None
    subject: str | None = None
    change: str | None = None

    def completed_by(self, later: ToolCall) -> ToolCall:
        """The row with what a later one adds."""
        return ToolCall._make([old if new is None else new for old, new in zip(self, later, strict=True)])


class Observation(NamedTuple):
    """A fact about what a session did, by the rules of `observe` and `store.observations`.

    `outcome` is the state it reports (passed, failed, pending, completed, approved, ...); `item` names the plan's item
    or the commit it is about; it belongs to the session that owns its tool call.
    """

    observation_id: int
    session_id: str
    timestamp: str
    kind: str
    title: str | None = None
    detail: str | None = None
    outcome: str | None = None
    item: str | None = None
    file_path: str | None = None
    tool_call_id: str | None = None
    agent_id: str | None = None


class Prompt(NamedTuple):
    """A user's prompt: the beginning of a turn."""

    prompt_id: int
    session_id: str
    started_at: str
    prompt: str | None
    prompt_tokens_estimated: int | None
    owner_known: int = 0


class Response(NamedTuple):
    """The last text an agent answered at `responded_at`, to the prompt named, or else in the turn of that time."""

    session_id: str
    responded_at: str
    response: str | None
    response_tokens_estimated: int | None
    prompt_id: int | None = None


class Copy(NamedTuple):
    """A request or prompt (`key`) that also stands in the transcript of `session_id`, as a fork's copy does."""

    key: int
    session_id: str


@dataclass(slots=True)
class SessionFacts:
    """What one source says of a session. Merging keeps the earliest beginning, the latest end, the last name."""

    session_id: str
    agent_type: str
    agent_version: str | None = None
    parent_session_id: str | None = None
    opened_at: str | None = None
    first_record_at: str | None = None
    forked_at: str | None = None
    last_record_at: str | None = None
    ended_at: str | None = None
    end_reason: str | None = None
    permission_mode: str | None = None
    project_path: str | None = None
    git_branch: str | None = None
    git_remote_url: str | None = None
    worktree: str | None = None  # the linked worktree it worked in; `project_path` is then the main checkout's
    title: str | None = None
    summary: str | None = None
    reported_cost_usd: float | None = None
    total_duration_ms: int | None = None
    total_api_duration_ms: int | None = None
    lines_added: int | None = None
    lines_removed: int | None = None
    session_kind: str | None = None


@dataclass(slots=True)
class Batch:
    """Everything read from one source since its cursor, and the next cursor (opaque JSON owned by the agent).

    `since` is the last time that earlier readings had seen; `cwds` are the directories the records name.
    """

    source: Source
    cursor: dict[str, Any] = field(default_factory=dict)
    bytes_read: int = 0
    sessions: dict[str, SessionFacts] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    tool_calls: list[ToolCall] = field(default_factory=list)
    prompts: list[Prompt] = field(default_factory=list)
    responses: list[Response] = field(default_factory=list)
    copies: list[Copy] = field(default_factory=list)
    cost_states: list[CostState] = field(default_factory=list)
    process_links: list[ProcessLink] = field(default_factory=list)
    git_commands: list[GitCommand] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    agents: list[Agent] = field(default_factory=list)
    compactions: list[Compaction] = field(default_factory=list)
    api_errors: list[ApiError] = field(default_factory=list)
    cwds: list[str] = field(default_factory=list)
    since: str | None = None
    unknown: dict[str, int] = field(default_factory=dict)
    bad_lines: int = 0
