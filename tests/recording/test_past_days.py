"""A past day's figure changes only by work of that day, whatever arrives later.

The captures are of one day each, so their processes are moved to days of their own: with each total that the client
wrote, the next day begins. Work at the same time therefore goes on over midnight.
"""

import json
import re
from bisect import bisect_left
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.captured import CAPTURES, names, read_lines
from tests.support.recorder import Recorder

pytestmark = pytest.mark.slow

KINDS = [name for name in names() if (CAPTURES / name / "projects").exists()]
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
BUSY = settings(
    max_examples=4, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
Lines = list[tuple[str, str]]  # the day on which it is written, and the line


def stamp_of(line: str) -> str:
    """The record's own time; what has none is as late as what stands before it."""
    return str(json.loads(line).get("timestamp") or "") if line.startswith("{") and line.endswith("}") else ""


def midnights(contents: dict[Path, list[str]]) -> list[str]:
    """The times after which a new day begins: those of the last record before each total."""
    ends = set[str]()
    for lines in contents.values():
        latest = ""
        for line in lines:
            latest = max(latest, stamp_of(line))
            if '"type":"cost-state"' in line[:40] and latest:
                ends.add(latest)
    return sorted(ends)


def moved(line: str, ends: list[str]) -> str:
    def later(match: re.Match[str]) -> str:
        at = datetime.strptime(match[0], "%Y-%m-%dT%H:%M:%S.%fZ") + timedelta(days=bisect_left(ends, match[0]))
        return at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

    return STAMP.sub(later, line)


def owners(name: str, contents: dict[Path, list[str]]) -> dict[str, Path]:
    """The file that had each record first: that of the session which was started first."""
    started = [call["stdin"]["session_id"] for call in read_lines(CAPTURES / name / "hooks.jsonl")]
    found: dict[str, Path] = {}
    for path in sorted(contents, key=lambda p: started.index(p.stem) if p.stem in started else len(started)):
        for line in contents[path]:
            uuid = json.loads(line).get("uuid") if stamp_of(line) else None
            if uuid:
                found.setdefault(uuid, path)
    return found


def written(path: Path, lines: list[str], first: dict[str, Path]) -> Lines:
    """Each line with the day on which it was written: what a fork copied, on the day of its own first record."""
    days = []
    for line in lines:
        record = json.loads(line) if stamp_of(line) else {}
        copied = first.get(record.get("uuid", ""), path) != path
        days.append("" if copied else str(record.get("timestamp", ""))[:10])
    own = next((day for day in days if day), "")
    latest, dated = own, []
    for day, line in zip(days, lines, strict=True):
        latest = max(latest, day)
        dated.append((latest, line))
    return dated


def spread(name: str) -> dict[Path, Lines]:
    """The capture's transcripts, by their path below `projects`, over as many days as it has totals."""
    folder = CAPTURES / name / "projects"
    contents = {p.relative_to(folder): p.read_text().splitlines() for p in sorted(folder.rglob("*.jsonl"))}
    ends = midnights(contents)
    contents = {path: [moved(line, ends) for line in lines] for path, lines in contents.items()}
    first = owners(name, contents)
    return {path: written(path, lines, first) for path, lines in contents.items()}


def by_day(recorder: Recorder) -> dict[str, tuple[float, int]]:
    """USD and tokens per day, as the rows and the sums for the dashboards have them."""
    sums: dict[str, Any] = {}
    for table, day in (("token_usage", "substr(timestamp, 1, 10)"), ("usage_15min", "date(time, 'unixepoch')")):
        rows = recorder.connection.execute(
            f"""select {day}, round(total(cost_usd), 9), sum(input_tokens + output_tokens + cache_read_tokens
                + cache_creation_tokens) from {table} group by 1"""
        )
        sums[table] = {row[0]: row[1:] for row in rows if row[2]}
    assert sums["token_usage"] == sums["usage_15min"]
    return sums["token_usage"]


@pytest.mark.parametrize("name", KINDS)
@BUSY
@given(st.data())
def test_a_past_days_figure_changes_only_by_work_of_that_day(name: str, data: st.DataObject) -> None:
    files = spread(name)
    days = sorted({day for lines in files.values() for day, _ in lines})
    with TemporaryDirectory() as folder:
        recorder, root = Recorder(Path(folder, "days.db")), Path(folder, "claude")
        past: dict[str, tuple[float, int]] = {}
        for day in days:
            todo = {path: [line for at, line in lines if at == day] for path, lines in files.items()}
            for path, some in pieces(todo, data):
                append(root / "projects" / path, some)
                recorder.sync("claude", root)
                assert {at: by_day(recorder).get(at) for at in past} == past
            past = {at: figures for at, figures in by_day(recorder).items() if at <= day}
        assert past == whole(files)


def pieces(todo: dict[Path, list[str]], data: st.DataObject) -> list[tuple[Path, list[str]]]:
    """The files' lines of one day in pieces, in any order but the file's own."""
    waiting = {path: cut(lines, data) for path, lines in todo.items() if lines}
    turns = data.draw(st.permutations([path for path, parts in waiting.items() for _ in parts]))
    return [(path, waiting[path].pop(0)) for path in turns]


def cut(lines: list[str], data: st.DataObject) -> list[list[str]]:
    places = [0, *sorted(data.draw(st.sets(st.integers(1, len(lines)), max_size=2))), len(lines)]
    return [lines[begin:end] for begin, end in pairwise(places) if end > begin]


def append(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write("".join(f"{line}\n" for line in lines))


def whole(files: dict[Path, Lines]) -> dict[str, tuple[float, int]]:
    """The figures of all files read at once."""
    with TemporaryDirectory() as folder:
        recorder, root = Recorder(Path(folder, "whole.db")), Path(folder, "claude")
        for path, lines in files.items():
            append(root / "projects" / path, [line for _, line in lines])
        recorder.sync("claude", root)
        return by_day(recorder)
