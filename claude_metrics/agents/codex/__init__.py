"""Codex CLI: JSONL rollouts under `~/.codex` (or `$CODEX_HOME`).

`sessions/YYYY/MM/DD/rollout-<time>-<thread>.jsonl`, archived ones flat in `archived_sessions/`; a subagent has a
rollout of its own that names its session. Titles stand in `session_index.jsonl`. Verified: 0.169.0.

Tokens: the input includes cached ones, the output includes reasoning; see `usage`.

The session-start note may have 10,000 bytes (tried with 0.169.0, which calls them tokens of four).
"""

from claude_metrics.agents.base import RecordedAgent
from claude_metrics.agents.codex import sources
from claude_metrics.agents.codex.hooks import HOOKS
from claude_metrics.agents.codex.names import AGENT_TYPE, NAME
from claude_metrics.agents.hook_spec import Place

AGENT = RecordedAgent(
    name=NAME,
    type=AGENT_TYPE,
    title="Codex CLI",
    program="codex",
    folder=Place(".codex", env="CODEX_HOME"),
    environment=("CODEX_HOME",),
    hooks=HOOKS,
    data_dirs=sources.data_dirs,
    find_sources=sources.find_sources,
    sources_of=sources.sources_of,
    root_of=sources.root_of,
    read=sources.read,
    cannot_see=(
        "the request for a task's title (one per interactive session): billed, never written",
        "answers of failed tries",
        "sessions whose terminal was closed, until the next turn's hook or sync",
        "anything by hook before its user has approved the hook",
        "why a session ended: the reason is always `other`",
    ),
)
