"""Claude Code: JSONL under `~/.claude/projects` (or `$CLAUDE_CONFIG_DIR/projects`).

`<slug>/<session>.jsonl`, its subagents in `<slug>/<session>/subagents/*.jsonl`; clients up to 2.0.64 wrote
`<slug>/agent-<8 hex>.jsonl` beside it, with the session's id in the lines. Verified: 2.0.64 to 2.1.328.

Tokens: the four counters are disjoint, and the output includes thinking. One message is several lines with one
(`message.id`, `requestId`) and the same usage. A fork's file repeats its parent's lines; since 2.1.328 they name the
session that made them.

The session-start note may have 10,000 UTF-16 units (tried with 2.1.328).
"""

from claude_metrics.agents.base import RecordedAgent
from claude_metrics.agents.claude import settings, sources
from claude_metrics.agents.claude.hooks import HOOKS
from claude_metrics.agents.claude.names import AGENT_TYPE, NAME
from claude_metrics.agents.claude.processes import dead_sessions
from claude_metrics.agents.claude.trial import trial_transcript
from claude_metrics.agents.hook_spec import Place

AGENT = RecordedAgent(
    name=NAME,
    type=AGENT_TYPE,
    title="Claude Code",
    program="claude",
    folder=Place(".claude", env="CLAUDE_CONFIG_DIR"),
    environment=("CLAUDE_CONFIG_DIR",),
    hooks=HOOKS,
    hook_limit_variable="CLAUDE_CODE_SESSIONEND_HOOKS_TIMEOUT_MS",
    hooks_disabled=settings.hooks_disabled,
    has_plugin=settings.has_plugin,
    data_dirs=sources.data_dirs,
    find_sources=sources.find_sources,
    sources_of=sources.sources_of,
    root_of=sources.root_of,
    profiles=sources.profiles,
    read=sources.read,
    late_reasons=("clear", "resume"),  # its totals are written only after the hook
    retention=settings.retention,
    dead_sessions=dead_sessions,
    facet_folders=sources.facet_folders,
    totals_since=(2, 1, 280),
    usage_windows=True,
    trial_transcript=trial_transcript,
    cannot_see=(
        "requests without a line (titles, compaction, dropped streams) of a process killed before it wrote its total",
        "the price of what clients up to 2.0.64 answered: they wrote output tokens short, the session says how many",
    ),
)
