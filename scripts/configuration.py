"""The generated part of `docs/configuration.md`: every key of the config with its default."""

import json
from typing import Any

from claude_metrics.config import PRICE_KEYS, Config
from scripts.markdown import out, table

# What each key does. A key without a line here is an error, so that none stays unexplained.
KEYS = {
    "content": '`"redacted"` stores prompts, answers and command lines after secrets were removed from them;'
    ' `"none"` stores no text of the conversation at all',
    "timezone": 'the time zone of reports, for example `"Europe/Berlin"`; empty: the time zone of the system',
    "fresh": "reports first look for half a second for sessions that are not recorded yet; `--no-sync` does not, once",
    "ticket_pattern": "the regular expression that finds a ticket in a branch's name, for `report outcomes`",
    "journal_mode": 'the journal of SQLite: `"delete"`, `"truncate"` or `"wal"`;'
    " Grafana in Docker cannot read a database in `wal` mode",
    "machine_id": "the name of this machine in the database; empty: a random name that is made once",
    "budget_daily_usd": "the budget of a day in USD, shown in dashboards and in the session-start note; 0: no budget",
    "budget_monthly_usd": "the budget of a month in USD; 0: no budget",
    "current_md": "write a note about the last session to `.claude/CURRENT.md` in every project"
    " ([rules](observations.md#currentmd))",
    "roots": 'more data folders an agent, of another account for example: `[roots]` and `claude = ["~/.claude-work"]`',
    "current_md_projects": "write that note only in these project folders",
    "context_max_chars": "the maximum length of the [session-start note](context.md); 0: the limit of the agent",
    "context_deadline_s": "the time in seconds that collecting the session-start note may take",
    "prices": f'`[prices."model-id"]`: prices of a model in USD per million tokens. Keys: '
    f"{', '.join(f'`{key}`' for key in PRICE_KEYS)}",
    "tools": "`[tools.name]`: a program that the session-start note looks for ([example](context.md#settings))",
}


def default(name: str) -> str:
    """The default as TOML writes it; tables of the user's own have none."""
    value: Any = getattr(Config(), name)
    return "" if isinstance(value, dict) else f"`{json.dumps(value)}`"


def keys() -> None:
    names = Config.__dataclass_fields__
    if unexplained := names.keys() - KEYS.keys():
        raise KeyError(f"say in {__file__} what these keys do: {', '.join(sorted(unexplained))}")
    out(table(("key", "default", "what it does"), [(f"`{name}`", default(name), KEYS[name]) for name in names]))
