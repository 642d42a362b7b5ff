"""Kinds of records, events and items that hold nothing we store; a kind that is not listed is counted as unknown."""

import re

SILENT_RECORDS = {"compacted", "world_state", "ghost_snapshot", "inter_agent_communication_metadata"}
SILENT_ITEMS = {
    "message", "reasoning", "ghost_snapshot", "compaction", "compaction_summary", "context_compaction",
    "tool_search_call", "tool_search_output", "image_generation_call", "other", "additional_tools", "agent_message",
}  # fmt: skip
SILENT_EVENTS = {
    "task_started", "task_complete", "turn_started", "turn_complete", "turn_aborted",
    "agent_reasoning", "agent_reasoning_raw_content", "agent_reasoning_section_break", "context_compacted",
    "thread_rolled_back", "undo_completed", "entered_review_mode", "exited_review_mode", "item_started",
    "plan_update", "web_search_begin", "web_search_end", "exec_command_begin", "patch_apply_begin",
    "mcp_tool_call_begin", "warning", "error", "stream_error", "background_event", "thread_goal_updated",
    "collab_agent_spawn_end", "collab_waiting_end", "collab_close_end", "view_image_tool_call",
}  # fmt: skip
SILENT_PARTS = {
    "Reasoning",
    "Plan",
    "WebSearch",
    "ImageView",
    "ImageGeneration",
    "ContextCompaction",
    "EnteredReviewMode",
    "ExitedReviewMode",
    "HookPrompt",
    "Sleep",
    "SubAgentActivity",
}
# What the client says in the user's place.
NOT_TYPED = re.compile(
    r"\s*<(?:environment_context|user_instructions|subagent_notification|turn_aborted|hook_prompt)\b"
)
