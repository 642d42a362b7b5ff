"""How OpenCode is called in commands, in stored rows, and nowhere else: what finds its sessions loads no reader."""

NAME = "opencode"  # in commands and in `sources.agent`
AGENT_TYPE = "opencode"  # in `sessions.agent_type`
