-- The read contract: dashboards, reports and people select from these. Dropped and recreated when this file changes.
create view v_sessions as
select session_id, agent_type as agent, project_name as project, git_branch as branch, machine_id as machine,
    start_time, end_time, status, end_reason, title, first_prompt, total_cost_usd, reported_cost_usd,
    input_tokens, output_tokens, cache_read_tokens, cache_creation_tokens,
    input_tokens + output_tokens + cache_read_tokens + cache_creation_tokens as total_tokens,
    user_message_count, tool_calls, failed_tool_calls, commits, lines_added, lines_removed, total_duration_ms,
    unpriced_tokens, understated_tokens, agent_version, permission_mode, parent_session_id, project_path
from sessions
