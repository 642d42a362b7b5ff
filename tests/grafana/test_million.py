"""A million requests of 20,000 sessions: every target runs, and takes fewer steps than one scan of the requests."""

import os
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.grafana import UNIT, query
from tests.grafana import corpus, suite
from tests.grafana.conftest import Tried
from tests.grafana.emulator import DataSource
from tests.grafana.test_targets import assert_fits, session_of

pytestmark = pytest.mark.slow


def test_a_million_requests(tmp_path: Path) -> None:
    """One test, for the database is made once and is large. `make bench` has the times."""
    path = tmp_path / "db" / "metrics.db"
    now = corpus.build(path, 20_000)
    source = suite.datasource(path)
    try:
        assert source.plain("select count(*) from token_usage") == [(1_000_000,)]
        session = session_of(Tried("million", source, now))
        for target in suite.targets():
            assert_fits(target, suite.run(source, target, suite.range_of(target.board, now), session=session))
        one_scan = steps(source, UNIT)
        taken = {target.name: steps(source, query(target, now, session)) for target in suite.targets()}
        assert {name: count / one_scan for name, count in taken.items() if count > one_scan} == {}
    finally:
        os.unlink(path)  # noqa: PTH108 - 700 MB that pytest would keep


def steps(source: DataSource, sql: str) -> int:
    """The work of a query: steps of SQLite's machine, in hundreds. A lost index multiplies them."""
    count = 0

    def one_more() -> bool:
        nonlocal count
        count += 1
        return False

    with closing(source.open()) as connection:
        connection.set_progress_handler(one_more, 100)
        connection.execute(sql).fetchall()
    return count
