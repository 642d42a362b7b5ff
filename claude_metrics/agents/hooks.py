"""Every agent's hook file, by the agent's name."""

from claude_metrics.agents.claude import hooks as claude
from claude_metrics.agents.codex import hooks as codex
from claude_metrics.agents.cursor import hooks as cursor
from claude_metrics.agents.gemini import hooks as gemini
from claude_metrics.agents.hook_spec import AgentHooks
from claude_metrics.agents.opencode import hooks as opencode

HOOKS: dict[str, AgentHooks] = {
    "claude": claude.HOOKS,
    "gemini": gemini.HOOKS,
    "codex": codex.HOOKS,
    "opencode": opencode.HOOKS,
    "cursor": cursor.HOOKS,
}
