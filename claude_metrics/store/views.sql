-- The read contract: dashboards, reports and people select from these. Dropped and recreated when this file changes.
-- v_sessions: a row per session: who, where, when, tokens and cost. `total_cost_usd` is ours, `reported_cost_usd` the agent's own figure. Where `incomplete` says why something is missing, the figures are the least that is known.
create view v_sessions as
select session_id, agent_type as agent, project_name as project, git_branch as branch, machine_id as machine,
    start_time, end_time, status, end_reason, title, first_prompt, total_cost_usd, reported_cost_usd,
    input_tokens, output_tokens, cache_read_tokens, cache_creation_tokens,
    input_tokens + output_tokens + cache_read_tokens + cache_creation_tokens as total_tokens,
    user_message_count, tool_calls, failed_tool_calls, commits, lines_added, lines_removed, total_duration_ms,
    unpriced_tokens, understated_tokens, agent_version, permission_mode, parent_session_id, project_path,
    cost_source, recorded_by, updated_at, total_api_duration_ms, git_remote_url, place_id, worktree, session_kind,
    nullif(substr(iif(unpriced_tokens > 0, '; price unknown', '') || iif(understated_tokens > 0, '; output not written down', '')
        || iif(end_reason = 'killed' and agent_type in (select a.agent_type from cost_states t join sessions a using (session_id)),
            '; killed before the agent wrote its total', '')
        || iif(session_id in (select r.session_id from sources r where r.bad_lines > 0), '; unreadable lines', '')
        || iif(session_id in (select session_id from (select r.session_id, r.error, max(r.id) from recordings r group by 1)
            where error is not null), '; a file could not be read', ''), 3), '') as incomplete
from sessions;
-- v_requests: a row per billed request; `kind` is `unlisted` for what the agent billed without writing a line.
create view v_requests as
select u.id, u.session_id, u.timestamp, cast(strftime('%s', u.timestamp) as integer) as time, s.agent_type as agent,
    s.project_name as project, s.git_branch as branch, u.model, u.kind, u.agent_id, u.turn_index,
    u.input_tokens, u.output_tokens, u.cache_creation_tokens, u.cache_read_tokens,
    u.input_tokens + u.output_tokens + u.cache_creation_tokens + u.cache_read_tokens as total_tokens,
    u.cache_creation_5m_tokens, u.cache_creation_1h_tokens, u.reasoning_tokens, u.web_search_requests,
    u.speed, u.inference_geo, u.cost_usd, u.reported_cost_usd, u.understated_tokens, u.message_id, u.request_id,
    u.effort, u.skill, u.slash_command, u.mcp_server, u.mcp_tool, u.shape
from token_usage u cross join sessions s on s.session_id = u.session_id;
-- v_usage: sums per session, quarter hour and model; `time` is the quarter's beginning in unix seconds. Fast to sum over any days and zones.
create view v_usage as -- subqueries cost nothing where their column is not asked for, a join does
select q.time, q.session_id, (select p.agent from places p where p.place_id = q.place_id) as agent,
    (select nullif(p.project, '') from places p where p.place_id = q.place_id) as project,
    (select nullif(p.project_path, '') from places p where p.place_id = q.place_id) as project_path,

    (select nullif(p.branch, '') from places p where p.place_id = q.place_id) as branch,
    (select nullif(p.machine, '') from places p where p.place_id = q.place_id) as machine,
    q.model, q.requests, q.input_tokens, q.output_tokens,
    q.cache_creation_tokens, q.cache_read_tokens,
    q.input_tokens + q.output_tokens + q.cache_creation_tokens + q.cache_read_tokens as total_tokens,
    q.cost_usd, q.unpriced_tokens, q.unlisted, q.unlisted_cost_usd, q.subagent_cost_usd, q.cache_savings_usd,
    q.first_at, q.last_at, q.place_id
from usage_15min q;
-- v_days: sums per day, agent, project and model; `day` is UTC (`report daily --tz` has the days of any zone).
create view v_days as
select strftime('%Y-%m-%d', time, 'unixepoch') as day, agent, project, model, count(distinct session_id) as sessions,
    sum(requests) as requests, sum(input_tokens) as input_tokens, sum(output_tokens) as output_tokens,
    sum(cache_creation_tokens) as cache_creation_tokens, sum(cache_read_tokens) as cache_read_tokens,
    sum(total_tokens) as total_tokens, sum(cost_usd) as cost_usd, sum(unpriced_tokens) as unpriced_tokens
from v_usage group by 1, 2, 3, 4;
-- v_models: sums per agent and model over all time.
create view v_models as
select agent, model, count(distinct session_id) as sessions, min(first_at) as first_at, max(last_at) as last_at,
    sum(requests) as requests, sum(input_tokens) as input_tokens, sum(output_tokens) as output_tokens,
    sum(cache_creation_tokens) as cache_creation_tokens, sum(cache_read_tokens) as cache_read_tokens,
    sum(total_tokens) as total_tokens, sum(cost_usd) as cost_usd, sum(unpriced_tokens) as unpriced_tokens
from v_usage group by 1, 2;
-- v_session_models: sums per session and model.
create view v_session_models as
select m.session_id, s.agent_type as agent, s.project_name as project, m.model, m.requests, m.input_tokens,
    m.output_tokens, m.cache_creation_tokens, m.cache_read_tokens,
    m.input_tokens + m.output_tokens + m.cache_creation_tokens + m.cache_read_tokens as total_tokens,
    m.web_search_requests, m.cost_usd
from model_usages m cross join sessions s on s.session_id = m.session_id;
-- v_projects: sums per project folder.
create view v_projects as
select project_name as project, project_path, count(*) as sessions, min(start_time) as first_at, max(end_time) as last_at,
    sum(total_cost_usd) as cost_usd, sum(input_tokens + output_tokens + cache_read_tokens + cache_creation_tokens) as total_tokens,
    sum(unpriced_tokens) as unpriced_tokens, sum(tool_calls) as tool_calls, sum(commits) as commits,
    sum(lines_added) as lines_added, sum(lines_removed) as lines_removed
from sessions group by project_path;
-- v_branches: sums per project folder and git branch.
create view v_branches as
select project_name as project, project_path, git_branch as branch, count(*) as sessions, min(start_time) as first_at,
    max(end_time) as last_at, sum(total_cost_usd) as cost_usd,
    sum(input_tokens + output_tokens + cache_read_tokens + cache_creation_tokens) as total_tokens,
    sum(unpriced_tokens) as unpriced_tokens, sum(commits) as commits, sum(lines_added) as lines_added,
    sum(lines_removed) as lines_removed
from sessions group by project_path, git_branch;
-- v_turns: a row per prompt and all that followed until the next.
create view v_turns as
select t.session_id, t.turn_index, s.agent_type as agent, s.project_name as project, t.started_at, t.ended_at,
    cast(strftime('%s', t.started_at) as integer) as time, t.prompt, t.response, t.requests, t.tool_calls,
    t.input_tokens, t.output_tokens, t.cost_usd, s.place_id, t.prompt_tokens_estimated, t.response_tokens_estimated
from turns t cross join sessions s on s.session_id = t.session_id;
-- v_tool_calls: a row per tool call; `result` is `ok`, `failed`, `denied` (by the user, which is no failure) or `unfinished`.
create view v_tool_calls as
select c.tool_call_id, c.session_id, c.turn_index, s.agent_type as agent, s.project_name as project,
    s.git_branch as branch, c.timestamp, cast(strftime('%s', c.timestamp) as integer) as time, c.tool_name,
    c.input_summary, c.input_bytes, c.output_bytes, c.success, c.denied, c.duration_ms, c.file_path, c.agent_id,
    c.lines_added, c.lines_removed, c.finished_at, s.place_id, c.category, c.change,
    case when c.denied = 1 then 'denied' when c.success is null then 'unfinished' when c.success then 'ok' else 'failed' end
        as result,
    case c.category when 'agent' then c.subject end as subagent, case c.category when 'skill' then c.subject end as skill,
    case c.category when 'mcp' then c.subject end as mcp_server
from tool_calls c cross join sessions s on s.session_id = c.session_id;
-- v_observations: a row per fact of what a session did: read, searched, changed, tried, checked, decided, planned, committed.
create view v_observations as
select o.session_id, s.agent_type as agent, s.project_name as project, o.timestamp,
    cast(strftime('%s', o.timestamp) as integer) as time, o.kind,
    case when o.file_path is not null and s.project_path <> '' then replace(o.title, s.project_path || '/', '')
        else o.title end as title, o.detail, o.outcome, o.item, o.file_path,
    o.tool_call_id, o.agent_id, s.place_id
from observations o join sessions s on s.session_id = o.session_id;
-- v_tools: sums per session, quarter hour and tool; `time` is the quarter's beginning in unix seconds, `failed` is without the denied ones.
create view v_tools as
select q.time, q.session_id, (select p.agent from places p where p.place_id = q.place_id) as agent,
    (select nullif(p.project, '') from places p where p.place_id = q.place_id) as project,
    (select nullif(p.branch, '') from places p where p.place_id = q.place_id) as branch,
    q.tool_name,
    q.calls, q.failed, q.denied, q.unfinished, q.duration_ms, q.input_bytes, q.output_bytes, q.largest_bytes,
    q.largest_call_id, d0, d1, d2, d3, d4, d5, d6, d7, d8, d9, d10, q.place_id
from tool_calls_15min q;
-- v_commits: a row per commit; `proven`: the session's own call made it, `inferred`: only author, folder and time fit; `evidence` says by what. Sums are of the `counted` ones: proven, and a branch still reaches them.
create view v_commits as
select c.repository, c.sha, c.session_id, s.agent_type as agent, s.project_name as project, c.branch, c.committed_at,
    cast(strftime('%s', c.committed_at) as integer) as time, c.message, c.author_name, c.author_email,
    c.files_changed, c.lines_added, c.lines_deleted, c.attribution, c.reachable, s.place_id,
    c.attribution = 'proven' and c.reachable as counted, s.worktree, c.tool_call_id,
    case c.evidence when 4 then 'git printed its summary' when 3 then 'the call printed its hash'
        when 2 then 'the command has its subject' when 1 then 'a git command ran'
        when 5 then 'only this session''s call ran' when 6 then 'calls of several sessions ran'
        else 'author, folder and time' end as evidence
from commits c cross join sessions s on s.session_id = c.session_id;
-- v_agents: a row per subagent with what it used; `model` is the one that was asked for. A subagent's own subagents have rows of their own.
create view v_agents as
select u.session_id, s.agent_type as agent, s.project_name as project, s.git_branch as branch, s.place_id, u.agent_id,
    a.type, a.name, a.parent_agent_id, a.depth, a.team, a.model, a.tool_call_id,
    min(u.timestamp) as started_at, max(u.timestamp) as ended_at, cast(strftime('%s', min(u.timestamp)) as integer) as time,
    count(*) as requests, sum(u.input_tokens) as input_tokens, sum(u.output_tokens) as output_tokens,
    sum(u.cache_creation_tokens) as cache_creation_tokens, sum(u.cache_read_tokens) as cache_read_tokens,
    sum(u.input_tokens + u.output_tokens + u.cache_creation_tokens + u.cache_read_tokens) as total_tokens,
    sum(u.cost_usd) as cost_usd,
    sum(iif(u.cost_usd is null, u.input_tokens + u.output_tokens + u.cache_creation_tokens + u.cache_read_tokens, 0)) as unpriced_tokens
from token_usage u cross join sessions s on s.session_id = u.session_id
    left join agents a on a.session_id = u.session_id and a.agent_id = u.agent_id
where u.agent_id is not null group by u.session_id, u.agent_id;
-- v_causes: sums per session, model and quarter hour for each `cause` of requests: `kind` is skill, command, server, effort or subagent. A request may have several causes, so do not add up different kinds.
create view v_causes as
with causes as (
    select 'skill' as by_kind, skill as cause, u.* from token_usage u where skill is not null
    union all select 'command', slash_command, u.* from token_usage u where slash_command is not null
    union all select 'server', mcp_server, u.* from token_usage u where mcp_server is not null
    union all select 'effort', effort, u.* from token_usage u where effort is not null
    union all select 'subagent', coalesce(a.type, '(unknown)'), u.* from token_usage u
        left join agents a on a.session_id = u.session_id and a.agent_id = u.agent_id where u.agent_id is not null)
select c.by_kind as kind, c.cause, c.session_id, s.agent_type as agent, s.project_name as project, s.git_branch as branch, s.place_id,
    c.model, cast(strftime('%s', c.timestamp) as integer) / 900 * 900 as time, count(*) as requests,
    sum(c.input_tokens) as input_tokens, sum(c.output_tokens) as output_tokens,
    sum(c.cache_creation_tokens) as cache_creation_tokens, sum(c.cache_read_tokens) as cache_read_tokens,
    sum(c.input_tokens + c.output_tokens + c.cache_creation_tokens + c.cache_read_tokens) as total_tokens,
    sum(c.cost_usd) as cost_usd,
    sum(iif(c.cost_usd is null, c.input_tokens + c.output_tokens + c.cache_creation_tokens + c.cache_read_tokens, 0)) as unpriced_tokens
from causes c cross join sessions s on s.session_id = c.session_id group by c.by_kind, c.cause, c.session_id, c.model, time;
-- v_compactions: a row per summary that replaced a conversation. Agents write no cost of it: `cost_at_most_usd` is all that the session was billed without a line.
create view v_compactions as
select c.compaction_id, c.session_id, s.agent_type as agent, s.project_name as project, s.git_branch as branch, s.place_id,
    c.timestamp, cast(strftime('%s', c.timestamp) as integer) as time, c.trigger, c.tokens_before, c.tokens_after,
    c.duration_ms, c.agent_id, (select sum(u.cost_usd) from token_usage u where u.session_id = c.session_id
        and u.kind = 'unlisted') as cost_at_most_usd
from compactions c cross join sessions s on s.session_id = c.session_id;
-- v_api_errors: a row per request that failed: `retried` (as which attempt, after which pause), `failed` for good, or `refused`.
create view v_api_errors as
select e.api_error_id, e.session_id, s.agent_type as agent, s.project_name as project, s.git_branch as branch, s.place_id,
    e.timestamp, cast(strftime('%s', e.timestamp) as integer) as time, e.outcome, e.status, e.error, e.attempt,
    e.most_attempts, e.wait_ms, e.request_id, e.agent_id
from api_errors e cross join sessions s on s.session_id = e.session_id;
-- v_cache_breaks: a row per request that wrote again what the one before it in its thread had in the cache, with the cause where the records tell it (compaction, model, speed or effort switched, tools or system prompt changed, pause, resumed; else NULL). `cost_usd` is the list price of writing less that of reading.
create view v_cache_breaks as
select b.id as request, b.session_id, s.agent_type as agent, s.project_name as project, s.git_branch as branch, s.place_id,
    b.agent_id, b.turn_index, b.timestamp, cast(strftime('%s', b.timestamp) as integer) as time, b.model,
    case when exists (select 1 from compactions c where c.session_id = b.session_id and c.agent_id is b.agent_id
            and c.timestamp > b.before_at and c.timestamp <= b.timestamp) then 'compaction'
        when b.model <> b.before_model then 'model switched'
        when b.speed <> b.before_speed then 'speed switched'
        when b.shape <> b.before_shape then 'tools or system prompt changed'
        when b.effort <> b.before_effort then 'effort switched'
        when b.pause_ms > b.lifetime_s * 1000 then 'pause'
        when b.agent_id is null and exists (select 1 from cost_states p where p.session_id = b.session_id
            and p.as_of >= b.before_at and p.as_of < b.timestamp) then 'resumed' end as cause,
    b.pause_ms, b.lifetime_s, b.before_model, b.effort, b.before_effort, b.rewritten_tokens,
    (select b.rewritten_tokens / 1e6 * iif(b.speed = 'fast', json_extract(r.rates, '$[3]'), 1) * iif(b.inference_geo = 'us', 1.1, 1)
            * ((json_extract(r.rates, '$[0][3]') * (b.cache_creation_tokens - b.cache_creation_1h_tokens)
                + json_extract(r.rates, '$[0][4]') * b.cache_creation_1h_tokens) / b.cache_creation_tokens
            - json_extract(r.rates, '$[0][2]'))
        from rates r where r.model = b.model and r.day = substr(b.timestamp, 1, 10)) as cost_usd
from (select o.*, min(o.cache_creation_tokens, o.before_tokens - o.cache_read_tokens) as rewritten_tokens,
        cast(round((julianday(o.timestamp) - julianday(o.before_at)) * 86400000) as integer) as pause_ms
    from (select u.id, u.session_id, u.agent_id, u.turn_index, u.timestamp, u.model, u.effort, u.speed, u.inference_geo, u.shape,
            u.cache_read_tokens, u.cache_creation_tokens, u.cache_creation_1h_tokens,
            lag(u.timestamp) over thread as before_at, lag(u.model) over thread as before_model,
            lag(u.speed) over thread as before_speed, lag(u.effort) over thread as before_effort, lag(u.shape) over thread as before_shape,
            lag(u.cache_read_tokens + u.cache_creation_tokens) over thread as before_tokens,
            lag(case when u.cache_creation_tokens > u.cache_creation_1h_tokens then 300
                when u.cache_creation_1h_tokens > 0 then 3600 end) over thread as lifetime_s
        from (select *, row_number() over (partition by session_id, message_id, request_id order by rowid) as part
            from token_usage) u -- an advisor's answer is a part of its message
        where u.kind = 'message' and u.part = 1 and u.cache_read_tokens + u.cache_creation_tokens > 0
        window thread as (partition by u.session_id, u.agent_id order by u.timestamp, u.id)) o
    where o.before_tokens > o.cache_read_tokens and o.cache_creation_tokens > 0) b
    cross join sessions s on s.session_id = b.session_id;
-- v_recordings: a row per worker or sync run of a session: what started it, what it read, how it ended.
create view v_recordings as
select id, session_id, event, received_at, started_at, finished_at, bytes_read, outcome, error from recordings;
-- v_places: where work was done: agent, project folder, branch and machine. The `_key` columns are the dashboards' variable values: without characters that end an address's parameter.
create view v_places as
select place_id, nullif(agent, '') as agent, nullif(project, '') as project, nullif(project_path, '') as project_path,
    nullif(branch, '') as branch, nullif(machine, '') as machine, replace(agent, '"', '″') as agent_key,
    replace(replace(replace(replace(replace(iif(project = '', '(none)', project), '"', '″'), '&', '＆'), '#', '＃'), '%', '％'), '+', '＋') as project_key,
    replace(replace(replace(replace(replace(iif(branch = '', '(none)', branch), '"', '″'), '&', '＆'), '#', '＃'), '%', '％'), '+', '＋') as branch_key,
    replace(replace(replace(replace(replace(iif(machine = '', '(none)', machine), '"', '″'), '&', '＆'), '#', '＃'), '%', '％'), '+', '＋') as machine_key
from places;
-- v_model_names: every model that was used; `model_name` is short ("Opus 5.5"), `model_key` the identifier as the dashboards' variable value.
create view v_model_names as -- materialized: otherwise SQLite copies each step's expression into the next one, a thousand times
with tails(model, tail) as materialized (
    select name, iif(name glob '*anthropic.claude-*', substr(name, instr(name, 'claude-')), replace(name, rtrim(name, replace(name, '/', '')), ''))
    from labels where kind = 'model'),
versions(model, named) as materialized (
    select model, iif(tail glob '*-v[0-9]:[0-9]', substr(tail, 1, length(tail) - 5), tail) from tails),
plains(model, plain) as materialized (
    select model, iif(named glob '*[-@]20[0-9][0-9][0-1][0-9][0-3][0-9]', substr(named, 1, length(named) - 9), named) from versions),
shorts(model, short) as materialized (
    select model, case
        when model = '' then '(reported)'
        when plain glob 'claude-[a-z]*-[0-9]*' then upper(substr(plain, 8, 1)) || substr(plain, 9, instr(substr(plain, 9), '-') - 1)
            || ' ' || replace(substr(plain, 9 + instr(substr(plain, 9), '-')), '-', '.')
        when plain glob 'claude-[0-9]-[0-9]-[a-z]*' then upper(substr(plain, 12, 1)) || substr(plain, 13)
            || ' ' || replace(substr(plain, 8, 3), '-', '.')
        when plain glob 'claude-[0-9]-[a-z]*' then upper(substr(plain, 10, 1)) || substr(plain, 11) || ' ' || substr(plain, 8, 1)
        when plain glob 'gpt-*' then 'GPT ' || replace(substr(plain, 5), '-', ' ')
        when plain glob 'gemini-*' then 'Gemini ' || replace(substr(plain, 8), '-', ' ')
        else plain end from plains)
select model,
    replace(replace(replace(replace(replace(iif(model = '', '(reported)', model), '"', '″'), '&', '＆'), '#', '＃'), '%', '％'), '+', '＋') as model_key,
    replace(replace(replace(replace(replace(iif(short = '', model, short), '"', '″'), '&', '＆'), '#', '＃'), '%', '％'), '+', '＋') as model_name
from shorts;
-- v_tool_names: every tool that was used; `tool_key` is the dashboards' variable value.
create view v_tool_names as
select name as tool_name, replace(replace(replace(replace(replace(name, '"', '″'), '&', '＆'), '#', '＃'), '%', '％'), '+', '＋') as tool_key from labels where kind = 'tool';
-- v_activity: prompts and active time per session and quarter hour; pauses of five minutes and more are not active.
create view v_activity as
select q.time, q.session_id, (select p.agent from places p where p.place_id = q.place_id) as agent,
    (select nullif(p.project, '') from places p where p.place_id = q.place_id) as project,
    (select nullif(p.branch, '') from places p where p.place_id = q.place_id) as branch,

    (select nullif(p.machine, '') from places p where p.place_id = q.place_id) as machine,
    q.turns, q.active_ms, q.place_id
from activity_15min q;
-- v_duration_classes: the classes of tool durations behind `d0` to `d10` of v_tools; the last one is open, its upper end stands for longer ones.
create view v_duration_classes as
select column1 as class, column2 as lower_ms, column3 as upper_ms, column1 = 10 as is_open from (values
    (0, 0, 10), (1, 10, 30), (2, 30, 100), (3, 100, 300), (4, 300, 1000), (5, 1000, 3000), (6, 3000, 10000),
    (7, 10000, 30000), (8, 30000, 100000), (9, 100000, 300000), (10, 300000, 1000000));
-- v_prices: the newest price list of each model, in USD per million tokens, and the day it was looked up for.
create view v_prices as
select model, day, json_extract(rates, '$[0][0]') as input_usd, json_extract(rates, '$[0][1]') as output_usd,
    json_extract(rates, '$[0][2]') as cache_read_usd, json_extract(rates, '$[0][3]') as cache_write_5m_usd,
    json_extract(rates, '$[0][4]') as cache_write_1h_usd
from (select model, max(day) as day, rates from rates where rates is not null group by model);
-- v_budgets: one row: the budgets of the config (0: none) and the recorder's seconds east of UTC, as of the last recording.
create view v_budgets as
select cast(coalesce(max(iif(key = 'budget_daily_usd', value, null)), 0) as real) as daily_usd,
    cast(coalesce(max(iif(key = 'budget_monthly_usd', value, null)), 0) as real) as monthly_usd,
    cast(coalesce(max(iif(key = 'utc_offset_s', value, null)), 0) as integer) as utc_offset_s
from meta where key in ('budget_daily_usd', 'budget_monthly_usd', 'utc_offset_s');
-- v_sources: how far each transcript was read, and the lines in it that could not be.
create view v_sources as
select path, agent, session_id, size as bytes, bad_lines, unknown, updated_at,
    cast(strftime('%s', updated_at) as integer) as time
from sources;
-- v_database: one row about the file itself: bytes, version of the tables, first and last request, last recording.
create view v_database as
select (select page_count from pragma_page_count()) * (select page_size from pragma_page_size()) as bytes,
    (select freelist_count from pragma_freelist_count()) * (select page_size from pragma_page_size()) as free_bytes,
    (select user_version from pragma_user_version()) as schema_version,
    (select cast(strftime('%s', min(timestamp)) as integer) from token_usage) as first_request,
    (select cast(strftime('%s', max(timestamp)) as integer) from token_usage) as last_request,
    (select cast(strftime('%s', max(finished_at)) as integer) from recordings) as last_recording,
    (select max(day) from rates) as newest_prices;
-- v_unpriced: models whose price is unknown, with the tokens that no cost stands for.
create view v_unpriced as
select agent, model, sum(unpriced_tokens) as unpriced_tokens, count(distinct session_id) as sessions, sum(requests) as requests
from v_usage where unpriced_tokens > 0 group by 1, 2;
-- v_session_summaries: a row per session that has one: what was asked, done and left, lists as JSON; `goal` and `outcome` are the agent's own.
create view v_session_summaries as
select m.session_id, m.request, m.investigated, m.decisions, m.completed, m.failed_attempts,
    iif(instr(m.next_steps, '"last: ') and json_valid(m.next_steps), -- up to version 0.2 these were no steps
        (select json_group_array(value) from json_each(m.next_steps) where value not like 'last: %'), m.next_steps) as next_steps,
    m.files_created, m.files_modified, m.verification_results, m.plan_progress, m.updated_at, f.goal, f.outcome, f.friction,
    f.raw as facets
from session_summaries m left join facets f on f.session_id = m.session_id;
