"""OpenCode: one SQLite database, `~/.local/share/opencode/opencode.db` (`$XDG_DATA_HOME`, `$OPENCODE_DB`).

A source is a session in it, with its child sessions (subagents): its path is the database's with the session's id
behind it. Before 1.2 there were JSON files in `storage/` instead. Verified: 1.18.33.

Tokens: all five counters are disjoint; reasoning is billed as output. `cost` is the client's own figure.
"""

from claude_metrics.agents.base import RecordedAgent
from claude_metrics.agents.hook_spec import Place
from claude_metrics.agents.opencode import sources
from claude_metrics.agents.opencode.hooks import HOOKS
from claude_metrics.agents.opencode.names import AGENT_TYPE, NAME

AGENT = RecordedAgent(
    name=NAME,
    type=AGENT_TYPE,
    title="OpenCode",
    program="opencode",
    folder=Place(".config/opencode", env="XDG_CONFIG_HOME", under_env="opencode"),
    environment=("OPENCODE_DB", "XDG_DATA_HOME", "XDG_CONFIG_HOME"),
    hooks=HOOKS,
    data_dirs=sources.data_dirs,
    find_sources=sources.find_sources,
    sources_of=sources.sources_of,
    read=sources.read,
    session_of=sources.session_of,
    turn_events=("session.idle",),
    cannot_see=(
        "requests for titles: billed, in no table",
        "the end of a session and its reason: there is no such event; `dispose` is the client's exit",
        "the branch",
        "what ran after the last turn's hook when the client was killed, until the next sync",
    ),
)
