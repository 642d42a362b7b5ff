"""SECURITY.md names tests that exist."""

import re
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "SECURITY.md").read_text()


def test_every_promise_names_a_test_that_exists() -> None:
    rows = [
        line for line in PAGE.splitlines() if line.startswith("| ") and " --- " not in line and "| test |" not in line
    ]
    assert len(rows) > 20
    for row in rows:
        named = re.findall(r"`((?:benchmarks/)?\w+\.py)`", row)
        assert named, row
        sources = "".join((TESTS.parent if "/" in name else TESTS).joinpath(name).read_text() for name in named)
        for part in re.findall(r"`(\.*[a-z_0]\w*\.*)`", row.split("|")[2]):
            words = part.strip(".")
            assert words == "py" or words in sources, (row, words)
