"""`python -m claude_metrics` is `claude-metrics`."""

from claude_metrics.cli import main

main()
