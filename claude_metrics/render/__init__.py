"""Rows in, text out: terminal, tables, JSON and HTML. No SQL."""
