"""What `make demo` prints, made by running it: all of it for `docs/demo.md`, its beginning for the README."""

import functools
import os
import re
import subprocess
import sys

from scripts.markdown import fenced, out

WIDTH = 100
SCRATCH = "/tmp/claude-metrics-demo-x"  # noqa: S108 - a name on the page, never opened


def whole() -> None:
    out(fenced(output()))


def beginning() -> None:
    """Everything before the second command of the demo."""
    out(fenced(output().partition("\n$ claude-metrics session show")[0]))


@functools.cache
def output() -> str:
    """The demo's output with one name for the scratch folder, and `N ms` for measured times."""
    environment = {**os.environ, "COLUMNS": str(WIDTH), "TZ": "UTC", "PYTHONUTF8": "1", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "claude_metrics", "demo"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", env=environment, check=True, timeout=120)
    return constant(done.stdout)


def constant(text: str) -> str:
    """`text` without what differs from run to run."""
    text = re.sub(r"(\S*claude-metrics-demo-\w+)(\S*)(  +)?", _with_one_name, text)
    text = re.sub(r"\d+ ms", "N ms", text)
    return "\n".join(line.rstrip() for line in text.splitlines())


def _with_one_name(match: re.Match[str]) -> str:
    """The path under the constant folder; in a table, spaces make up for the shorter name."""
    folder, rest, spaces = match.groups()
    padding = " " * (len(spaces) + len(folder) - len(SCRATCH)) if spaces else ""
    return SCRATCH + rest + padding
