"""Codex packs a rollout that was idle for a week, and archives one on command: the same session, counted once."""

import json
from pathlib import Path
from typing import Any

import pytest
import zstandard

from claude_metrics.agents.codex import sources
from tests.agents.test_codex_lineage import (
    CHILD,
    KINDS,
    OWN,
    ROOT,
    A,
    B,
    C,
    answered,
    meta,
    parent,
    requests,
    rollouts,
    row,
    rows,
    turn,
    write,
)  # fmt: skip

MOVES = {"packed": (False, True), "archived": (True, False), "archived and packed": (True, True)}


def move(path: Path, archived: bool, packed: bool) -> Path:
    """Put the rollout where the client puts it, and nothing in its old place."""
    folder = path.parents[4] / "archived_sessions" if archived else path.parent
    folder.mkdir(exist_ok=True)
    target = folder / f"{path.name}{'.zst' if packed else ''}"
    text = path.read_bytes()
    path.unlink()
    target.write_bytes(zstandard.ZstdCompressor().compress(text) if packed else text)
    return target


def named_by_a_hook(path: Path) -> list[tuple[Path, str | None, str | None]]:
    found = sources.sources_of({"transcript_path": str(path), "session_id": ROOT})
    return [(each.path, each.session_id, each.agent_id) for each in found]


@pytest.mark.parametrize(("archived", "packed"), MOVES.values(), ids=MOVES)
def test_a_hook_that_is_read_late_finds_the_rollout_that_was_moved_since(
    archived: bool, packed: bool, home: Path
) -> None:
    named, agent = (write(home, thread, rollouts(KINDS[0])[thread]) for thread in (ROOT, CHILD))
    target = move(named, archived, packed)
    assert named_by_a_hook(named) == [(target, ROOT, None), (agent, ROOT, CHILD)]


def test_a_hook_that_named_the_packed_rollout_finds_the_one_that_was_unpacked_to_go_on(home: Path) -> None:
    path = write(home, ROOT, rollouts(KINDS[0])[ROOT])
    assert named_by_a_hook(path.with_name(f"{path.name}.zst")) == [(path, ROOT, None)]


@pytest.mark.parametrize("plain_stays", [True, False])
def test_a_packed_rollout_gives_the_rows_of_the_plain_one(plain_stays: bool, home: Path, run_cli: Any) -> None:
    path = write(home, ROOT, parent(records=True))
    before = requests(run_cli)
    packed = path.with_name(f"{path.name}.zst")
    packed.write_bytes(zstandard.ZstdCompressor().compress(path.read_bytes()))
    if not plain_stays:
        path.unlink()
    assert requests(run_cli) == before
    assert len(rows("select 1 from sessions")) == 1


def test_a_packed_rollout_is_found_by_itself(home: Path, run_cli: Any) -> None:
    path = write(home, ROOT, parent(records=True))
    path.with_name(f"{path.name}.zst").write_bytes(zstandard.ZstdCompressor().compress(path.read_bytes()))
    path.unlink()
    assert requests(run_cli) == sorted((row(None, used) for used in (A, B, C)), key=str)


def test_a_damaged_packed_rollout_fails_alone(home: Path, run_cli: Any) -> None:
    write(home, CHILD, [meta(0, CHILD), turn(1, "t1"), *answered(3, OWN, OWN)])
    path = write(home, ROOT, [])
    path.with_name(f"{path.name}.zst").write_bytes(b"not packed at all")
    path.unlink()
    done = run_cli("sync", "--agent", "codex", "--json")
    assert json.loads(done.stdout)["failed"] == 1
    assert len(rows("select 1 from sessions")) == 1
