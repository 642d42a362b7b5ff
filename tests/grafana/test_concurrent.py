"""Dashboards are read while the recorder writes: nobody fails, nobody starves, and the folder may be read-only."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from claude_metrics.store import connection as database
from tests.grafana import corpus, suite
from tests.grafana.emulator import PluginError
from tests.support.waiting import PATIENCE_S, wait_for

pytestmark = pytest.mark.slow

WRITER = """
import sqlite3, sys, time
from pathlib import Path
from claude_metrics.store import connection as database
from claude_metrics.store import rollups
connection = database.connect(Path(sys.argv[1]), sys.argv[2])
sessions = [row[0] for row in connection.execute("select session_id from sessions limit 50")]
n = 0
while not Path(sys.argv[3]).exists():
    connection.execute("begin immediate")
    connection.execute("create temp table touched (session_id text primary key, since text not null default (''))")
    connection.execute("insert into touched (session_id) values (?)", (sessions[n % 50],))
    connection.execute("update token_usage set cost_usd = cost_usd + 1e-9 where session_id = ?", (sessions[n % 50],))
    rollups.derive(connection)
    connection.execute("drop table temp.touched")
    connection.execute("commit")
    n += 1
    print(n, flush=True)
"""
ENOUGH = 30  # commits, and queries of each reader


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_read_while_written(tmp_path: Path, journal: str) -> None:
    path = tmp_path / "db" / "metrics.db"
    now = corpus.build(path, 300)
    database.connect(path, journal).close()
    stop, commits = tmp_path / "stop", tmp_path / "commits"
    with commits.open("w") as output:
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path), journal, str(stop)], stdout=output)
    errors: list[str] = []
    reads = [0, 0]
    readers = [threading.Thread(target=read, args=(path, now, stop, reads, n, errors)) for n in range(2)]
    for reader in readers:
        reader.start()
    try:  # whoever starves is waited for in vain
        wait_for(lambda: writer.poll() is not None or min(*reads, commits.read_text().count("\n")) >= ENOUGH)
    finally:
        stop.touch()
        for reader in readers:
            reader.join()
    assert (writer.wait(PATIENCE_S), errors) == (0, [])


def read(path: Path, now: int, stop: Path, reads: list[int], n: int, errors: list[str]) -> None:
    source = suite.datasource(path)
    session = ""
    while not stop.exists():
        for target in list(suite.targets())[n::2]:
            try:
                suite.run(source, target, suite.range_of(target.board, now), session=session)
                reads[n] += 1
            except PluginError as error:
                errors.append(f"{target.name}: {error}")
            if stop.exists():
                return


def test_a_folder_that_grafana_cannot_write_in(tmp_path: Path) -> None:
    path = tmp_path / "db" / "metrics.db"
    now = corpus.build(path, 20)
    path.chmod(0o444)
    path.parent.chmod(0o555)
    try:
        for target in suite.targets():
            suite.run(suite.datasource(path), target, suite.range_of(target.board, now), session="")
        assert os.listdir(path.parent) == ["metrics.db"]  # noqa: PTH208
    finally:
        path.parent.chmod(0o755)


def test_the_data_source_can_neither_write_nor_make_a_file(tmp_path: Path) -> None:
    path = tmp_path / "db" / "metrics.db"
    corpus.build(path, 20)
    when = suite.range_of(next(iter(suite.dashboards().values())), corpus.START)
    for sql in ("DELETE FROM sessions", "PRAGMA query_only(0)", "CREATE TABLE x (y)"):
        target = {"queryText": sql, "queryType": "table", "timeColumns": []}
        try:
            suite.datasource(path).query(target, when)
        except PluginError:
            continue
    assert suite.datasource(path).plain("select count(*) from sessions") == [(20,)]
    with pytest.raises(PluginError):
        suite.datasource(tmp_path / "wrong.db").query({"queryText": "SELECT 1", "queryType": "table"}, when)
    assert not (tmp_path / "wrong.db").exists()
