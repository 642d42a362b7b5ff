"""The one error that reaches a person: a sentence that says what is wrong, where, and what to do."""


class ClaudeMetricsError(Exception):
    """Raised below the command line; `cli` prints it on one line and exits with 1."""
