"""claude-metrics: a local-first recorder of AI coding sessions."""

__version__ = "0.2.0"
