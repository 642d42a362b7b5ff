"""Every recorded session: what we store equals what the API served and the client said."""

import json
import os
import sqlite3
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.support.captured import CAPTURES, Capture, names
from tests.support.claude_prices import price, undated

pytestmark = pytest.mark.slow

COLUMNS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_creation_tokens")
CLIENT = ("inputTokens", "outputTokens", "cacheReadInputTokens", "cacheCreationInputTokens")
SESSIONS = [
    pytest.param(name, session, id=f"{name.split('/')[1]}-{session[:8]}")
    for name in names()
    for session in json.loads((CAPTURES / name / "oracle.json").read_text())["sessions"]
]


@dataclass(frozen=True)
class Synced(Capture):
    """A capture with the database that `claude-metrics sync` made of it."""

    database: Path = Path()

    def rows(self, sql: str, *values: object) -> list[Any]:
        connection = sqlite3.connect(self.database)
        connection.row_factory = sqlite3.Row
        try:
            return connection.execute(sql, values).fetchall()
        finally:
            connection.close()


@cache
def sync(name: str, home: Path) -> Synced:
    """Recorded once for all tests of this module: nothing here changes a database."""
    found = Synced(CAPTURES / name, home, home / "metrics.db")
    found.lay_out()
    (found.claude_dir / "projects").mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "claude_metrics", "sync", "--path", found.claude_dir, "--db-path", found.database]
    done = subprocess.run(command, env=os.environ | {"HOME": str(home)}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return found


@pytest.fixture(scope="session")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Synced]:
    base = tmp_path_factory.mktemp("synced")
    return lambda name: sync(name, base / name.replace("/", "-"))


def lines_of(capture: Synced, session: str) -> tuple[float, float]:
    """USD of the session's own de-duplicated lines, and of those it copied, read here in the plainest way."""
    own: dict[tuple[str, str], float] = {}
    copied: dict[tuple[str, str], float] = {}
    first_seen = first_sessions(capture)
    for path in capture.transcripts:
        for line in path.read_text().splitlines():
            record = json.loads(line)
            message = record.get("message") or {}
            if record["type"] != "assistant" or message["model"] == "<synthetic>" or record["sessionId"] != session:
                continue
            key = (message["id"], record.get("requestId", ""))
            into = own if first_seen[key] == session else copied
            into[key] = price(record.get("requestedModel") or message["model"], message["usage"])
    return sum(own.values()), sum(copied.values())


def first_sessions(capture: Synced) -> dict[tuple[str, str], str]:
    """Which session made a request: the one named, else the one that is older by the API's log."""
    older = list(capture.oracle["sessions"])
    older.sort(
        key=lambda s: next((i for i, call in enumerate(capture.api) if call.get("session") == s), len(capture.api))
    )
    owner: dict[tuple[str, str], str] = {}
    for path in capture.transcripts:
        for line in path.read_text().splitlines():
            record = json.loads(line)
            if record["type"] == "assistant" and record["message"]["model"] != "<synthetic>":
                key, mine = (record["message"]["id"], record.get("requestId", "")), record["sessionId"]
                named = record.get("requestSessionId") or mine
                known = owner.get(key)
                if known is None or (named in older and known in older and older.index(named) < older.index(known)):
                    owner[key] = named
    return owner


# The scripted API's log has the usage of every answer here: what was served is the truth, the client's figure is not.
SERVED = (
    "branch", "fork-chain", "fork-compacted", "fork-of-killed", "fork-of-running", "fork-tui", "fork-while-two", "kill-resume-compact",
    "kill-resume-search", "three-clients", "two-clients-unlisted", "v2.1.133-fork-chain", "v2.1.307-fork-tui",
)  # fmt: skip

# A web search of a process that was killed: billed, and in no line and no total.
LOST_WITH_A_KILL = next(
    session
    for session in json.loads((CAPTURES / "claude-code/fork-of-killed/oracle.json").read_text())["sessions"]
    if session.startswith("1b019c24")
)


def is_served(name: str, session: str) -> bool:
    answers = json.loads((CAPTURES / name / "oracle.json").read_text())["sessions"][session]["served_usage"]
    return name.split("/")[1] in SERVED and all("usage" in answer for answer in answers)


@pytest.mark.parametrize(("name", "session"), [s for s in SESSIONS if not is_served(*map(str, s.values))])
def test_a_session_costs_the_larger_of_its_own_lines_and_the_clients_figure_without_what_a_fork_copied(
    name: str, session: str, synced: Callable[[str], Synced]
) -> None:
    capture = synced(name)
    own, copied = lines_of(capture, session)
    client = capture.oracle["sessions"][session]["client_cost_usd"]
    stored = capture.rows("select * from sessions where session_id = ?", session)
    if not own and not client:
        assert all(row["total_cost_usd"] == 0 for row in stored)
        return
    assert stored[0]["total_cost_usd"] == pytest.approx(max(own, (client or 0) - copied), abs=1e-6)
    if client is not None:
        assert stored[0]["reported_cost_usd"] == pytest.approx(client - copied, abs=1e-6)


@pytest.mark.parametrize(("name", "session"), [s for s in SESSIONS if is_served(*map(str, s.values))])
def test_a_session_costs_what_the_api_served_it_though_it_was_killed_forked_or_compacted(
    name: str, session: str, synced: Callable[[str], Synced]
) -> None:
    capture = synced(name)
    answers = capture.oracle["sessions"][session]["served_usage"]
    stored = capture.rows("select * from sessions where session_id = ?", session)[0]
    expected = sum(price(answer["requested"], answer["usage"]) for answer in answers)
    expected = capture.oracle["sessions"][session].get("expected_cost_usd") or expected
    assert stored["total_cost_usd"] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("name", "session"), SESSIONS)
def test_tokens_per_model_are_those_that_were_served_where_the_client_knows_of_them(
    name: str, session: str, synced: Callable[[str], Synced]
) -> None:
    capture = synced(name)
    truth = capture.oracle["sessions"][session]
    stored = {
        undated(row["model"]): tuple(row[c] for c in COLUMNS)
        for row in capture.rows("select * from model_usages where session_id = ?", session)
    }
    if session == LOST_WITH_A_KILL:
        return
    if truth["client_model_usage"] and not is_served(name, session) and not lines_of(capture, session)[1]:
        usage = truth["client_model_usage"].items()
        assert stored == {undated(model): tuple(figures[c] for c in CLIENT) for model, figures in usage}
    elif truth["served_usage"] and capture.transcripts and all("usage" in a for a in truth["served_usage"]):
        assert stored == served(truth["served_usage"])


def served(answers: list[Any]) -> dict[str, tuple[int, ...]]:
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for answer in answers:
        if "usage" in answer and "error" not in answer:
            usage = answer["usage"]
            written = usage.get("cache_creation_input_tokens")
            row = (usage["input_tokens"], usage["output_tokens"], usage.get("cache_read_input_tokens", 0), written or 0)
            sums[undated(answer["requested"])] = [
                a + b for a, b in zip(sums[undated(answer["requested"])], row, strict=True)
            ]
    return {model: tuple(figures) for model, figures in sums.items()}


@pytest.mark.parametrize("name", names())
def test_totals_are_the_sums_of_the_rows(name: str, synced: Callable[[str], Synced]) -> None:
    capture = synced(name)
    for row in capture.rows("select * from sessions"):
        sums = ", ".join(f"total({c})" for c in COLUMNS)
        used = capture.rows(f"select total(cost_usd), {sums} from token_usage where session_id = ?", row["session_id"])[
            0
        ]
        assert tuple(used) == pytest.approx((row["total_cost_usd"], *(row[c] for c in COLUMNS)))


@pytest.mark.parametrize(
    ("name", "model", "figures"),
    [
        ("tui-compact", "claude-opus-5", (1200, 640, 12000, 0)),
        ("web-search", "claude-sonnet-5-5", (2500, 180, 0, 0)),
        ("tui-background", "claude-haiku-5-5", (333, 21, 0, 0)),
        ("errors", "claude-opus-4-6", (11, 1, 0, 4000)),
    ],
    ids=["compaction", "web-search", "session-title", "dropped-stream"],
)
def test_requests_without_a_line_are_rows_of_kind_unlisted(
    name: str, model: str, figures: tuple[int, ...], synced: Callable[[str], Synced]
) -> None:
    capture = synced(f"claude-code/{name}")
    found = capture.rows("select * from token_usage where kind = 'unlisted' and input_tokens = ?", figures[0])
    assert [(row["model"], *(row[c] for c in COLUMNS)) for row in found] == [(model, *figures)]
    searched = capture.rows("select total(web_search_requests) from token_usage where kind = 'unlisted'")[0][0]
    assert searched == (2 if name == "web-search" else 0)


@pytest.mark.parametrize("name", [name for name in names() if name.endswith(("fork", "fork-tui", "fork-compacted"))])
def test_a_fork_names_its_parent_and_begins_after_it(name: str, synced: Callable[[str], Synced]) -> None:
    found = synced(name).rows(
        """select f.start_time, p.start_time as before from sessions f
        join sessions p on p.session_id = f.parent_session_id"""
    )
    assert len(found) == 1
    assert found[0]["start_time"] > found[0]["before"]


def test_output_that_old_clients_never_wrote_is_marked_as_understated(synced: Callable[[str], Synced]) -> None:
    capture = synced("claude-code/v2.0.64-interleaved")
    assert capture.rows("select understated_tokens from sessions")[0][0] > 0
    assert (
        capture.rows("select count(*) from token_usage where understated_tokens > 0 and output_tokens > 1")[0][0] == 0
    )
