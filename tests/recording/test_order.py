"""The same rows whatever comes first: a subagent's file or its session's, one call or another, one path or another."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from itertools import permutations
from pathlib import Path

import pytest

from claude_metrics import config
from claude_metrics.recording import disk, ingest, sync
from claude_metrics.store import connection as database
from tests.support import stored
from tests.support.captured import Capture


def places(db_path: Path) -> set[tuple[object, ...]]:
    """Each place, and in how many of the tables that name places it occurs."""
    sql = """select agent, project_path, project, branch, place_id in (select place_id from sessions),
        place_id in (select place_id from usage_15min), place_id in (select place_id from activity_15min) from places"""
    return {tuple(row) for row in stored.rows(db_path, sql)}


def test_a_session_whose_subagent_is_seen_first_leaves_no_place_behind(
    tmp_path: Path, capture: Callable[[str], Capture]
) -> None:
    capture("subagent")
    found, _ = disk.look(tmp_path / "x.db", ["claude"])
    assert len(found.changed) > 1
    results = []
    for number, sources in enumerate(permutations(found.changed)):
        db_path = tmp_path / f"{number}.db"
        for source in sources:
            with closing(database.connect(db_path)) as connection:
                ingest.store(connection, [ingest.read(source, None, "redacted")], config.Config(), "sync")
        results.append(places(db_path))
    assert all(result == results[0] for result in results)
    assert all(flag for row in results[0] for flag in row[4:])


def test_of_two_equally_large_results_the_earlier_call_counts_then_the_lower_id(tmp_path: Path) -> None:
    at = ["2026-11-20T10:00:02.000Z", "2026-11-20T10:00:01.000Z", "2026-11-20T10:00:01.000Z"]
    calls = [
        stored.call("s", when, "Read", tool_call_id=name, output_bytes=500)
        for when, name in zip(at, ["a", "c", "b"], strict=True)
    ]
    calls.append(stored.call("s", "2026-11-20T10:00:00.000Z", "Read", tool_call_id="small", output_bytes=499))
    calls.append(stored.call("s", "2026-11-20T10:00:00.000Z", "Read", tool_call_id="open", output_bytes=None))
    for number, order in enumerate(list(permutations(calls))[::7]):
        path = stored.store(tmp_path / f"{number}.db", [stored.request("s", at[0])], order)
        (row,) = stored.rows(path, "select largest_bytes, largest_call_id, calls from tool_calls_15min")
        assert tuple(row) == (500, "b", 5)


@pytest.mark.parametrize("relative", ["home/.claude", "./home/x/../.claude"])
def test_a_relative_folder_is_the_same_as_its_absolute_path(
    tmp_path: Path, capture: Callable[[str], Capture], monkeypatch: pytest.MonkeyPatch, relative: str
) -> None:
    folder, db_path = capture("print-basic").claude_dir, tmp_path / "m.db"
    (tmp_path / "home" / "x").mkdir(exist_ok=True)
    monkeypatch.chdir(tmp_path)
    sync.run(db_path, *sync.look(db_path, ["claude"], Path(relative)))
    found, _ = sync.look(db_path, ["claude"], folder)
    assert found.changed == [] and len(found.unchanged) == 1
    assert stored.rows(db_path, "select 1 from sources where path not like '/%'") == []


@pytest.mark.parametrize("variable", ["CLAUDE_CONFIG_DIR", "CODEX_HOME", "GEMINI_CLI_HOME", "XDG_DATA_HOME"])
def test_a_relative_folder_in_a_variable_is_stored_as_an_absolute_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    from claude_metrics.agents import RECORDED

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(variable, "moved")
    named = [folder for agent in RECORDED.values() for folder in agent.data_dirs()]
    assert [folder for folder in named if "moved" in folder.parts]
    assert all(folder.is_absolute() for folder in named)
