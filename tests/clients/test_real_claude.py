"""The real Claude Code, with our hook put in by our installer: what is recorded is what the API served."""

import json
import sqlite3
import sys
from contextlib import closing
from functools import cache
from pathlib import Path

import pytest

from tests.rig.api import wait_until
from tests.rig.claude import ClaudeRig

pytestmark = [pytest.mark.client, pytest.mark.timeout(600)]

ROOT = Path(__file__).resolve().parents[2]
RECORDED_S = 45  # the worker reads again a while after /clear, where the client writes its totals late
COLUMNS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_creation_tokens")
# USD per million: input, output, cache read; a 5-minute cache write costs 1.25 x input.
PRICES = {
    "claude-opus-4-8": (5, 25, 0.50),
    "claude-opus-5": (5, 25, 0.50),
    "claude-opus-5-5": (4, 20, 0.20),
    "claude-sonnet-5-5": (2, 10, 0.10),
}


def ours(rig: ClaudeRig, *args: str) -> str:
    done = rig.claude_metrics(*args)
    assert done.returncode == 0, done.stderr or done.stdout
    return done.stdout


@cache
def database(rig: ClaudeRig) -> Path:
    """Where our program, started in the client's world, keeps its database."""
    asked = rig.command(sys.executable, "-c", "from claude_metrics import paths; print(paths.database_file())")
    return Path(asked.stdout.strip())


def query(rig: ClaudeRig, sql: str) -> list[sqlite3.Row]:
    """Nothing as long as the worker has not made the database and its tables."""
    if not database(rig).exists():
        return []
    with closing(sqlite3.connect(f"file:{database(rig)}?mode=ro", uri=True)) as db:
        db.row_factory = sqlite3.Row
        made = db.execute("select 1 from sqlite_master where name = 'sessions'").fetchone()
        return db.execute(sql).fetchall() if made else []


def install_hook(rig: ClaudeRig) -> None:
    """Into a settings file that has hooks of another program already; they stay."""
    settings = rig.config_dir / "settings.json"
    before = json.loads(settings.read_text())
    ours(rig, "hook", "install", "--agent", "claude", "--scope", "user")
    after = json.loads(settings.read_text())
    assert after["hooks"]["SessionEnd"][: len(before["hooks"]["SessionEnd"])] == before["hooks"]["SessionEnd"]
    assert len(after["hooks"]["SessionEnd"]) == len(before["hooks"]["SessionEnd"]) + 1


def recorded(rig: ClaudeRig) -> dict[str, sqlite3.Row]:
    """Every session in the database."""
    return {row["session_id"]: row for row in query(rig, "select * from sessions")}


def tokens(rig: ClaudeRig, table: str, session: str) -> dict[str, dict[str, int]]:
    summed = ", ".join(f"sum({column}) as {column}" for column in COLUMNS)
    rows = query(rig, f"select model, {summed} from {table} where session_id = '{session}' group by model")
    return {row["model"]: {column: row[column] for column in COLUMNS} for row in rows}


def served(rig: ClaudeRig, session: str) -> dict[str, dict[str, int]]:
    return {model: {column: row[column] for column in COLUMNS} for model, row in rig.served(session).items()}


def cost(usage: dict[str, dict[str, int]]) -> float:
    """What the served tokens cost at list price."""
    total = 0.0
    for model, row in usage.items():
        price_in, price_out, price_read = PRICES[model]
        total += row["input_tokens"] * price_in + row["output_tokens"] * price_out
        total += row["cache_read_tokens"] * price_read + row["cache_creation_tokens"] * price_in * 1.25
    return total / 1e6


def is_recorded(rig: ClaudeRig, session: str) -> bool:
    """Ended by the hook, with every token that was served and the client's own total, which it may write late."""
    row = recorded(rig).get(session)
    if row is None or row["end_time"] is None or row["reported_cost_usd"] is None:
        return False
    return tokens(rig, "token_usage", session) == served(rig, session)


def wait_for_worker(rig: ClaudeRig, sessions: list[str]) -> None:
    """The hook's worker runs on after the client: poll what it writes, and give its trace when it fails."""
    try:
        wait_until(lambda: all(is_recorded(rig, session) for session in sessions), RECORDED_S, "the worker", 0.5)
    except TimeoutError:
        pytest.fail(f"not recorded: {trace(rig, sessions)}")


def trace(rig: ClaudeRig, sessions: list[str]) -> str:
    folder = database(rig).parent.parent
    left = [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]
    logs = [path.read_text()[-2000:] for path in rig.home.rglob("claude-metrics.log")]
    found = {session: (served(rig, session), tokens(rig, "token_usage", session)) for session in sessions}
    return f"{found} files {left} log {logs}"


def assert_equal_to_what_was_served(rig: ClaudeRig, session: str) -> None:
    row, expected = recorded(rig)[session], served(rig, session)
    assert tokens(rig, "token_usage", session) == expected
    assert tokens(rig, "model_usages", session) == expected
    assert {column: row[column] for column in COLUMNS} == {
        column: sum(usage[column] for usage in expected.values()) for column in COLUMNS
    }
    assert row["total_cost_usd"] == pytest.approx(cost(expected), abs=1e-6)
    told = rig.cost_state(session)
    assert row["reported_cost_usd"] == (pytest.approx(told["totalCostUSD"], abs=1e-6) if told else None)
    assert row["agent_type"] == "claude_code"
    assert row["project_path"] == str(rig.project)


def commits_of(rig: ClaudeRig, session: str) -> dict[str, str]:
    rows = query(rig, f"select sha, message, attribution from commits where session_id = '{session}'")
    assert {row["attribution"] for row in rows} == {"proven"}
    return {row["sha"]: row["message"].splitlines()[0] for row in rows}


def made(rig: ClaudeRig, *subjects: str) -> dict[str, str]:
    found = {commit["sha"]: commit["subject"] for commit in rig.commits() if commit["subject"] in subjects}
    assert len(found) == len(subjects)
    return found


def test_print_mode(real_claude):
    rig = real_claude("print-basic")
    install_hook(rig)
    rig.run()
    assert rig.exit_codes == [0]
    [session] = rig.sessions()
    wait_for_worker(rig, [session])
    assert_equal_to_what_was_served(rig, session)
    row = recorded(rig)[session]
    assert row["total_cost_usd"] == pytest.approx(rig.results[0]["total_cost_usd"], abs=1e-6)
    assert (row["end_reason"], row["recorded_by"], row["status"]) == ("other", "hook", "completed")
    assert row["tool_calls"] == 5
    assert [call["success"] for call in query(rig, "select success from tool_calls order by timestamp")] == [
        1,
        0,
        1,
        1,
        1,
    ]
    assert commits_of(rig, session) == made(rig, "Add greeting module", "Say hello instead of hi")
    assert row["commits"] == 2


def test_interactive_with_clear(real_claude):
    rig = real_claude("tui-clear")
    install_hook(rig)
    rig.run()
    assert rig.exit_codes == [0]
    before, after = rig.sessions()
    wait_for_worker(rig, [before, after])
    for session, reason, subject in ((before, "clear", "Before clear"), (after, "prompt_input_exit", "After clear")):
        assert_equal_to_what_was_served(rig, session)
        assert recorded(rig)[session]["end_reason"] == reason
        assert commits_of(rig, session) == made(rig, subject)


def test_killed_then_synced(real_claude):
    rig = real_claude("parallel-kill")
    install_hook(rig)
    rig.run()
    assert rig.exit_codes == [0, -9]
    ended, killed = (rig.session_id(name) for name in "ab")
    wait_for_worker(rig, [ended])
    assert rig.cost_state(killed) is None  # the client itself has lost it
    ours(rig, "sync", "--agent", "claude")
    ours(rig, "sync", "--agent", "claude")  # a second one changes nothing
    assert set(recorded(rig)) == {ended, killed}
    for session, by, subject in ((ended, "hook", "Alpha"), (killed, "sync", "Beta")):
        assert_equal_to_what_was_served(rig, session)
        assert recorded(rig)[session]["recorded_by"] == by
        assert commits_of(rig, session) == made(rig, subject)


def test_plugin_is_valid(real_claude):
    rig = real_claude("print-basic")
    done = rig.command(rig.client, "plugin", "validate", str(ROOT))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("scenario", ["three-clients", "fork-while-two", "fork-of-running", "kill-resume-search"])
def test_processes_at_once_and_forks_are_counted_as_they_were_served(real_claude, scenario):
    """One session resumed by several processes, one of them killed; forks of sessions without a total."""
    rig = real_claude(scenario)
    install_hook(rig)
    rig.run()
    ours(rig, "sync", "--agent", "claude")
    for session in rig.sessions():
        assert recorded(rig)[session]["total_cost_usd"] == pytest.approx(served_usd(rig, session), abs=1e-6)
        assert tokens(rig, "token_usage", session) == served(rig, session)


def test_a_branch_inside_the_process_begins_with_nothing(real_claude):
    rig = real_claude("branch")
    install_hook(rig)
    rig.run()
    ours(rig, "sync", "--agent", "claude")
    for session in rig.sessions():
        assert recorded(rig)[session]["total_cost_usd"] == pytest.approx(served_usd(rig, session), abs=1e-6)


def served_usd(rig: ClaudeRig, session: str) -> float:
    """What was served to the session at list price, with its web searches at a cent each."""
    usages = [entry["answer"].get("usage") or {} for entry in rig.requests() if entry["session"] == session]
    searches = sum((usage.get("server_tool_use") or {}).get("web_search_requests", 0) for usage in usages)
    return cost(served(rig, session)) + searches / 100


def test_a_typed_custom_command_is_a_prompt(real_claude):
    rig = real_claude("typed-command")
    install_hook(rig)
    rig.run()
    ours(rig, "sync", "--agent", "claude")
    [session] = rig.sessions()
    assert recorded(rig)[session]["first_prompt"] == "/shout good day"
    assert [row["prompt"] for row in query(rig, "select prompt from turns")] == ["/shout good day"]
    assert tokens(rig, "token_usage", session) == served(rig, session)
