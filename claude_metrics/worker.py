"""The program that installed hooks and plugins start, `python -I -m claude_metrics.worker`; see `recording.worker`."""

import sys

from claude_metrics.paths import work
from claude_metrics.recording import worker


def main(arguments: list[str] | None = None) -> int:
    """Record what waits; then clear away what killed commands left."""
    code = worker.main(arguments)
    if work.is_any():
        from claude_metrics.maintenance import leftovers

        leftovers.sweep()
    return code


if __name__ == "__main__":
    sys.exit(main())
