"""Codex CLI: where its sessions are, how their records are read, and its hooks."""
