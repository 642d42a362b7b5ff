"""`session show`: what is stored of one session, found by any beginning of its id that is its alone."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support import captured, stored
from tests.support.captured import Capture
from tests.support.stored import UNKNOWN, call, request

pytestmark = pytest.mark.slow

AT = "2026-11-20T10:00:00.000Z"


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """`recorded("web-search")`: the database of a capture, synced once."""
    done: dict[str, Path] = {}

    def sync(name: str) -> Path:
        if name not in done:
            home = tmp_path_factory.mktemp(name)
            Capture(captured.CAPTURES / "claude-code" / name, home).lay_out()
            done[name] = home / "metrics.db"
            env = {"HOME": str(home), "CLAUDE_METRICS_HOME": str(home / "ours")}
            assert stored.run("sync", "--path", home / ".claude", "--db-path", done[name], **env).returncode == 0
        return done[name]

    return sync


def show(path: Path, session: str, *arguments: str) -> dict[str, Any]:
    done = stored.run("session", "show", session, *arguments, "--json", "--db-path", path)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def text_of(path: Path, session: str, *arguments: str, **env: str) -> str:
    done = stored.run("session", "show", session, *arguments, "--db-path", path, **env)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", ["print-basic", "subagent", "web-search", "tui-compact", "tui-exit"])
def test_what_is_shown_is_what_is_stored(name: str, recorded: Callable[[str], Path]) -> None:
    path = recorded(name)
    for row in stored.rows(path, "select * from sessions"):
        found = show(path, row["session_id"])
        assert found["session"]["total_cost_usd"] == row["total_cost_usd"]
        assert sum(model["cost_usd"] for model in found["models"]) == pytest.approx(row["total_cost_usd"])
        for part, table, order in (("turns", "turns", "turn_index"), ("tool_calls", "tool_calls", "tool_call_id")):
            keys = [
                r[0] for r in stored.rows(path, f"select {order} from {table} where session_id = ?", row["session_id"])
            ]
            assert sorted(line[order] for line in found[part]) == sorted(keys) and keys
        calls = {line["tool_name"]: line["calls"] for line in found["tools"]}
        assert sum(calls.values()) == row["tool_calls"]


def test_tokens_and_cost_are_what_the_client_says(recorded: Callable[[str], Path]) -> None:
    oracle = json.loads((captured.CAPTURES / "claude-code/print-basic/oracle.json").read_text())
    ((session, facts),) = oracle["sessions"].items()
    text = text_of(recorded("print-basic"), session[:8])
    (usage,) = facts["client_model_usage"].values()
    for figure in ("inputTokens", "outputTokens", "cacheReadInputTokens", "cacheCreationInputTokens"):
        assert f"{usage[figure]:,}" in text
    assert (
        f"Cost       ${facts['client_cost_usd']:.4f} (reported by the agent: ${facts['client_cost_usd']:.4f})" in text
    )
    assert "failed" in text and text.count("git add -A") == 2


def test_requests_without_a_line_are_explained(recorded: Callable[[str], Path]) -> None:
    path = recorded("web-search")
    (row,) = stored.rows(path, "select * from token_usage where kind = 'unlisted'")
    text = text_of(path, row["session_id"])
    (line,) = [line for line in text.splitlines() if "without a line" in line]
    assert (
        row["model"] in line
        and f"${row['cost_usd']:.4f}" in line
        and f"{row['web_search_requests']} web searches" in line
    )


def test_a_session_without_such_requests_says_nothing_of_them(recorded: Callable[[str], Path]) -> None:
    assert "without a line" not in text_of(recorded("print-basic"), "d191")


def test_subagents_and_forks_are_told(recorded: Callable[[str], Path]) -> None:
    path = recorded("subagent")
    (row,) = stored.rows(path, "select count(*) as n, sum(cost_usd) as usd from token_usage where agent_id is not null")
    (session,) = stored.rows(path, "select session_id from sessions")
    assert f"Subagents  1, {row['n']} requests, ${row['usd']:.4f}" in text_of(path, session["session_id"])
    path = recorded("fork")
    (fork,) = stored.rows(path, "select session_id, parent_session_id as parent from sessions where parent is not null")
    assert f"Fork of    {fork['parent']}" in text_of(path, fork["session_id"])
    assert f"Forks      {fork['session_id']}" in text_of(path, fork["parent"])


# Which session


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [request(name, AT) for name in ("aaaa-1111", "aaaa-2222", "aaaa-22")]
    return stored.store(tmp_path_factory.mktemp("three") / "metrics.db", rows)


def test_any_unique_beginning_names_a_session(three: Path) -> None:
    assert show(three, "aaaa-1")["session"]["session_id"] == "aaaa-1111"
    assert show(three, "aaaa-222")["session"]["session_id"] == "aaaa-2222"


def test_a_whole_id_is_not_mistaken_for_a_beginning(three: Path) -> None:
    assert show(three, "aaaa-22")["session"]["session_id"] == "aaaa-22"


@pytest.mark.parametrize("given", ["aaaa", "aaaa-2"])
def test_an_ambiguous_beginning_names_the_candidates(three: Path, given: str) -> None:
    done = stored.run("session", "show", given, "--db-path", three)
    assert (done.returncode, done.stdout) == (1, "") and done.stderr.count("\n") == 1
    for name in ("aaaa-1111", "aaaa-2222", "aaaa-22"):
        assert (name in done.stderr) == name.startswith(given)


@pytest.mark.parametrize("given", ["bbbb", "%", "aaaa_", ""])
def test_an_unknown_id_names_the_latest_sessions(three: Path, given: str) -> None:
    done = stored.run("session", "show", given, "--db-path", three)
    assert done.returncode == 1 and f"no session begins with `{given}`" in done.stderr and "aaaa-1111" in done.stderr


# How it looks


def test_long_sessions_show_their_end_and_all_of_it_on_request(tmp_path: Path) -> None:
    calls = [call("a", f"2026-11-20T10:{n:02}:00.000Z", f"Tool{n:02}") for n in range(50)]
    path = stored.store(tmp_path / "m.db", [request("a", AT)], calls)
    short, whole = text_of(path, "a"), text_of(path, "a", "--all")
    assert "the last 20 of 50; --all shows every one" in short
    assert [n for n in range(50) if f"Tool{n:02}" in short] == list(range(30, 50))
    assert [n for n in range(50) if f"Tool{n:02}" in whole] == list(range(50))


def test_an_unknown_price_is_named_and_never_nothing(tmp_path: Path) -> None:
    path = stored.store(tmp_path / "m.db", [request("a", AT, UNKNOWN)])
    text = text_of(path, "a")
    assert f"? price unknown: {UNKNOWN}; 6,110 tokens are not in the cost" in text and "$0.0" not in text


def test_results_of_tool_calls_are_told_apart(tmp_path: Path) -> None:
    calls = [
        call("a", AT, "Fine"),
        call("a", AT, "Broken", success=0),
        call("a", AT, "Forbidden", success=0, denied=1),
        call("a", AT, "Running", success=None, duration_ms=None),
    ]
    text = text_of(stored.store(tmp_path / "m.db", [request("a", AT)], calls), "a")
    lines = {line.split()[1]: line for line in text.splitlines() if "10:00:00" in line}
    results = {"Fine": "ok", "Broken": "failed", "Forbidden": "denied", "Running": "unfinished"}
    assert all(result in lines[tool] for tool, result in results.items())


def test_times_are_the_readers(recorded: Callable[[str], Path]) -> None:
    (row,) = stored.rows(recorded("print-basic"), "select start_time from sessions")
    assert row["start_time"][:16] == "2026-11-20T04:06"
    assert "2026-11-20 09:51" in text_of(recorded("print-basic"), "d191", "--tz", "Asia/Kathmandu")


@pytest.mark.parametrize("columns", [80, 160])
def test_tables_fit_the_screen(columns: int, tmp_path: Path) -> None:
    calls = [call("a", AT, "Bash", input_summary="word " * 100)]
    path = stored.store(tmp_path / "m.db", [request("a", AT)], calls, facts={"a": {"title": "short"}})
    lines = text_of(path, "a", COLUMNS=str(columns)).splitlines()
    assert max(map(len, lines)) <= columns


def test_what_a_transcript_says_cannot_write_to_the_terminal(tmp_path: Path) -> None:
    calls = [call("a", AT, "Bash\x1b[2J", input_summary="\x1b]0;title\x07 line\nbreak")]
    facts = {"a": {"title": "\x1b[31mred \u202e", "git_branch": "b\x1b[0m"}}
    text = text_of(stored.store(tmp_path / "m.db", [request("a", AT)], calls, facts=facts), "a")
    assert not set(text) & {"\x1b", "\x07", "\u202e"} and "line break" in text


def test_help_has_an_example() -> None:
    assert "Example: claude-metrics session show" in stored.run("session", "show", "--help").stdout
