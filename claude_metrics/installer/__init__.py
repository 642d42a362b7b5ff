"""The parts of `claude_metrics.install`: commands, edits of a hook file, receipts, and writing without harm."""
