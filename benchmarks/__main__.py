"""All benchmarks: figures beside their targets, as a table or as JSON.

    python -m benchmarks [--short] [--json] [hook sync context grafana redaction]

`--short` takes seconds and proves that the benchmarks still run; its figures mean little. Nothing fails on time.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import context, grafana, hook, redaction, sync
from tests.grafana import corpus

FULL: dict[str, dict[str, Any]] = {"hook": {}, "sync": {}, "context": {}, "grafana": {}, "redaction": {}}
SHORT: dict[str, dict[str, Any]] = {
    "hook": {"runs": 5},
    "sync": {"mib": 32, "rounds": 1},
    "context": {"runs": 2, "largest": 300, "submodules": (30,) * 3},
    "grafana": {"sessions": 200},
    "redaction": {"seeds": 1, "rounds": 1},
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(FULL)} (default: all)")
    parser.add_argument("--short", action="store_true", help="small inputs, few rounds")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    chosen = SHORT if options.short else FULL
    results = {name: figures(name, chosen[name]) for name in options.names or chosen}
    if options.json:
        print(json.dumps({name: rows for name, (rows, _) in results.items()}, indent=1))
        return
    for name, (rows, ceilings) in results.items():
        show(name, rows, ceilings)


def figures(name: str, arguments: dict[str, Any]) -> tuple[dict[str, Any], dict[str, float]]:
    """What one benchmark measured, with `ratios` that its ceilings name."""
    if name == "hook":
        return hook.measure(**arguments), hook.CEILINGS
    if name == "sync":
        return sync.measure(**arguments), sync.CEILINGS
    if name == "redaction":
        return redaction.measure(**arguments), dict(redaction.CEILINGS)
    if name == "context":
        measured = context.measure(**arguments)
        name = "(note - interpreter) / git status in the largest repository"
        return measured | {"ratios": {name: measured.pop("ratio")}}, {name: context.CEILING}
    return _panels(**arguments)


def _panels(sessions: int = 20_000) -> tuple[dict[str, Any], dict[str, float]]:
    """The five slowest queries of the dashboards, in full scans of the requests."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "db" / "metrics.db"
        found = grafana.measure(path, corpus.build(path, sessions))
    slowest = dict(list(found.items())[:5])
    return {"queries": len(found), "ratios": slowest}, dict.fromkeys(slowest, grafana.CEILING)


def show(name: str, rows: dict[str, Any], ceilings: dict[str, float]) -> None:
    console = Console(highlight=False)
    table = Table(title=name, title_justify="left")
    for heading in ("figure", "measured", "target", ""):
        table.add_column(heading, justify="left" if heading in ("figure", "") else "right")
    for ratio, value in rows.get("ratios", {}).items():
        target = ceilings.get(ratio)
        within = "" if target is None else "ok" if value <= target else "missed"
        table.add_row(ratio, f"{value:,.2f}", "" if target is None else f"{target:g}", within)
    console.print(table)
    for key, value in rows.items():
        if key != "ratios":
            console.print(
                f"{key}: {value if not isinstance(value, dict) else ', '.join(f'{k} {v}' for k, v in value.items())}"
            )


if __name__ == "__main__":
    main()
