"""SECURITY.md names tests that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "SECURITY.md").read_text()


def test_every_promise_names_a_test_that_exists() -> None:
    lines = [line for line in PAGE.splitlines() if line.startswith("| ") and " --- " not in line]
    rows = [line for line in lines if line != "| promise | checked by |"]
    assert len(rows) > 20
    for row in rows:
        checks = row.rpartition(" | ")[2]
        files = re.findall(r"\[\w+\.py\]\(((?:tests|benchmarks)/[\w/]+\.py)\)", checks)
        assert files, row
        sources = "".join((ROOT / name).read_text() for name in files)
        for part in re.findall(r"`(\.*[a-z_0]\w*\.*)`", checks):
            assert part.strip(".") in sources, (row, part)
