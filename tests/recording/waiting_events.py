"""An event that waits in the spool, the programs that take it, and proof that a file was left alone."""

import os
import subprocess
import sys

from claude_metrics import paths
from claude_metrics.recording import spool
from tests.support.checkout import HOOK


def run_hook(payload: bytes, **environment: str) -> None:
    command = [sys.executable, "-I", "-S", str(HOOK), "--worker-python", "/bin/true"]
    done = subprocess.run(
        command, input=payload, capture_output=True, timeout=20, check=False, env=os.environ | environment
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"{}\n", b"")


def run_worker() -> int:
    """As the hook starts it."""
    return subprocess.run([sys.executable, "-I", "-m", "claude_metrics.worker"], check=False, timeout=120).returncode


def run_sync() -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "claude_metrics", "sync"]
    return subprocess.run(command, check=False, timeout=120, capture_output=True)


def waits() -> bool:
    assert not spool.failed(paths.spool_dir()), "set aside because of the database's state"
    return bool(spool.pending(paths.spool_dir()))
