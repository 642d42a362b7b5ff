"""Merge, rebuild, purge and reprice a database that already holds sessions."""
