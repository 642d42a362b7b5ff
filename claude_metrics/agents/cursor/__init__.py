"""Cursor: its session-start hook; its sessions are not recorded."""
