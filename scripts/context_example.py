"""The generated part of `docs/context.md`: the note of a scratch workspace with fixed dates, made by the real code."""

import os
import subprocess
import tempfile
import time
from datetime import datetime
from pathlib import Path

from claude_metrics.context import note
from claude_metrics.context.clients import PLAIN
from claude_metrics.context.finding import Search
from claude_metrics.context.gathering import Facts
from claude_metrics.context.repositories import Repository, read
from claude_metrics.context.settings import Settings
from claude_metrics.context.spend import read as read_spend
from claude_metrics.context.tools import DEFAULTS, Tool
from claude_metrics.store.connection import connect
from scripts.markdown import fenced, out

NOW = datetime.fromisoformat("2026-11-19T10:00:00Z").timestamp()
SHOWN_AS = "/home/dev/shop"
FOUND = ("git", "gh", "python", "uv", "node", "docker", "ripgrep", "jq", "psql", "make")
SETTINGS = Settings(timezone="UTC", budget_daily_usd=20.0)


def note_block() -> None:
    out(fenced(example(), "text"))


def example() -> str:
    """The note for a workspace of three repositories and a database that holds one recorded session."""
    with tempfile.TemporaryDirectory() as scratch:
        workspace = Path(scratch).resolve() / "shop"
        make_workspace(workspace)
        facts = Facts(str(workspace))
        facts.repositories, facts.complete = states(workspace), True
        facts.tools = [Tool(name, name, DEFAULTS[name][1]) for name in FOUND]
        facts.spend = read_spend(
            str(make_database(Path(scratch), workspace)), str(workspace), SETTINGS, NOW, time.monotonic() + 60
        )
        return note.render(facts, NOW, PLAIN).replace(str(workspace), SHOWN_AS)


def states(workspace: Path) -> list[Repository]:
    until = time.monotonic() + 60
    return [state for top in Search(str(workspace), until) if (state := read(top, str(workspace), until))]


def run(folder: Path, commands: str, hours_ago: float = 0) -> None:
    date = f"{NOW - hours_ago * 3600:.0f} +0000"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    who = {
        f"GIT_{role}_{what}": value
        for role in ("AUTHOR", "COMMITTER")
        for what, value in {"NAME": "Dev", "EMAIL": "dev@example.com", "DATE": date}.items()
    }
    alone = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["sh", "-ec", commands], cwd=folder, env={**kept, **who, **alone}, check=True, capture_output=True)


def make_workspace(workspace: Path) -> None:
    """A repository with a submodule, and a second repository inside its folder."""
    clone = "git -c protocol.file.allow=always submodule --quiet add ../prices libs/prices"
    for name in ("prices", "shop", "shop/tools/import"):
        (workspace.parent / name).mkdir(parents=True)
        run(
            workspace.parent / name,
            f"git init -q -b main; echo {name} > README; git add README; git commit -qm Begin",
            400,
        )
    run(workspace, f"echo tools >> .git/info/exclude; {clone}; git commit -qm 'Take the prices from the library'", 99)
    run(
        workspace / "libs/prices",
        "git checkout -qb rounding; echo 2 > round; git add .; git commit -qm 'Round half even'",
        3,
    )
    run(workspace.parent / "prices", "git commit -q --allow-empty -m 'Add VAT'", 30)
    run(workspace / "libs/prices", "git fetch -q; git branch -q -u origin/main")
    os.utime(workspace.parent / "shop/.git/modules/libs/prices/FETCH_HEAD", (NOW - 7200, NOW - 7200))
    run(workspace, "echo 2 > README; mkdir cart; echo 1 > cart/a")


def make_database(scratch: Path, workspace: Path) -> Path:
    path = scratch / "db" / "metrics.db"
    connection = connect(path)
    begun, ended = "2026-11-18T15:00:00.000Z", "2026-11-18T16:10:00.000Z"
    connection.execute("insert into places values (1, 'claude_code', ?, 'shop', 'main', '')", [str(workspace)])
    connection.execute(
        "insert into sessions (session_id, agent_type, project_path, start_time, end_time, status, end_reason, title,"
        " total_cost_usd, commits, lines_added, lines_removed) values ('s', 'claude_code', ?, ?, ?, 'completed',"
        " 'prompt_input_exit', 'Pay by card', 2.31, 2, 184, 37)",
        [str(workspace), begun, ended],
    )
    connection.execute(
        "insert into session_summaries (session_id, next_steps, plan_progress, verification_results) values ('s',"
        """ '["Refunds", "Receipt by mail"]', '3 of 5 done', '["pytest passed (41 passed)"]')"""
    )
    for at, cost in (("2026-11-18T15:00:00Z", 2.31), ("2026-11-16T09:00:00Z", 6.4), ("2026-11-19T08:00:00Z", 0.87)):
        seconds = int(datetime.fromisoformat(at).timestamp())
        row = {"time": seconds, "session_id": "s", "model": f"m{seconds}", "place_id": 1, "cost_usd": cost,
               "first_at": at, "last_at": at, "requests": 1, "input_tokens": 1, "output_tokens": 1, "unlisted": 0,
               "cache_creation_tokens": 1, "cache_read_tokens": 1, "unpriced_tokens": 0}  # fmt: skip
        marks = ", ".join("?" * len(row))
        connection.execute(f"insert into usage_15min ({', '.join(row)}) values ({marks})", list(row.values()))
    connection.close()
    return path
