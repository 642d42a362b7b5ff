"""Whatever way a transcript reaches us, in pieces, twice, in any order, damaged later, the same rows stand."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claude_metrics.agents.claude import sources as claude
from tests.support.captured import CAPTURES, names
from tests.support.damage import damage
from tests.support.recorder import Recorder
from tests.support.trees import copy_tree

pytestmark = pytest.mark.slow

KINDS = [name for name in names() if (CAPTURES / name / "projects").exists()]
BUSY = settings(
    max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@contextmanager
def scratch(name: str) -> Iterator[tuple[Path, Path]]:
    """An agent's data folder with one capture, and a place for databases."""
    with TemporaryDirectory() as folder:
        data = Path(folder, "claude")
        copy_tree(CAPTURES / name / "projects", data / "projects")
        yield data, Path(folder)


def transcripts(data: Path) -> list[Path]:
    return sorted(data.glob("projects/**/*.jsonl"))


def whole(data: Path, place: Path) -> dict[str, list[Any]]:
    recorder = Recorder(place / "whole.db")
    recorder.sync("claude", data)
    return recorder.dump()


@pytest.mark.parametrize("name", KINDS)
@BUSY
@given(st.data())
def test_a_transcript_fed_in_any_pieces_gives_the_rows_of_the_whole(name: str, data: st.DataObject) -> None:
    with scratch(name) as (folder, place):
        expected = whole(folder, place)
        contents = {path: path.read_bytes() for path in transcripts(folder)}
        recorder = Recorder(place / "pieces.db")
        for path in contents:
            path.write_bytes(b"")
        for path in data.draw(st.permutations(list(contents))):
            size = len(contents[path])
            for cut in sorted(data.draw(st.lists(st.integers(0, size), max_size=6))):
                with path.open("r+b") as file:
                    file.write(contents[path][:cut])
                recorder.sync("claude", folder)
            path.write_bytes(contents[path]) if not ledger_has(path) else append(path, contents[path])
            recorder.sync("claude", folder)
        assert comparable(recorder.dump(), name) == comparable(expected, name)


def comparable(dump: dict[str, list[Any]], name: str) -> dict[str, list[Any]]:
    """Old clients begin an interactive fork's file with its first answer, before the prompt it answers and before the
    copies: cut there, that answer's text has no turn to go to. Everything counted must still be the same.
    """
    if name.endswith("-fork-tui"):
        dump["turns"] = [(row[0], row[1], row[2], row[10:14]) for row in dump["turns"]]
    return dump


def ledger_has(path: Path) -> bool:
    return path.stat().st_size > 0


def append(path: Path, content: bytes) -> None:
    """Grow the file in place: it stays the same file."""
    with path.open("ab") as file:
        file.write(content[path.stat().st_size :])


@pytest.mark.parametrize("name", KINDS)
@BUSY
@given(st.data())
def test_files_read_in_any_order_and_any_number_of_times_give_the_same_rows(name: str, data: st.DataObject) -> None:
    with scratch(name) as (folder, place):
        expected = whole(folder, place)
        recorder = Recorder(place / "order.db")
        sources = list(claude.find_sources(folder))
        for source in data.draw(st.permutations(sources + sources)):
            recorder.connection.execute("delete from sources")
            recorder.record([source])
        assert recorder.dump() == expected


@pytest.mark.parametrize("name", KINDS)
@BUSY
@given(st.data())
def test_no_number_falls_when_a_transcript_is_deleted_shortened_or_rewritten(name: str, data: st.DataObject) -> None:
    with scratch(name) as (folder, place):
        recorder = Recorder(place / "monotone.db")
        recorder.sync("claude", folder)
        before = recorder.totals()
        for path in transcripts(folder):
            damage(path, data)
        recorder.sync("claude", folder)
        after = recorder.totals()
        for session, figures in before.items():
            assert all(a >= b - 1e-12 for a, b in zip(after[session], figures, strict=True)), session
