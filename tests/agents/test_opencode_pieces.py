"""Rows of OpenCode that come in any pieces and any order, or go, and its older store, give the same numbers."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claude_metrics.agents.opencode import sources as opencode
from tests.agents.recorded import OPENCODE, record
from tests.support.captured import CAPTURES
from tests.support.recorder import Recorder

# All that is served and never written are the `utility` requests: titles, asked of the small model.
BUSY = settings(
    max_examples=5, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def forked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with all captures' sessions in it."""
    target = tmp_path_factory.mktemp("all") / "opencode.db"
    for number, name in enumerate(OPENCODE.names):
        path = CAPTURES / "opencode" / name / "home" / OPENCODE.data / "opencode.db"
        if number == 0:
            shutil.copyfile(path, target)
            continue
        with closing(sqlite3.connect(target, isolation_level=None)) as db:
            db.execute("attach ? as other", (str(path),))
            for table in ("project", "session", "message", "part"):
                db.execute(f"insert or ignore into main.{table} select * from other.{table}")
    return target


def events(database: Path) -> Iterator[tuple[str, tuple[object, ...]]]:
    """Every row in the order in which the client last wrote it, projects and sessions first."""
    with closing(sqlite3.connect(database)) as db:
        for table in ("project", "session"):
            yield from ((table, row) for row in db.execute(f"select * from {table} order by time_created"))
        rows = [
            (row[updated], table, row)
            for table, updated in (("message", 3), ("part", 4))
            for row in db.execute(f"select * from {table}")
        ]
    yield from ((table, row) for _, table, row in sorted(rows, key=lambda row: (row[0], row[1])))


def empty_copy(database: Path, folder: Path) -> sqlite3.Connection:
    folder.mkdir()
    shutil.copyfile(database, folder / "opencode.db")
    db = sqlite3.connect(folder / "opencode.db", isolation_level=None)
    for table in ("part", "message", "session", "project"):
        db.execute(f"delete from {table}")
    return db


def whole(database: Path, place: Path) -> dict[str, list[object]]:
    recorder = Recorder(place / "whole.db")
    record(recorder, opencode.find_sources(database.parent))
    return recorder.dump()


@pytest.mark.slow
@BUSY
@given(st.data())
def test_rows_that_come_in_any_pieces_give_the_same(forked: Path, data: st.DataObject) -> None:
    with TemporaryDirectory() as place:
        recorder = Recorder(Path(place) / "pieces.db")
        rows = list(events(forked))
        stops = set(data.draw(st.lists(st.integers(0, len(rows)), max_size=8)))
        with closing(empty_copy(forked, Path(place) / "data")) as db:
            for number, (table, row) in enumerate(rows):
                db.execute(f"insert into {table} values ({', '.join('?' * len(row))})", row)
                if number in stops:
                    recorder.sync("opencode", Path(place) / "data")
        recorder.sync("opencode", Path(place) / "data")
        assert recorder.dump() == whole(forked, Path(place))


@BUSY
@given(st.data())
def test_sessions_read_in_any_order_and_twice_give_the_same(forked: Path, data: st.DataObject) -> None:
    with TemporaryDirectory() as place:
        recorder = Recorder(Path(place) / "order.db")
        sources = list(opencode.find_sources(forked.parent))
        for source in data.draw(st.permutations(sources + sources)):
            recorder.connection.execute("delete from sources")
            recorder.record([source])
        assert recorder.dump() == whole(forked, Path(place))


@BUSY
@given(st.data())
def test_no_number_falls_when_rows_or_the_database_are_deleted(forked: Path, data: st.DataObject) -> None:
    with TemporaryDirectory() as place:
        folder = Path(place) / "data"
        folder.mkdir()
        shutil.copyfile(forked, folder / "opencode.db")
        recorder = Recorder(Path(place) / "monotone.db")
        recorder.sync("opencode", folder)
        before = recorder.totals()
        damage(folder, data)
        recorder.sync("opencode", folder)
        after = recorder.totals()
        for session, figures in before.items():
            assert all(a >= b - 1e-12 for a, b in zip(after[session], figures, strict=True)), session


def damage(folder: Path, data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(["delete", "session", "messages", "parts", "undo"]))
    if kind == "delete":
        (folder / "opencode.db").unlink()
        return
    with closing(sqlite3.connect(folder / "opencode.db", isolation_level=None)) as db:
        third = data.draw(st.integers(0, 2))
        if kind == "undo":
            db.execute("update message set data = '{}', time_updated = time_updated + 1 where rowid % 3 = ?", (third,))
        else:
            db.execute(f"delete from {kind.rstrip('s')} where rowid % 3 = ?", (third,))


def as_files(data: Path) -> None:
    """The database as the JSON tree that clients before 1.2 wrote."""
    storage = data / "storage"

    def write(value: dict, *place: str) -> None:
        path = storage.joinpath(*place).with_suffix(".json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(value))

    with closing(sqlite3.connect(data / "opencode.db")) as db:
        db.row_factory = sqlite3.Row
        for s in db.execute("select * from session").fetchall():
            info = {"id": s["id"], "parentID": s["parent_id"], "directory": s["directory"], "title": s["title"]}
            info |= {"version": s["version"], "time": {"created": s["time_created"], "updated": s["time_updated"]}}
            write(info, "session", s["project_id"], s["id"])
        for m in db.execute("select * from message").fetchall():
            write(
                {**json.loads(m["data"]), "id": m["id"], "sessionID": m["session_id"]},
                "message",
                m["session_id"],
                m["id"],
            )
        for p in db.execute("select * from part").fetchall():
            write({**json.loads(p["data"]), "id": p["id"]}, "part", p["message_id"], p["id"])


@pytest.mark.parametrize("both", [False, True], ids=["alone", "beside the database"])
@pytest.mark.parametrize("name", OPENCODE.names)
def test_the_older_store_gives_the_same_rows(
    name: str, both: bool, home: Path, recorder: Recorder, tmp_path: Path
) -> None:
    data = OPENCODE.lay_out(name, home)
    record(recorder, OPENCODE.sources(data))
    as_files(data)
    if not both:
        (data / "opencode.db").unlink()
    other = Recorder(tmp_path / "old.db")
    record(other, OPENCODE.sources(data))
    if not both:  # files do not tell where a fork came from
        recorder.connection.execute("update sessions set parent_session_id = null")
    assert other.dump() == recorder.dump()
