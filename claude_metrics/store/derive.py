"""Derive rows from facts: who owns a copied row, which turn a row belongs to, totals, sums and summaries.

Everything here is a function of the fact rows alone, computed anew for the sessions that were touched, so the order
and number of recordings cannot matter. It runs inside the caller's transaction.
"""

from __future__ import annotations

import sqlite3

from claude_metrics import clock
from claude_metrics.store import observations, ownership, rollups, summaries, unlisted
from claude_metrics.store.touched import FOREVER, Touched


def derive(connection: sqlite3.Connection, touched: Touched, pricing: unlisted.Pricing, machine_id: str) -> Touched:
    """Bring `touched` sessions and their forks up to date; returns all that were."""
    touched = ownership.assign(connection, dict(touched))
    _name_touched(connection, touched)
    for statement in _TURNS:
        connection.execute(statement)
    whole = unlisted.derive(connection, list(touched), pricing)
    for statement in _TOTALS:
        connection.execute(statement, {"now": clock.now(), "machine_id": machine_id})
    rollups.derive(connection, whole)
    observations.derive(connection)
    summaries.derive(connection)
    connection.execute("drop table temp.touched")
    return touched


def _name_touched(connection: sqlite3.Connection, touched: Touched) -> None:
    connection.execute(
        "create temp table touched (session_id text primary key, since text, turn_start text) without rowid"
    )
    rows = [(session, since if since < FOREVER else "") for session, since in touched.items()]
    connection.executemany("insert into touched (session_id, since) values (?, ?)", rows)


_TURN_OF = """(select t.turn_index from turns t
    where t.session_id = {row}.session_id and t.started_at <= {row}.timestamp
    order by t.started_at desc, t.turn_index desc limit 1)"""

# Numbers are given anew only where they differ; taken back first, because (session_id, turn_index) is unique.
_TURNS = (
    """create temp table numbered as select prompt_id, turn_index as old, since, started_at,
        row_number() over (partition by session_id order by started_at, prompt_id) as new
        from turns join touched using (session_id)""",
    """update touched set since = coalesce((select min(n.started_at) from turns t join numbered n using (prompt_id)
        where t.session_id = touched.session_id and n.old is not n.new and n.started_at < touched.since), since)""",
    "delete from numbered where old is new",
    "update turns set turn_index = null where prompt_id in (select prompt_id from numbered)",
    "update turns set turn_index = n.new from numbered n where n.prompt_id = turns.prompt_id",
    "drop table temp.numbered",
    f"""update token_usage set turn_index = {_TURN_OF.format(row="token_usage")} from touched
        where token_usage.session_id = touched.session_id and timestamp >= since and kind = 'message'""",
    f"""update tool_calls set turn_index = {_TURN_OF.format(row="tool_calls")} from touched
        where tool_calls.session_id = touched.session_id and timestamp >= since""",
    """update touched set turn_start = coalesce((select max(started_at) from turns t
        where t.session_id = touched.session_id and t.started_at <= since), since)""",
    """with r as (select u.session_id, u.turn_index, count(*) as requests, sum(input_tokens) as input,
                sum(output_tokens) as output, sum(cost_usd) as cost, max(timestamp) as latest
            from touched join token_usage u on u.session_id = touched.session_id and u.timestamp >= turn_start
            where u.turn_index is not null group by 1, 2),
        c as (select u.session_id, u.turn_index, count(*) as calls, max(coalesce(finished_at, timestamp)) as latest
            from touched join tool_calls u on u.session_id = touched.session_id and u.timestamp >= turn_start
            where u.turn_index is not null group by 1, 2)
        update turns set requests = coalesce(x.requests, 0), input_tokens = coalesce(x.input, 0),
            output_tokens = coalesce(x.output, 0), cost_usd = x.cost, tool_calls = coalesce(x.calls, 0),
            ended_at = nullif(max(coalesce(x.used, ''), coalesce(x.called, ''), coalesce(responded_at, '')), '')
        from (select p.prompt_id, r.requests, r.input, r.output, r.cost, r.latest as used, c.calls, c.latest as called
            from touched t join turns p on p.session_id = t.session_id and p.started_at >= turn_start
            left join r on r.session_id = p.session_id and r.turn_index = p.turn_index
            left join c on c.session_id = p.session_id and c.turn_index = p.turn_index) x
        where turns.prompt_id = x.prompt_id""",
)

_UNPRICED = "input_tokens + output_tokens + cache_read_tokens + cache_creation_tokens"
_TOTALS = (
    """delete from model_usages where session_id in (select session_id from touched)""",
    """insert into model_usages select u.session_id, model, count(*), sum(input_tokens), sum(output_tokens),
        sum(cache_creation_tokens), sum(cache_read_tokens), sum(web_search_requests), sum(cost_usd)
        from touched join token_usage u using (session_id) group by 1, 2""",
    f"""update sessions set input_tokens = u.input, output_tokens = u.output, cache_read_tokens = u.reads,
        cache_creation_tokens = u.writes, unpriced_tokens = u.unpriced, assistant_message_count = u.messages,
        understated_tokens = max(0, u.understated - u.unlisted_output),
        total_cost_usd = case when u.requests > 0 then u.cost else coalesce(payload_cost_usd, source_cost_usd,
            (select 0.0 from cost_states s where s.session_id = sessions.session_id limit 1)) end,
        cost_source = case when u.requests = 0 and coalesce(payload_cost_usd, source_cost_usd) is not null
            then 'reported' else 'calculated' end
        from (select t.session_id, count(u.id) as requests,
                total(input_tokens) as input, total(output_tokens) as output,
                total(cache_read_tokens) as reads, total(cache_creation_tokens) as writes, sum(cost_usd) as cost,
                total(case when cost_usd is null then {_UNPRICED} end) as unpriced,
                total(kind = 'message' and agent_id is null) as messages, total(understated_tokens) as understated,
                total(case when kind = 'unlisted' then output_tokens end) as unlisted_output
            from touched t left join token_usage u using (session_id) group by 1) u
        where sessions.session_id = u.session_id""",
    f"""update sessions set tool_calls = u.calls, failed_tool_calls = u.failed
        from (select t.session_id, count(c.tool_call_id) as calls, total({rollups.FAILED}) as failed
            from touched t left join tool_calls c using (session_id) group by 1) u
        where sessions.session_id = u.session_id""",
    """update sessions set user_message_count = u.prompts,
        first_prompt = coalesce(substr(u.first, 1, 500), first_prompt)
        from (select t.session_id, count(p.prompt_id) as prompts,
                max(case when p.turn_index = 1 then p.prompt end) as first
            from touched t left join turns p using (session_id) group by 1) u
        where sessions.session_id = u.session_id""",
    """update sessions set commits = (select count(*) from commits c where c.session_id = sessions.session_id
            and attribution = 'proven' and reachable)
        where session_id in (select session_id from touched)""",
    """update sessions set reported_cost_usd = coalesce(payload_cost_usd, source_cost_usd,
            (select sum(reported_cost_usd) from token_usage u where u.session_id = sessions.session_id)),
        lines_added = coalesce(source_lines_added, (select sum(lines_added) from tool_calls c
            where c.session_id = sessions.session_id)),
        lines_removed = coalesce(source_lines_removed, (select sum(lines_removed) from tool_calls c
            where c.session_id = sessions.session_id))
        where session_id in (select session_id from touched)
        and not exists (select 1 from cost_states s where s.session_id = sessions.session_id)""",
    """update sessions set
        machine_id = coalesce(machine_id, :machine_id), updated_at = :now,
        total_message_count = user_message_count + assistant_message_count,
        project_name = coalesce(project_name, replace(project_path,
            rtrim(project_path, replace(replace(project_path, '/', ''), '\\', '')), '')),
        end_time = coalesce(last_record_at, (select max(timestamp) from token_usage u
            where u.session_id = sessions.session_id), start_time),
        status = case when ended_at >= coalesce(last_record_at, '') then 'completed' else 'active' end
        where session_id in (select session_id from touched)""",
)
