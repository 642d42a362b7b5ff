"""Puts hooks into agents' settings and takes them out, byte for byte; and the catch-up service."""
