"""Every agent's hook file, by the agent's name."""

from claude_metrics.agents.hook_spec import AgentHooks
from claude_metrics.agents.hooks import claude, codex, cursor, gemini, opencode

HOOKS: dict[str, AgentHooks] = {
    "claude": claude.HOOKS,
    "gemini": gemini.HOOKS,
    "codex": codex.HOOKS,
    "opencode": opencode.HOOKS,
    "cursor": cursor.HOOKS,
}
