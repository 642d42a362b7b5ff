"""A year of made-up work as large as wanted, written by SQL alone: 50 requests, 30 tool calls and 6 turns a session.

Every figure is a hash of its number, so that the same size gives the same rows. Sums are made by the recorder's own code.
"""

import sqlite3
from pathlib import Path

from claude_metrics.store import connection as database
from claude_metrics.store import derive, rollups

START = 1_764_547_200  # 2025-12-01T00:00:00Z
DAYS = 365
REQUESTS, CALLS, TURNS = 50, 30, 6
PROJECTS = (
    "app",
    "infra",
    "site",
    "notes",
    "größe",
    "it's",
    'say "hi"',
    "back\\slash",
    "🦜 parrot",
    "a,b{c}",
    "%_x",
    "api",
)
MODELS = ("claude-opus-5-5", "claude-sonnet-5", "claude-haiku-5-5", "gpt-6-codex", "gemini-4-pro", "unknown-model")
TOOLS = ("Bash", "Edit", "Read", "Write", "Grep", "Task", "WebFetch", "mcp__db__query")


def build(path: Path, sessions: int, now: int = START + DAYS * 86400) -> int:
    """Fill a new database at `path`; the last session ends just before `now` (unix seconds). Returns `now`."""
    connection = database.connect(path)
    connection.execute("pragma synchronous = off")
    connection.execute("pragma cache_size = -200000")
    connection.execute("pragma temp_store = memory")
    connection.execute("begin")
    for table, columns in (("names", PROJECTS), ("models", MODELS), ("tools", TOOLS)):
        connection.execute(f"create temp table c_{table} (n integer primary key, name text)")
        connection.executemany(f"insert into c_{table} values (?, ?)", enumerate(columns))
    scale = {"sessions": sessions, "start": now - DAYS * 86400, "step": DAYS * 86400.0 / sessions}
    for statement in _ROWS:
        connection.execute(statement, {name: scale[name] for name in scale if f":{name}" in statement})
    _sum_up(connection)
    connection.execute("commit")
    connection.close()
    return now


def _sum_up(connection: sqlite3.Connection) -> None:
    connection.execute(
        "create temp table touched (session_id text primary key, since text, turn_start text) without rowid"
    )
    connection.execute("insert into touched select session_id, '', '' from sessions")
    for statement in derive._TOTALS:
        connection.execute(statement, {"now": "2026-11-30T00:00:00.000Z", "machine_id": "m0"})
    rollups.derive(connection)


def _hash(number: str, salt: int, below: int) -> str:
    """Pseudo-random integers from 0 to `below` - 1, the same in every run."""
    return f"((({number}) * 2654435761 + {salt} * 40503) % 4294967296 / 7 % {below})"


def _count(end: str) -> str:
    return f"with recursive n(i) as (select 0 union all select i + 1 from n where i + 1 < {end})"


def _text(seconds: str) -> str:
    return f"strftime('%Y-%m-%dT%H:%M:%fZ', {seconds}, 'unixepoch')"


_BEGAN = f"(:start + cast(s.i * :step as integer) + {_hash('s.i', 1, 900)})"
_ID = "printf('%08x-0000-5000-8000-%012x', {0} * 2654435761 % 4294967296, {0})"
_SESSIONS = f"(select i, {_ID.format('i')} as session_id, {_BEGAN.replace('s.i', 'i')} as began from numbers)"

_ROWS = (
    f"create temp table numbers as {_count(':sessions')} select i from n",
    f"""create temp table begun as select i, {_ID.format("s.i")} as session_id, {_BEGAN} as began,
        {_hash("s.i", 2, len(MODELS))} as model from numbers s""",
    f"""insert into sessions (session_id, agent_type, agent_version, machine_id, start_time, end_time, first_record_at,
            opened_at, last_record_at, ended_at, end_reason, permission_mode, project_path, project_name, git_branch,
            total_duration_ms, total_api_duration_ms, title, source_lines_added, source_lines_removed, recorded_by)
        select session_id, case {_hash("i", 3, 10)} when 0 then 'codex_cli' when 1 then 'gemini_cli' when 2 then 'opencode'
                else 'claude_code' end, '2.1.328', 'machine-' || ({_hash("i", 4, 5)} = 0), {_text("began")},
            {_text("began + 3300")}, {_text("began")}, {_text("began")}, {_text("began + 3300")},
            iif({_hash("i", 5, 20)} = 0, null, {_text("began + 3301")}), 'prompt_input_exit', 'default',
            '/home/dev/' || name, name, iif({_hash("i", 6, 3)}, 'main', 'feature/' || {_hash("i", 7, 40)}),
            3300000, 600000 + {_hash("i", 8, 600000)}, 'Work on ' || name || ' no. ' || i, {_hash("i", 9, 400)},
            {_hash("i", 10, 150)}, 'hook'
        from begun join c_names on c_names.n = {_hash("i", 11, len(PROJECTS))}""",
    f"""create temp table steps as {_count(str(REQUESTS))} select i as j from n""",
    f"""insert into token_usage (id, session_id, timestamp, model, input_tokens, output_tokens, cache_creation_tokens,
            cache_read_tokens, cache_creation_5m_tokens, cache_creation_1h_tokens, reasoning_tokens,
            web_search_requests, message_id, request_id, agent_id, cost_usd, owner_known, turn_index)
        select k * 2654435761 % 4294967296 * 2097152 + k, session_id, {_text("at")}, name, fresh, sent, written, read,
            written, 0, 0, 0, printf('msg_%024x', k), printf('req_%024x', k), iif(side, 'agent-' || i, null),
            iif(name = 'unknown-model', null, (fresh * 5.0 + sent * 25.0 + written * 6.25 + read * 0.5) / 1e6),
            1, j * {TURNS} / {REQUESTS} + 1
        from (select i, j, i * {REQUESTS} + j as k, session_id, began + j * 63 + {_hash("i * 50 + j", 12, 40)} + 0.25 as at,
                {_hash("i * 50 + j", 13, 6)} = 0 as side, 2 + {_hash("i * 50 + j", 14, 400)} as fresh,
                20 + {_hash("i * 50 + j", 15, 2000)} as sent, {_hash("i * 50 + j", 16, 8000)} as written,
                {_hash("i * 50 + j", 17, 90000)} as read, model from begun, steps)
        join c_models on c_models.n = iif(side, 2, iif(model = 5 and i % 10, 0, model))""",
    f"""insert into tool_calls (tool_call_id, session_id, timestamp, tool_name, input_summary, input_bytes, output_bytes,
            success, duration_ms, agent_id, finished_at, denied, turn_index)
        select printf('toolu_%020x', k * 2654435761 % 4294967296 * 1048576 + k), session_id, {_text("at")}, name,
            'made-up input of call ' || k, {_hash("k", 18, 900)}, {_hash("k", 19, 30000)},
            iif(last and i % 50 = 0, null, {_hash("k", 20, 25)} <> 0), iif(last and i % 50 = 0, null, took), null,
            iif(last and i % 50 = 0, null, {_text("at + took / 1000.0")}), iif({_hash("k", 20, 25)} = 0 and k % 5 = 0, 1, null),
            j * {TURNS} / {CALLS} + 1
        from (select i, j, j = {CALLS - 1} as last, i * {CALLS} + j as k, session_id, began + j * 105 + 45.5 as at,
            {_hash("i * 30 + j", 21, 300)} * {_hash("i * 30 + j", 22, 300)} as took from begun, steps where j < {CALLS})
        join c_tools on c_tools.n = {_hash("k", 23, len(TOOLS))} order by 1""",
    f"""insert into turns (prompt_id, session_id, turn_index, started_at, ended_at, prompt, tool_calls, requests, owner_known)
        select k * 2654435761 % 4294967296 * 2097152 + k, session_id, j + 1, {_text("began + j * 540")},
            {_text("began + j * 540 + 500")}, 'Please do step ' || k || hex(zeroblob(100)), 5, 8, 1
        from (select i * {TURNS} + j as k, j, session_id, began from begun, steps where j < {TURNS})""",
    f"""insert into commits (repository, sha, session_id, message, author_name, author_email, committed_at, branch,
            files_changed, lines_added, lines_deleted, attribution, reachable, evidence)
        select '/home/dev/repo', printf('%040x', i * 2654435761), session_id, 'Change no. ' || i, 'Dev', 'dev@example.com',
            {_text("began + 1800")}, 'main', 1 + {_hash("i", 24, 9)}, {_hash("i", 25, 300)}, {_hash("i", 26, 100)},
            iif(i % 4, 'proven', 'inferred'), i % 30 <> 0, 3
        from begun where {_hash("i", 27, 5)} < 2""",
    f"""insert into recordings (session_id, event, received_at, started_at, finished_at, bytes_read, outcome)
        select session_id, iif(i % 9, 'SessionEnd', 'sync'), {_text("began + 3302")}, {_text("began + 3302.5")},
            {_text(f"began + 3303 + {_hash('i', 28, 900)} / 1000.0")}, 100000, 'recorded' from begun""",
    """insert into sources (path, agent, session_id, size, mtime_ns, inode, cursor, bad_lines, updated_at)
        select '/home/dev/.claude/' || session_id, 'claude', session_id, 100000, 0, i, hex(zeroblob(150)), i % 500 = 0,
        strftime('%Y-%m-%dT%H:%M:%fZ', began + 3303, 'unixepoch') from begun""",
    f"""insert into rates {_count(str(DAYS + 2))} select name, date(:start + i * 86400, 'unixepoch'),
        '[[5.0, 25.0, 0.5, 6.25, 10.0], [], 0.01, 1.0, "genai-prices"]' from n, c_models where name <> 'unknown-model'""",
)
