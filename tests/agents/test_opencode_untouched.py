"""The database of OpenCode stays as it was, to the byte, and its client is never locked out."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from tests.agents.opencode_database import add_message, writable
from tests.agents.recorded import OPENCODE, record
from tests.support.recorder import Recorder
from tests.support.trees import copy_tree

READ = """
import sys
from pathlib import Path
from claude_metrics.agents.opencode import AGENT
root = Path(sys.argv[1])
print(sum(len(AGENT.read(source, None).requests) for source in AGENT.find_sources(root)))
"""


def read_elsewhere(data: Path) -> int:
    """In another process, as it is: locks of one process do not meet each other."""
    done = subprocess.run([sys.executable, "-c", READ, str(data)], capture_output=True, text=True, check=True)
    return int(done.stdout)


def state(folder: Path) -> dict[str, tuple[str, int, int]]:
    """Bytes, times and modes of everything there."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.stat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        found[str(path)] = (content, status.st_mtime_ns, status.st_mode)
    return found


@pytest.mark.parametrize(
    "kind", ["nobody has it open", "the client has it open", "wal left behind", "wal and shm left"]
)
def test_reading_alters_no_byte_and_makes_no_file(kind: str, home: Path, tmp_path: Path) -> None:
    data = OPENCODE.lay_out("run-basic", home)
    db = writable(data)
    add_message(db, db.execute("select id from session").fetchone()[0], "msg_new", 1_795_147_900_000)
    if kind == "nobody has it open":
        db.close()
    elif kind != "the client has it open":
        left = tmp_path / "left"
        copy_tree(data, left)
        if kind == "wal left behind":
            (left / "opencode.db-shm").unlink()
        data = left
    before = state(data)
    assert read_elsewhere(data) == 4
    assert state(data) == before
    db.close()


WRITE = """
import json, sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None)
session = db.execute("select id from session").fetchone()[0]
print("ready", flush=True)
sys.stdin.readline()
for number in range(300):
    data = json.dumps({"role": "assistant", "modelID": "m", "tokens": {"input": 1, "output": 1}})
    db.execute("begin immediate")
    row = (f"w{number:04}", session, 1795147900000 + number, 1795147900000 + number, data)
    db.execute("insert into message values (?, ?, ?, ?, ?)", row)
    db.execute("commit")
    if number % 50 == 0:
        db.execute("pragma wal_checkpoint(passive)")
"""


def test_a_client_that_writes_is_never_locked_out(home: Path, recorder: Recorder) -> None:
    """It waits for nobody (timeout 0): any lock of ours would end it."""
    data = OPENCODE.lay_out("run-basic", home)
    writable(data).close()
    command = [sys.executable, "-c", WRITE, str(data / "opencode.db")]
    client = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert client.stdin is not None
    assert client.stdout is not None
    assert client.stderr is not None
    client.stdout.readline()
    client.stdin.write("go\n")
    client.stdin.flush()
    reads = 0
    while client.poll() is None or reads == 0:
        record(recorder, OPENCODE.sources(data))
        reads += 1
    assert (client.returncode, client.stderr.read()) == (0, "")
    for stream in (client.stdin, client.stdout, client.stderr):
        stream.close()
    record(recorder, OPENCODE.sources(data))
    assert recorder.connection.execute("select count(*) from token_usage").fetchone() == (303,)
