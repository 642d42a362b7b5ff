"""Whatever way the agents' files reach us, in pieces, twice, in any order, damaged later, the same rows stand."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.agents.recorded import CODEX, GEMINI, Recording
from tests.support.captured import CAPTURES
from tests.support.damage import damage
from tests.support.recorder import Recorder
from tests.support.trees import copy_tree

pytestmark = pytest.mark.slow

CASES = [pytest.param(kind, name, id=f"{kind.agent}-{name}") for kind in (GEMINI, CODEX) for name in kind.names]
BUSY = settings(
    max_examples=6, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@contextmanager
def scratch(kind: Recording, name: str) -> Iterator[tuple[Path, Path]]:
    """The agent's data folder with one capture, and a place for databases."""
    with TemporaryDirectory() as folder:
        data = Path(folder, "data")
        copy_tree(CAPTURES / kind.captures / name / "home" / kind.data, data)
        yield data, Path(folder)


def transcripts(kind: Recording, data: Path) -> list[Path]:
    return [source.path for source in kind.sources(data)]


def whole(kind: Recording, data: Path, place: Path) -> dict[str, list[object]]:
    recorder = Recorder(place / "whole.db")
    recorder.sync(kind.agent, data)
    return recorder.dump()


@pytest.mark.parametrize(("kind", "name"), CASES)
@BUSY
@given(st.data())
def test_files_fed_in_any_pieces_give_the_rows_of_the_whole(kind: Recording, name: str, data: st.DataObject) -> None:
    with scratch(kind, name) as (folder, place):
        expected = whole(kind, folder, place)
        contents = {path: path.read_bytes() for path in transcripts(kind, folder)}
        recorder = Recorder(place / "pieces.db")
        for path in contents:
            path.write_bytes(b"")
        for path in data.draw(st.permutations(list(contents))):
            cuts = sorted(data.draw(st.lists(st.integers(0, len(contents[path])), max_size=6)))
            for cut in [*cuts, len(contents[path])]:
                with path.open("ab") as file:
                    file.write(contents[path][path.stat().st_size : cut])
                recorder.sync(kind.agent, folder)
        assert recorder.dump() == expected


@pytest.mark.parametrize(("kind", "name"), CASES)
@BUSY
@given(st.data())
def test_files_read_in_any_order_and_twice_give_the_same_rows(kind: Recording, name: str, data: st.DataObject) -> None:
    with scratch(kind, name) as (folder, place):
        expected = whole(kind, folder, place)
        recorder = Recorder(place / "order.db")
        sources = kind.sources(folder)
        for source in data.draw(st.permutations(sources + sources)):
            recorder.connection.execute("delete from sources")
            recorder.record([source])
        assert recorder.dump() == expected


@pytest.mark.parametrize(("kind", "name"), CASES)
@BUSY
@given(st.data())
def test_no_number_falls_when_a_file_is_deleted_shortened_or_rewritten(
    kind: Recording, name: str, data: st.DataObject
) -> None:
    with scratch(kind, name) as (folder, place):
        recorder = Recorder(place / "monotone.db")
        recorder.sync(kind.agent, folder)
        before = recorder.totals()
        for path in transcripts(kind, folder):
            damage(path, data)
        recorder.sync(kind.agent, folder)
        after = recorder.totals()
        for session, figures in before.items():
            assert all(a >= b - 1e-12 for a, b in zip(after[session], figures, strict=True)), session


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_a_whole_record_without_its_newline_is_read(kind: Recording, name: str, tmp_path: Path) -> None:
    with scratch(kind, name) as (folder, place):
        expected = whole(kind, folder, place)
        for path in transcripts(kind, folder):
            path.write_bytes(path.read_bytes().rstrip(b"\n"))
        recorder = Recorder(tmp_path / "unterminated.db")
        recorder.sync(kind.agent, folder)
        assert recorder.dump() == expected


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_only_new_bytes_are_read(kind: Recording, name: str, tmp_path: Path) -> None:
    with scratch(kind, name) as (folder, _):
        recorder = Recorder(tmp_path / "db")
        recorder.sync(kind.agent, folder)
        path = transcripts(kind, folder)[0]
        with path.open("ab") as file:
            file.write(b'{"type":"brand-new","payload":{}}\n')
        done = recorder.sync(kind.agent, folder)
        assert done.bytes_read == 34
        row = recorder.connection.execute("select unknown from sources where path = ?", (str(path),)).fetchone()
        assert row == ('{"brand-new": 1}',)
        assert recorder.sync(kind.agent, folder).bytes_read == 0
