"""How Gemini CLI is called in commands, in stored rows, and nowhere else: what finds its sessions loads no reader."""

NAME = "gemini"  # in commands and in `sources.agent`
AGENT_TYPE = "gemini_cli"  # in `sessions.agent_type`
