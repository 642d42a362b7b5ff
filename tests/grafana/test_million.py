"""A million requests of 20,000 sessions: every target runs, and costs at most three tenths of one full scan."""

import os
from pathlib import Path

from benchmarks.grafana import CEILING, measure, report
from tests.grafana import corpus, suite
from tests.grafana.conftest import Tried
from tests.grafana.test_targets import assert_fits, session_of

TOLERANCE = 3  # of the ceiling: a lost index costs far more, a busy machine not so much; `make bench` has the figures


def test_a_million_requests(tmp_path: Path) -> None:
    """One test, for the database is made once and is large."""
    path = tmp_path / "db" / "metrics.db"
    now = corpus.build(path, 20_000)
    source = suite.datasource(path)
    try:
        assert source.plain("select count(*) from token_usage") == [(1_000_000,)]
        tried = Tried("million", source, now)
        for target in suite.targets():
            assert_fits(target, suite.run(source, target, suite.range_of(target.board, now), session=session_of(tried)))
        found = measure(path, now)
        print(report(found))
        assert {name: ratio for name, ratio in found.items() if ratio > CEILING * TOLERANCE} == {}
    finally:
        os.unlink(path)  # noqa: PTH108 - 700 MB that pytest would keep
