"""What each panel's query costs at a million requests and 20,000 sessions, as a ratio to one full scan in the same run.

    python -m benchmarks.grafana [SESSIONS]

The unit is `SELECT total(cost_usd) FROM token_usage` without an index, taken anew in every round. The file is opened
for each query, as the plugin does. Times are processor times, for other work on the machine must not count. Every
dashboard is asked for its own default range.
"""

import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from tests.grafana import corpus, suite
from tests.grafana.emulator import DataSource, Range, expand_macros

CEILING = 0.3  # a figure looks at twice its range, for it compares with the period before
UNIT = "SELECT total(cost_usd) FROM token_usage NOT INDEXED"


def measure(path: Path, now: int, rounds: int = 5, days: int | None = None) -> dict[str, float]:
    """95th percentile of each target's ratio, slowest first; `days` replaces the dashboards' own ranges."""
    source = suite.datasource(path)
    session = source.plain("select session_id from v_sessions order by start_time desc limit 1")[0][0]
    queries = {target.name: query(target, now, session, days) for target in suite.targets()}
    taken: dict[str, list[float]] = {name: [] for name in queries}
    for _ in range(rounds):
        unit = median(_seconds(source, UNIT) for _ in range(3))
        for name, sql in queries.items():
            taken[name].append(_seconds(source, sql) / unit)
    found = {name: sorted(ratios)[max(0, -(-95 * len(ratios) // 100) - 1)] for name, ratios in taken.items()}
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def query(target: suite.Target, now: int, session: str, days: int | None = None) -> str:
    """The SQL that Grafana sends for a panel's target."""
    when: Range = suite.range_of(target.board, now)
    if days:
        when = suite.wider(when, days)
    return expand_macros(suite.ready(target, when, suite.defaults(target.board, session=session))["queryText"], when)


def _seconds(source: DataSource, sql: str) -> float:
    started = time.process_time()
    source.plain(sql)
    return time.process_time() - started


def report(found: dict[str, float]) -> str:
    lines = [f"{ratio:8.3f}  {name}" for name, ratio in list(found.items())[:5]]
    above = sum(ratio > CEILING for ratio in found.values())
    return "\n".join([f"{len(found)} targets, {above} above {CEILING}; the five slowest (p95, in full scans):", *lines])


def main() -> int:
    sessions = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "db" / "metrics.db"
        now = corpus.build(path, sessions)
        print(f"{sessions * corpus.REQUESTS:,} requests, {sessions:,} sessions, {path.stat().st_size / 2**20:.0f} MiB")
        found = measure(path, now)
        print("default ranges:", report(found))
        print("a whole year:", report(measure(path, now, 1, corpus.DAYS)))
    return any(ratio > CEILING for ratio in found.values())


if __name__ == "__main__":
    sys.exit(main())
