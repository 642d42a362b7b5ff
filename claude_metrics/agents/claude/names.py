"""How Claude Code is called in commands, in stored rows, and nowhere else: what finds its sessions loads no reader."""

NAME = "claude"  # in commands and in `sources.agent`
AGENT_TYPE = "claude_code"  # in `sessions.agent_type`
