"""Programs that some tests need and a plain system lacks. Whoever misses one is told which package has it."""

import shutil

import pytest

# The command, and its package on Debian and Ubuntu; README.md and .ci/run name the same packages.
PACKAGES = {
    "chromium": "chromium",
    "node": "nodejs",
    "npm": "npm",
    "sqlite3": "sqlite3",
    "strace": "strace",
    "systemd-analyze": "systemd",
    "tmux": "tmux",
}


def missing(command: str) -> str:
    """Why a test is skipped."""
    return f"{command} is not installed (Debian and Ubuntu: apt install {PACKAGES[command]})"


def needs(command: str) -> pytest.MarkDecorator:
    """`@needs("node")`: skip the test where the command is not there."""
    return pytest.mark.skipif(not shutil.which(command), reason=missing(command))
