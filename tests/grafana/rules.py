"""What Grafana's backend does with an alert rule: run its queries, do the sum of its condition, fill in its message."""

import re
from collections.abc import Mapping
from typing import Any

from tests.grafana.emulator import DataSource, Range

PRINTF = re.compile(r'\{\{ printf "([^"]+)" \$values\.(\w)\.Value \}\}')


def results(source: DataSource, rule: Mapping[str, Any], now: int) -> dict[str, tuple[float, dict[str, str]]]:
    """By query: its number and its labels. A frame of one row with one numeric column is read without a reduction."""
    found = {}
    for query in rule["data"][:-1]:
        seconds = query["relativeTimeRange"]["from"]
        frame = source.query(query["model"], Range((now - seconds) * 1000, now * 1000))
        assert sorted(f.kind for f in frame.fields) in (["float"], ["float", "string"]) and len(frame.rows) == 1
        (number,) = (f.values[0] for f in frame.fields if f.kind == "float")
        found[query["refId"]] = (number, {f.name: f.values[0] for f in frame.fields if f.kind == "string"})
    return found


def fires(source: DataSource, rule: Mapping[str, Any], now: int) -> bool:
    values = {f"${ref}": number for ref, (number, _) in results(source, rule, now).items()}
    parts = rule["data"][-1]["model"]["expression"].split(" && ")
    return all(
        values[left] > (values[right] if right in values else float(right))
        for left, right in (part.split(" > ") for part in parts)
    )


def message(source: DataSource, rule: Mapping[str, Any], now: int) -> str:
    found = results(source, rule, now)
    text = PRINTF.sub(lambda m: m[1] % found[m[2]][0], rule["annotations"]["summary"])
    text = re.sub(r"\{\{ humanizePercentage \$values\.(\w)\.Value \}\}", lambda m: f"{100 * found[m[1]][0]:.4g}%", text)
    text = re.sub(r"\{\{ \$values\.(\w)\.Labels\.(\w+) \}\}", lambda m: found[m[1]][1][m[2]], text)
    assert "{{" not in text, text
    return text
