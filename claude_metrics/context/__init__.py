"""The note an agent begins with: which repositories are here and in what state, which tools, what was spent lately.

Standard library only, for `hooks/session_start.py` runs without site-packages: no platformdirs, so neither
`claude_metrics.paths` nor `claude_metrics.config`. No network, and nothing is written.
"""
