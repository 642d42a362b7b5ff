"""The benchmarks run, count the work they should, and print their figures; nothing here judges a time."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def figures() -> dict[str, dict[str, object]]:
    command = [sys.executable, "-m", "benchmarks", "--short", "--json", "hook", "sync", "redaction"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_sync_of_nothing_new_reads_no_byte_and_writes_no_row(figures: dict[str, dict[str, dict[str, int]]]) -> None:
    counts = figures["sync"]["counts"]
    assert counts["cold_bytes_read"] == counts["bytes"]
    assert counts["cold_rows_written"] > 0
    assert (counts["warm_bytes_read"], counts["warm_rows_written"]) == (0, 0)


def test_memory_stays_within_its_bound(figures: dict[str, dict[str, dict[str, float]]]) -> None:
    assert figures["sync"]["ratios"]["peak memory, MB"] < 400


def test_the_hook_writes_one_file_and_starts_one_process(figures: dict[str, dict[str, float]]) -> None:
    assert figures["hook"]["files_per_event"] == pytest.approx(1, abs=0.5)
    assert figures["hook"]["processes_started"] == pytest.approx(1, abs=0.5)


def test_no_made_up_secret_survives_and_harmless_texts_stay(figures: dict[str, dict[str, dict[str, float]]]) -> None:
    found = figures["redaction"]
    assert found["ratios"] == {
        "formats that survive anywhere": 0,
        "notations that survive": 0,
        "innocents marked, %": 0,
    }
    assert found["seconds per GiB"]["this"] > 0
