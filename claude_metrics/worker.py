"""The program that installed hooks and plugins start, `python -I -m claude_metrics.worker`; see `recording.worker`."""

import sys

from claude_metrics.recording.worker import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
