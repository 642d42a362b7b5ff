"""`doctor` names a damaged or newer database, and rebuilds one that is damaged."""

import re
import shutil
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from claude_metrics import paths
from claude_metrics.lock import only_one
from claude_metrics.recording import worker
from claude_metrics.store import backup
from claude_metrics.store.version import LATEST
from tests.health.examined import Cli, examine, sessions

pytestmark = pytest.mark.slow


def scramble(raw: bytes) -> bytes:
    changed = bytearray(raw)
    for start in range(8192, len(raw), 4096):
        changed[start : start + 300] = bytes((start // 4096 + place * 37) % 256 for place in range(300))
    return bytes(changed)


DAMAGE = {
    "scrambled": scramble,
    "truncated": lambda raw: raw[: len(raw) // 2],
    "cut in a page": lambda raw: raw[: len(raw) // 2 + 100],
    "header gone": lambda raw: bytes(100) + raw[100:],
    "not a database": lambda raw: b"this is no database\n" * 500,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
@pytest.mark.parametrize("transcripts", ["on disk", "gone"])
def test_a_damaged_database_is_set_aside_and_rebuilt(
    recorded: Path, home: Path, damage: Callable[[bytes], bytes], transcripts: str
) -> None:
    """From what is on disk, and where that is gone from the daily copy."""
    assert backup.daily(recorded)
    right, broken = sessions(recorded), damage(recorded.read_bytes())
    recorded.write_bytes(broken)
    if transcripts == "gone":
        shutil.rmtree(home / ".claude" / "projects")
    assert examine()["database"].check.state == "fail"
    found = examine(fix=True)
    assert found["database"].check.state == "ok" and "set aside" in found["database"].mended
    assert sessions(recorded) == right
    [aside] = (paths.data_dir() / "backups").glob("damaged-*-metrics.db")
    assert aside.read_bytes() == broken
    assert stat.S_IMODE(recorded.stat().st_mode) == 0o600
    assert [path.name for path in recorded.parent.iterdir()] == ["metrics.db"]


def test_without_copy_and_transcripts_what_can_be_read_is_kept(recorded: Path, home: Path) -> None:
    right = sessions(recorded)
    damage_page_of(recorded, "tool_calls_session")
    shutil.rmtree(home / ".claude" / "projects")
    found = examine(fix=True)
    assert found["database"].check.state == "ok"
    kept = sessions(recorded)
    assert kept and kept.items() <= right.items()
    lost = re.search(r"(\d+) sessions? could not be read", found["database"].mended)
    assert len(right) - len(kept) == (int(lost[1]) if lost else 0)


def damage_page_of(db_path: Path, name: str) -> None:
    """Break the first page of a table or index."""
    with closing(sqlite3.connect(db_path)) as db:
        page = db.execute("select rootpage from sqlite_master where name = ?", (name,)).fetchone()[0]
        size = db.execute("pragma page_size").fetchone()[0]
    with db_path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xa5" * 64)


def test_a_newer_database_is_refused_and_left_alone(recorded: Path, run_cli: Cli) -> None:
    with closing(sqlite3.connect(recorded)) as db:
        db.execute(f"pragma user_version = {LATEST + 1}")
    before = recorded.read_bytes()
    done = run_cli("doctor", "--fix")
    assert done.returncode == 1
    assert re.search(r"(?m)^fail +database +it is of a newer claude-metrics", done.stdout)
    assert recorded.read_bytes() == before


def test_a_damaged_database_is_not_replaced_while_a_worker_records(recorded: Path) -> None:
    broken = b"nothing" * 999
    recorded.write_bytes(broken)
    with only_one(worker.lock_file(paths.spool_dir())) as first:
        assert first
        found = examine(fix=True)
    assert "recording just now" in found["database"].trouble
    assert recorded.read_bytes() == broken


def test_write_ahead_logging_is_told_to_the_reader(recorded: Path) -> None:
    with closing(sqlite3.connect(recorded)) as db:
        db.execute("pragma journal_mode = wal")
    found = examine()
    assert found["database"].check.state == "warn"
    assert found["reader"].check.state in ("warn", "fail") and "delete" in found["reader"].check.remedy
    assert recorded.stat().st_nlink == 1
