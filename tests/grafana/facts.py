"""What panels should show, computed by Python from the tables, row by row."""

import itertools
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cached_property
from typing import Any

import pytest

from tests.grafana import suite
from tests.grafana.conftest import Tried
from tests.grafana.emulator import Range

EAST = 345  # Nepal: the zone that needs quarter hours
Row = dict[str, Any]


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def quarter(text: str) -> int:
    return int(seconds(text)) // 900 * 900


@dataclass(frozen=True)
class Facts:
    """The tables as lists of dicts, and the range that panels are asked for."""

    tried: Tried
    when: Range

    def table(self, name: str) -> list[Row]:
        columns = [row[1] for row in self.tried.source.plain(f"pragma table_info({name})")]
        return [dict(zip(columns, row, strict=True)) for row in self.tried.source.plain(f"select * from {name}")]

    @cached_property
    def sessions(self) -> dict[str, Row]:
        return {row["session_id"]: row for row in self.table("sessions")}

    def inside(self, text: str | None) -> bool:
        return text is not None and self.when.start / 1000 <= seconds(text) < self.when.end / 1000

    def in_quarters(self, text: str) -> bool:
        return self.when.start // 1000 <= quarter(text) < self.when.end // 1000

    @cached_property
    def requests(self) -> list[Row]:
        return [row for row in self.table("token_usage") if self.in_quarters(row["timestamp"])]

    @cached_property
    def calls(self) -> list[Row]:
        return [row for row in self.table("tool_calls") if self.in_quarters(row["timestamp"])]

    @cached_property
    def begun(self) -> list[Row]:
        return [row for row in self.sessions.values() if self.inside(row["start_time"])]

    @cached_property
    def commits(self) -> list[Row]:
        return [row for row in self.table("commits") if self.inside(row["committed_at"])]

    def project(self, row: Row) -> str:
        return self.sessions[row["session_id"]]["project_name"] or "(none)"

    @cached_property
    def names(self) -> dict[str, str]:
        return dict(self.tried.source.plain("select model, model_name from v_model_names"))

    def model(self, row: Row) -> str:
        return self.names[row["model"]]

    def local(self, at: float) -> datetime:
        return datetime.fromtimestamp(at, timezone(timedelta(minutes=self.when.east)))

    def active(self) -> dict[tuple[str, int], float]:
        """(session, quarter) -> milliseconds: pauses below five minutes between prompts and requests."""
        signs: dict[str, list[str]] = defaultdict(list)
        for row in self.table("token_usage"):
            if row["kind"] == "message":
                signs[row["session_id"]].append(row["timestamp"])
        for row in self.table("turns"):
            signs[row["session_id"]].append(row["started_at"])
        found: dict[tuple[str, int], float] = defaultdict(float)
        for session, times in signs.items():
            times.sort()
            for earlier, later in itertools.pairwise(times):
                pause = (seconds(later) - seconds(earlier)) * 1000
                if pause < 300_000 and self.in_quarters(later):
                    found[session, quarter(later)] += pause
        return found


def cost(rows: list[Row]) -> float:
    return sum(row["cost_usd"] or 0.0 for row in rows)


def tokens(rows: list[Row], *kinds: str) -> int:
    return sum(row[f"{kind}_tokens"] for row in rows for kind in kinds)


def grouped(rows: list[Row], key: Callable[[Row], Any]) -> dict[Any, list[Row]]:
    found: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return found


def hit(rows: list[Row]) -> float | None:
    whole = tokens(rows, "input", "cache_read", "cache_creation")
    return tokens(rows, "cache_read") / whole if whole else None


def failure_rate(rows: list[Row]) -> float | None:
    done = [row for row in rows if row["success"] is not None and not row["denied"]]
    return sum(row["success"] == 0 for row in done) / len(done) if done else None


def show(facts: Facts, board: str, panel: int, **chosen: Any) -> Any:
    return suite.run(facts.tried.source, suite.target(board, panel), facts.when, **chosen)


def figure(facts: Facts, board: str, panel: int) -> Any:
    return suite.last(show(facts, board, panel))


def one(frame: Any) -> list[Any]:
    assert len(frame.rows) == 1
    return list(frame.rows[0])


def near(value: Any) -> Any:
    """Equal but for rounding; None is only None."""
    if isinstance(value, dict):
        return {key: near(item) for key, item in value.items()}
    if isinstance(value, list):
        return [near(item) for item in value]
    return None if value is None else pytest.approx(value, rel=1e-9, abs=1e-9)
