"""Gemini CLI: JSONL under `~/.gemini/tmp/<project>/chats` (or `$GEMINI_CLI_HOME/.gemini/tmp/...`).

`session-<minute>-<8 of the id>.jsonl`, subagents in `<session>/<agent>.jsonl`. Older clients wrote one `.json` object,
which a resume copies, message by message, into a `.jsonl` beside it. Verified: 0.61.0.

Tokens: `input` includes `cached`; `thoughts` are billed on top of `output`, `tool` on top of `input`. The model is
the message's.

The session-start note may be long: 0.61.0 took 200,000 characters.
"""

from claude_metrics.agents.base import RecordedAgent
from claude_metrics.agents.gemini import sources
from claude_metrics.agents.gemini.hooks import HOOKS
from claude_metrics.agents.gemini.names import AGENT_TYPE, NAME
from claude_metrics.agents.hook_spec import Place

AGENT = RecordedAgent(
    name=NAME,
    type=AGENT_TYPE,
    title="Gemini CLI",
    program="gemini",
    folder=Place(".gemini", env="GEMINI_CLI_HOME", under_env=".gemini"),
    environment=("GEMINI_CLI_HOME",),
    hooks=HOOKS,
    data_dirs=sources.data_dirs,
    find_sources=sources.find_sources,
    sources_of=sources.sources_of,
    root_of=sources.root_of,
    read=sources.read,
    turn_events=("AfterAgent",),
    cannot_see=(
        "answers that loop detection dropped, /compress and session summaries: billed, never written",
        "a tool call that ran when the client was killed",
        "sessions whose terminal was closed, until the next turn's hook or sync",
        "the branch, the client's version and the permission mode",
    ),
)
