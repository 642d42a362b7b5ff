"""The clients under test: pinned versions from npm, installed once into a cache folder."""

import fcntl
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.tools import missing

ROOT = Path(__file__).resolve().parents[2]
OUTSIDE = dict(os.environ)  # as it was before a test moved HOME: npm finds its configuration there
UNREACHABLE = re.compile(
    r"npm error code (E(?:NOTFOUND|CONN\w+|TIMEDOUT|AI_AGAIN|NETUNREACH|HOSTUNREACH|[45]\d\d)|ERR_SOCKET\w*|\w*CERT\w*)"
)
ASK_AGAIN_S = 600


class ClientUnavailable(Exception):
    """This machine cannot have the client; the message says why."""

    def __init__(self, reason: str, offline: bool = False) -> None:
        super().__init__(reason)
        self.offline = offline  # npm is there, its registry is not


@dataclass(frozen=True)
class Client:
    package: str
    version: str
    binary: str
    install_script: str | None = None  # npm may hold back install scripts, so it is run by hand


CLIENTS = {
    "claude-code": Client("@anthropic-ai/claude-code", "2.1.331", "claude", "install.cjs"),
    "gemini-cli": Client("@google/gemini-cli", "0.61.0", "gemini"),
    "codex-cli": Client("@openai/codex", "0.169.0", "codex"),
    "opencode": Client("opencode-ai", "1.18.33", "opencode", "postinstall.mjs"),
    "ccusage": Client("ccusage", "20.0.24", "ccusage"),  # not a client: what our numbers and times are compared with
}


def cache_dir() -> Path:
    named = OUTSIDE.get("CLAUDE_METRICS_TEST_CACHE")
    return Path(named).expanduser() if named else ROOT / ".cache" / "clients"


def ensure_client(name: str, timeout_s: float = 240) -> Path:
    """The client's program; installs it when it is not there yet (one process at a time)."""
    client = CLIENTS[name]
    folder = cache_dir() / f"{name}-{client.version}"
    program = folder / "node_modules" / ".bin" / client.binary
    if not program.exists():
        with one_at_a_time(cache_dir() / f"{name}.lock"):
            if not program.exists():
                install(client, folder, timeout_s)
    return program


@contextmanager
def one_at_a_time(lock: Path) -> Iterator[None]:
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def install(client: Client, folder: Path, timeout_s: float) -> None:
    refused = folder.with_suffix(".unreachable")
    if refused.exists() and time.time() - refused.stat().st_mtime < ASK_AGAIN_S:
        raise ClientUnavailable(refused.read_text(), offline=True)
    building = folder.with_suffix(".building")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    try:
        npm_install(client, building, timeout_s)
    except ClientUnavailable as error:
        if error.offline:
            refused.write_text(str(error))
        raise
    shutil.rmtree(folder, ignore_errors=True)
    building.rename(folder)


def npm_install(client: Client, folder: Path, timeout_s: float) -> None:
    wanted = f"{client.package}@{client.version}"
    if not shutil.which("npm", path=OUTSIDE.get("PATH")):
        raise ClientUnavailable(f"{missing('npm')}, so {wanted} is not either")
    quiet = ("--no-audit", "--no-fund", "--no-progress", "--fetch-retries=1", "--fetch-timeout=60000")
    run_npm(wanted, ["npm", "install", "--prefix", str(folder), *quiet, wanted], folder, timeout_s)
    script = folder / "node_modules" / client.package / (client.install_script or "-")
    if script.exists():
        run_npm(wanted, ["node", str(script)], script.parent, timeout_s)


def run_npm(wanted: str, command: list[str], folder: Path, timeout_s: float) -> None:
    try:
        done = subprocess.run(
            command, cwd=folder, env=OUTSIDE, capture_output=True, text=True, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ClientUnavailable(f"{wanted}: npm took longer than {timeout_s:.0f} s", offline=True) from error
    if done.returncode == 0:
        return
    said = done.stderr + done.stdout
    found = UNREACHABLE.search(said)
    if found:
        raise ClientUnavailable(f"{wanted}: npm cannot reach its registry ({found[1]})", offline=True)
    raise RuntimeError(f"{' '.join(command[:2])} failed for {wanted}: {said[-2000:]}")
