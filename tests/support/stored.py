"""Databases made through the pipeline's own door, from rows written in a test, and the reports over them."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from claude_metrics import clock, config
from claude_metrics.models import Batch, CostState, Request, SessionFacts, Source, ToolCall, key_of
from claude_metrics.recording import ingest
from claude_metrics.store.connection import connect

OPUS, HAIKU, UNKNOWN = "claude-opus-4-8", "claude-haiku-4-5", "some-model-of-tomorrow"


def request(
    session: str, at: str, model: str = OPUS, tokens: Sequence[int] = (100, 10, 1000, 5000), **more: Any
) -> Request:
    """A request of `tokens`: input, output, cache creation, cache read."""
    sent, given, written, read = tokens
    at = clock.normal(at) or at
    key = key_of("test", session, at, model, more.pop("key", ""))
    row = Request(
        key, session, at, model, sent, given, written, read, written, 0, 0, 0, "standard", "", str(key), str(key), None
    )
    return row._replace(**more)


def call(session: str, at: str, tool: str, **more: Any) -> ToolCall:
    key = str(key_of(session, at, tool, str(more)))
    row = ToolCall(key, session, at, tool, f"{tool} something", 10, 20, 1, 100, None, None, None)
    return row._replace(**more)


def cost_state(session: str, as_of: str, models: dict[str, list[float]], began: str, lasted_ms: int) -> CostState:
    """`models`: per model input, output, cache creation, cache read, 1-hour writes, reasoning, searches, USD."""
    usd = sum(figures[-1] for figures in models.values())
    return CostState(key_of(session, as_of), session, as_of, began, usd, lasted_ms, 1, 0, 0, json.dumps(models))


def store(
    path: Path,
    requests: Iterable[Request] = (),
    calls: Iterable[ToolCall] = (),
    states: Iterable[CostState] = (),
    facts: dict[str, dict[str, Any]] | None = None,
    by: str = "sync",
    payload_usd: dict[str, float] | None = None,
) -> Path:
    """One transaction of the pipeline; `facts` (of SessionFacts) and `payload_usd` (a hook's figures) by session."""
    batch = Batch(Source("claude", path.parent / "test.jsonl"))
    batch.requests, batch.tool_calls, batch.cost_states = list(requests), list(calls), list(states)
    for name in {row.session_id for row in [*batch.requests, *batch.tool_calls]} | {*(facts or {})}:
        times = [row.timestamp for row in batch.requests if row.session_id == name]
        known = {"first_record_at": min(times, default=None), "last_record_at": max(times, default=None)}
        given = {"project_path": "/code/app", "git_branch": "main", **known, **(facts or {}).get(name, {})}
        batch.sessions[name] = SessionFacts(name, given.pop("agent_type", "claude_code"), **given)
    with closing(connect(path)) as connection:
        ingest.store(connection, [batch], config.Config(), by)
        for name, usd in (payload_usd or {}).items():
            told = ingest.Payload(SessionFacts(name, "claude_code"), usd)
            ingest.store(connection, [], config.Config(), by, told)
    return path


def rows(path: Path, sql: str, *values: object) -> list[sqlite3.Row]:
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        return connection.execute(sql, values).fetchall()


def run(*arguments: object, **env: str) -> subprocess.CompletedProcess[str]:
    """Our command line, its output in a pipe without a width unless COLUMNS is given."""
    command = [sys.executable, "-m", "claude_metrics", *map(str, arguments)]
    variables = {name: value for name, value in os.environ.items() if name != "COLUMNS"} | env
    return subprocess.run(command, capture_output=True, encoding="utf-8", timeout=120, check=False, env=variables)


def report(path: Path, *arguments: object) -> dict[str, Any]:
    """`claude-metrics report ... --json`."""
    done = run("report", *arguments, "--json", "--db-path", path)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
