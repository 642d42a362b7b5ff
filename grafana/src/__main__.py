"""`python -m grafana.src [--check]`: write the dashboards and alert rules, or tell which files are not what would be written."""

from __future__ import annotations

import sys
from pathlib import Path

from grafana.src.alerts import rules
from grafana.src.board import dumps
from grafana.src.suite import SUITE

FOLDER = Path(__file__).resolve().parent.parent


def files() -> dict[Path, str]:
    """Every generated file and its text."""
    made = {FOLDER / "dashboards" / f"{name}.json": dumps(module.dashboard()) for name, module in SUITE.items()}
    return {**made, FOLDER / "provisioning" / "alerting" / "claude-metrics.yaml": rules()}


def main() -> int:
    stale = [path for path, text in files().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv[1:]:
        for path in stale:
            sys.stderr.write(f"{path} is not what grafana/src says; run: make docs\n")
        return bool(stale)
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files()[path], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
