"""Sums that dashboards and reports read instead of a million rows, rebuilt for touched sessions where they are written.

A quarter hour is the grain: every time zone is a multiple of it away from UTC, so the sums can be put together to the
days of any zone. A place (agent, project, branch, machine) is one small integer, so a filter is decided once and not
per row.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

# How a tool call ended, in the words of `v_tool_calls.result`: a call that the user denied is neither of the two.
FAILED = "success = 0 and denied is not 1"
UNFINISHED = "success is null and denied is not 1"
IDLE_MS = 300_000  # a longer pause between two signs of a session is not counted as work

_GRAIN = "cast(strftime('%s', {time}) as integer) / 900 * 900"
_MS = "cast(round((julianday({time}) - 2440587.5) * 86400000) as integer)"
_TOUCHED = "(select session_id from temp.touched)"
_TOKENS = "input_tokens + output_tokens + cache_read_tokens + cache_creation_tokens"
_PLACE = (
    "agent_type",
    "coalesce(sessions.project_path, '')",
    "coalesce(project_name, '')",
    "coalesce(git_branch, '')",
    "coalesce(machine_id, '')",
)


def derive(connection: sqlite3.Connection, whole: Sequence[str] = ()) -> None:
    """Rebuild the sums of the sessions in `temp.touched` from their first change on, those of `whole` completely."""
    for statement in _PLACES:
        connection.execute(statement)
    for statement in _CHANGES:
        connection.execute(statement)
    connection.executemany("insert or replace into temp.changed values (?, 0, '', null)", [(name,) for name in whole])
    for statement in (*_USAGE, *_tools(connection), *_ACTIVITY, *_LABELS, *_LEFT):
        connection.execute(statement)
    connection.execute("drop table temp.changed")


# A place that is another now, and a cost without requests, may stand at any time: such sessions are done as a whole.
_CHANGES = (
    "create temp table changed (session_id text primary key, start integer, since text, before text) without rowid",
    """insert into temp.changed select session_id, start,
            iif(start > 0, strftime('%Y-%m-%dT%H:%M:%fZ', start, 'unixepoch'), ''), null
        from (select t.session_id, iif(t.since = '' or cost_source = 'reported'
                or t.session_id in (select session_id from temp.moved) or exists (
                    select 1 from usage_15min q where q.session_id = t.session_id and q.place_id is not s.place_id),
                0, cast(strftime('%s', t.since) as integer) / 900 * 900) as start
            from temp.touched t join sessions s using (session_id))""",
    """update temp.changed set before = (select max(at) from (
            select max(timestamp) as at from token_usage u where u.session_id = changed.session_id
                and kind = 'message' and timestamp < changed.since
            union all select max(started_at) from turns u where u.session_id = changed.session_id
                and started_at < changed.since))
        where start > 0""",
)


_PLACES = (
    f"""insert or ignore into places (agent, project_path, project, branch, machine)
        select distinct {", ".join(_PLACE)} from sessions where session_id in {_TOUCHED}""",
    f"""create temp table moved as select session_id, sessions.place_id as place_id from sessions join places p
        on (p.agent, p.project_path, p.project, p.branch, p.machine) = ({", ".join(_PLACE)})
        where session_id in {_TOUCHED} and sessions.place_id <> p.place_id""",
    f"""update sessions set place_id = p.place_id from places p
        where (p.agent, p.project_path, p.project, p.branch, p.machine) = ({", ".join(_PLACE)})
        and session_id in {_TOUCHED} and sessions.place_id is not p.place_id""",
)

# A place that its last session has left, as one does whose first file did not name the project.
_LEFT = (
    """delete from places where place_id in (select place_id from temp.moved)
        and place_id not in (select place_id from sessions where place_id is not null)""",
    "drop table temp.moved",
)

# What reading from the cache saved over sending the same again, less what writing it cost more: at list prices.
_SAVINGS = """(q.cache_read_tokens * (json_extract(r.rates, '$[0][0]') - json_extract(r.rates, '$[0][2]'))
    - (q.cache_creation_tokens - q.hourly) * (json_extract(r.rates, '$[0][3]') - json_extract(r.rates, '$[0][0]'))
    - q.hourly * (json_extract(r.rates, '$[0][4]') - json_extract(r.rates, '$[0][0]'))) / 1e6"""
_FROM_THEN = """delete from {table} where session_id in (select session_id from temp.changed)
        and time >= (select start from temp.changed c where c.session_id = {table}.session_id)"""
_USAGE = (
    _FROM_THEN.format(table="usage_15min"),
    f"""insert into usage_15min
        select q.time, q.session_id, q.model, s.place_id, requests, q.input_tokens, q.output_tokens,
            q.cache_creation_tokens, q.cache_read_tokens, cost_usd, q.unpriced_tokens, unlisted, unlisted_cost_usd,
            subagent_cost_usd, {_SAVINGS}, first_at, last_at
        from (select u.session_id, {_GRAIN.format(time="timestamp")} as time, model, count(*) as requests,
                sum(input_tokens) as input_tokens, sum(output_tokens) as output_tokens,
                sum(cache_creation_tokens) as cache_creation_tokens, sum(cache_read_tokens) as cache_read_tokens,
                sum(cache_creation_1h_tokens) as hourly, sum(cost_usd) as cost_usd,
                sum(case when cost_usd is null then {_TOKENS} else 0 end) as unpriced_tokens,
                sum(kind = 'unlisted') as unlisted,
                sum(case when kind = 'unlisted' then cost_usd end) as unlisted_cost_usd,
                sum(case when agent_id is not null then cost_usd end) as subagent_cost_usd,
                min(timestamp) as first_at, max(timestamp) as last_at
            from temp.changed t join token_usage u using (session_id) where u.timestamp >= t.since
            group by u.session_id, 2, model) q
        join sessions s on s.session_id = q.session_id
        left join rates r on r.model = q.model and r.day = date(q.time, 'unixepoch')""",
    f"""insert into usage_15min
        select {_GRAIN.format(time="began")}, session_id, '', place_id, 0, 0, 0, 0, 0, total_cost_usd, 0, 0, null,
            null, null, began, began
        from (select *, coalesce(start_time, end_time, updated_at) as began from sessions
            where session_id in {_TOUCHED} and cost_source = 'reported' and total_cost_usd > 0)""",
)


def _tools(connection: sqlite3.Connection) -> tuple[str, str]:
    """The statements for tool calls, with a column of counts per class of `v_duration_classes`."""
    classes = connection.execute("select class, lower_ms, upper_ms, is_open from v_duration_classes order by class")
    counts = [
        f"total(duration_ms {'>' if number else '>='} {lower}{'' if is_open else f' and duration_ms <= {upper}'})"
        for number, lower, upper, is_open in classes
    ]
    return _FROM_THEN.format(table="tool_calls_15min"), _TOOLS.format(counts=", ".join(counts))


# The largest result comes first; of two that are equally large the earlier call, then the one with the lower id.
_LARGEST_FIRST = """printf('%015d %24s %s', 999999999999998 - coalesce(output_bytes, -1),
    coalesce(c.timestamp, finished_at, s.start_time), tool_call_id)"""
_TOOLS = f"""insert into tool_calls_15min
        select {_GRAIN.format(time="coalesce(c.timestamp, finished_at, s.start_time)")} as time, c.session_id,
            coalesce(tool_name, '?'), s.place_id, count(*), total({FAILED}), total(denied = 1),
            total({UNFINISHED}), total(duration_ms), total(input_bytes), total(output_bytes),
            max(coalesce(output_bytes, -1)), substr(min({_LARGEST_FIRST}), 42), {{counts}}
        from temp.changed t join tool_calls c using (session_id) join sessions s using (session_id)
        where coalesce(c.timestamp, finished_at, s.start_time, '') >= t.since
        group by c.session_id, 1, 3 having time is not null"""

_ACTIVITY = (
    _FROM_THEN.format(table="activity_15min"),
    f"""insert into activity_15min
        select ms / 900000 * 900 as time, e.session_id, s.place_id, sum(turn),
            cast(total(case when pause < {IDLE_MS} then pause end) as integer)
        from (select session_id, ms, turn, ms - lag(ms) over (partition by session_id order by ms) as pause
            from (select session_id, {_MS.format(time="timestamp")} as ms, 0 as turn
                    from temp.changed t join token_usage using (session_id)
                    where kind = 'message' and timestamp >= coalesce(before, t.since)
                union all select session_id, {_MS.format(time="started_at")}, 1
                    from temp.changed t join turns using (session_id)
                    where started_at >= coalesce(before, t.since))) e
        join sessions s on s.session_id = e.session_id join temp.changed t on t.session_id = e.session_id
        where ms >= t.start * 1000 group by e.session_id, 1 having time is not null""",
)

# Names for the dashboards' variables; one that is used no more does no harm.
_LABELS = (
    f"""insert or ignore into labels
        select distinct 'model', model from usage_15min where session_id in {_TOUCHED}""",
    f"""insert or ignore into labels
        select distinct 'tool', tool_name from tool_calls_15min where session_id in {_TOUCHED}""",
)
