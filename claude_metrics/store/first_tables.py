"""The tables of the first release, which migration 1 makes. They are never edited; later steps change them."""

# Facts are keyed by hashes but lie in the order they were written: a session's rows are read together.
M001 = """
create table sessions (
    session_id text primary key, agent_type text not null, agent_version text, machine_id text, parent_session_id text,
    start_time text, end_time text, end_reason text, status text, permission_mode text,
    project_path text, project_name text, git_branch text, git_remote_url text,
    total_cost_usd real, reported_cost_usd real, cost_source text, unpriced_tokens integer not null default 0,
    total_duration_ms integer, total_api_duration_ms integer, lines_added integer, lines_removed integer,
    commits integer not null default 0, tool_calls integer not null default 0, place_id integer,
    failed_tool_calls integer not null default 0,
    user_message_count integer not null default 0, assistant_message_count integer not null default 0,
    total_message_count integer not null default 0,
    input_tokens integer not null default 0, output_tokens integer not null default 0,
    cache_read_tokens integer not null default 0, cache_creation_tokens integer not null default 0,
    understated_tokens integer not null default 0,
    first_prompt text, summary text, title text, recorded_by text, updated_at text,
    opened_at text, first_record_at text, forked_at text, last_record_at text, ended_at text,
    payload_cost_usd real, source_cost_usd real, source_lines_added integer, source_lines_removed integer,
    forked_totals text
);
create table places (
    place_id integer primary key, agent text not null, project_path text not null, project text not null,
    branch text not null, machine text not null, unique (agent, project_path, project, branch, machine)
);
create table labels (kind text not null, name text not null, primary key (kind, name)) without rowid;
create index sessions_place on sessions (place_id);
create index sessions_start_time on sessions (start_time);
create index sessions_parent on sessions (parent_session_id) where parent_session_id is not null;
create table token_usage (
    id integer not null unique, session_id text not null references sessions (session_id) on delete cascade,
    timestamp text not null, model text not null,
    input_tokens integer not null, output_tokens integer not null, cache_creation_tokens integer not null,
    cache_read_tokens integer not null, cache_creation_5m_tokens integer not null,
    cache_creation_1h_tokens integer not null, reasoning_tokens integer not null, web_search_requests integer not null,
    speed text, inference_geo text, message_id text, request_id text, agent_id text,
    kind text not null default 'message', cost_usd real, reported_cost_usd real,
    understated_tokens integer not null default 0, owner_known integer not null default 0, turn_index integer
);
create index token_usage_session on token_usage (session_id);
create index token_usage_timestamp on token_usage (timestamp);
create table model_usages (
    session_id text not null references sessions (session_id) on delete cascade, model text not null,
    requests integer not null, input_tokens integer not null, output_tokens integer not null,
    cache_creation_tokens integer not null, cache_read_tokens integer not null,
    web_search_requests integer not null, cost_usd real, primary key (session_id, model)
) without rowid;
create table usage_quarters (
    time integer not null, session_id text not null references sessions (session_id) on delete cascade,
    model text not null, place_id integer not null, requests integer not null, input_tokens integer not null,
    output_tokens integer not null, cache_creation_tokens integer not null, cache_read_tokens integer not null,
    cost_usd real, unpriced_tokens integer not null, unlisted integer not null, unlisted_cost_usd real,
    subagent_cost_usd real, cache_savings_usd real, first_at text not null, last_at text not null,
    primary key (time, session_id, model)
) without rowid;
create index usage_quarters_session on usage_quarters (session_id);
create table tool_calls (
    tool_call_id text not null unique, session_id text not null references sessions (session_id) on delete cascade,
    timestamp text, tool_name text, input_summary text, input_bytes integer, output_bytes integer, success integer,
    duration_ms integer, file_path text, agent_id text, request_key integer, finished_at text,
    lines_added integer, lines_removed integer, denied integer, turn_index integer,
    category text, subject text, change text
);
create index tool_calls_session on tool_calls (session_id);
create index tool_calls_failed on tool_calls (timestamp) where success = 0;
create table tool_quarters (
    time integer not null, session_id text not null references sessions (session_id) on delete cascade,
    tool_name text not null, place_id integer not null, calls integer not null, failed integer not null,
    denied integer not null, unfinished integer not null, duration_ms integer not null, input_bytes integer not null,
    output_bytes integer not null, largest_bytes integer not null, largest_call_id text not null,
    d0 integer not null, d1 integer not null, d2 integer not null, d3 integer not null, d4 integer not null,
    d5 integer not null, d6 integer not null, d7 integer not null, d8 integer not null, d9 integer not null,
    d10 integer not null, primary key (time, session_id, tool_name)
) without rowid;
create index tool_quarters_session on tool_quarters (session_id);
create table activity_quarters (
    time integer not null, session_id text not null references sessions (session_id) on delete cascade,
    place_id integer not null, turns integer not null, active_ms integer not null, primary key (time, session_id)
) without rowid;
create index activity_quarters_session on activity_quarters (session_id);
create table turns (
    prompt_id integer not null unique, session_id text not null references sessions (session_id) on delete cascade,
    turn_index integer, started_at text not null, ended_at text, prompt text, response text, responded_at text,
    prompt_tokens_estimated integer, response_tokens_estimated integer,
    tool_calls integer not null default 0, requests integer not null default 0,
    input_tokens integer not null default 0, output_tokens integer not null default 0, cost_usd real,
    owner_known integer not null default 0
);
create unique index turns_session on turns (session_id, turn_index);
create index turns_started on turns (session_id, started_at, turn_index);
create table copies (
    key integer not null, session_id text not null references sessions (session_id) on delete cascade,
    primary key (key, session_id)
) without rowid;
create index copies_session on copies (session_id);
create table cost_states (
    cost_state_id integer primary key, session_id text not null references sessions (session_id) on delete cascade,
    as_of text not null, started_at text not null, total_cost_usd real not null, total_duration_ms integer not null,
    total_api_duration_ms integer not null, lines_added integer not null, lines_removed integer not null, models text
);
create index cost_states_session on cost_states (session_id);
create table commits (
    repository text not null, sha text not null,
    session_id text not null references sessions (session_id) on delete cascade, message text,
    author_name text, author_email text, committed_at text, branch text, files_changed integer, lines_added integer,
    lines_deleted integer, attribution text, reachable integer, evidence integer,
    primary key (repository, sha)
);
create index commits_session on commits (session_id);
create index commits_committed_at on commits (committed_at);
create table observations (
    observation_id integer not null unique, session_id text not null references sessions (session_id) on delete cascade,
    timestamp text, kind text not null, title text, detail text, outcome text, item text, file_path text,
    tool_call_id text, agent_id text
);
create index observations_session on observations (session_id);
create table session_summaries (
    session_id text primary key references sessions (session_id) on delete cascade, request text, investigated text,
    decisions text, completed text, failed_attempts text, next_steps text, files_created text, files_modified text,
    verification_results text, plan_progress text, updated_at text
);
create table facets (
    session_id text primary key references sessions (session_id) on delete cascade,
    goal text, outcome text, friction text, raw text, updated_at text, mtime_ns integer, bytes integer
);
create table sources (
    path text primary key, agent text not null, session_id text, size integer not null, mtime_ns integer not null,
    inode integer not null, cursor text not null, bad_lines integer not null default 0, unknown text, updated_at text
) without rowid;
create table recordings (
    id integer primary key, session_id text, event text, received_at text, started_at text, finished_at text,
    bytes_read integer not null default 0, outcome text, error text
);
create index recordings_session on recordings (session_id);
create index recordings_finished on recordings (finished_at);
create table rates (model text not null, day text not null, rates text, primary key (model, day)) without rowid;
create table purged (key integer primary key);
create table meta (key text primary key, value text) without rowid
"""
