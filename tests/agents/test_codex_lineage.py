"""Codex rollouts as people reported them: spawned agents, several counters, a counter that falls, packed files.

Every request is counted once and belongs to the thread that made it, in whatever rollout it is repeated.
"""

import json
import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from claude_metrics import paths

Json = dict[str, Any]
ROOT, CHILD, OTHER = (f"01a00{n}-0000-7000-8000-000000000{n}" for n in ("101", "202", "303"))


def at(second: float) -> str:
    minutes, rest = divmod(second, 60)
    return f"2026-09-10T09:{int(minutes):02}:{rest:06.3f}Z"


def line(second: float, kind: str, **payload: Any) -> Json:
    return {"timestamp": at(second), "type": kind, "payload": payload}


def meta(second: float, thread: str, **more: Any) -> Json:
    return line(second, "session_meta", id=thread, cwd="/home/dev/app", timestamp=at(second), **more)


def spawned(parent: str) -> Json:
    return {"subagent": {"thread_spawn": {"parent_thread_id": parent, "depth": 1}}}


def usage(tokens: tuple[int, int, int]) -> Json:
    return dict(zip(("input_tokens", "cached_input_tokens", "output_tokens"), tokens, strict=True))


def turn(second: float, name: str, model: str = "gpt-5.5") -> Json:
    return line(second, "turn_context", turn_id=name, model=model, cwd="/home/dev/app")


def event(second: float, kind: str, **more: Any) -> Json:
    return line(second, "event_msg", type=kind, **more)


def counted(second: float, total: tuple[int, int, int], last: tuple[int, int, int], limit: str | None = None) -> Json:
    limits = {"rate_limits": {"limit_id": limit}} if limit else {}
    return event(
        second, "token_count", info={"total_token_usage": usage(total), "last_token_usage": usage(last)}, **limits
    )


def answered(second: float, total: tuple[int, int, int], last: tuple[int, int, int]) -> list[Json]:
    return [event(second - 1, "agent_message", message="done"), counted(second, total, last)]


def record(second: float, thread: str, session: str, response: str, used: tuple[int, int, int]) -> Json:
    return line(
        second, "token_usage_record", thread_id=thread, session_id=session, response_id=response, usage=usage(used)
    )


A, B, C, OWN = (30_000, 24_000, 100), (45_000, 36_000, 200), (48_000, 45_000, 10), (9_000, 0, 50)
AB, ABC = (75_000, 60_000, 300), (123_000, 105_000, 310)


def grown(total: tuple[int, int, int], by: tuple[int, int, int]) -> tuple[int, int, int]:
    first, second, third = (a + b for a, b in zip(total, by, strict=True))
    return first, second, third


def history(shift: Callable[[float], float] = lambda second: second, contexts: bool = True) -> list[Json]:
    """The parent's first two turns, as they are or as another rollout repeats them."""
    first = [turn(shift(1), "p1")] if contexts else []
    then = [turn(shift(10), "p2")] if contexts else []
    said = event(shift(2), "agent_message", message="done")
    again = event(shift(11), "agent_message", message="done")
    return [*first, said, counted(shift(3), A, A), *then, again, counted(shift(12), AB, B)]


def parent(records: bool) -> list[Json]:
    lines = [meta(0, ROOT, **({"session_id": ROOT} if records else {})), *history()]
    lines += [turn(90, "p3"), event(91, "agent_message", message="done"), counted(92, ABC, C)]
    if not records:
        return lines
    used = {at(3): A, at(12): B, at(92): C}
    whole: list[Json] = []
    for each in lines:
        if each["payload"].get("type") == "token_count":
            second = {at(3): 3, at(12): 12, at(92): 92}[each["timestamp"]]
            whole.append(record(second, ROOT, ROOT, f"resp_{second}", used[each["timestamp"]]))
        whole.append(each)
    return whole


def child(thread: str, replay: list[Json], own: tuple[int, int, int], records: bool, **more: Any) -> list[Json]:
    lines = [meta(60, thread, source=spawned(ROOT), **more), *replay, turn(70, f"c-{thread}")]
    lines.append(event(71, "agent_message", message="done"))
    if records:
        lines.append(record(72, thread, ROOT, f"resp_{thread}", own))
    return [*lines, counted(72, grown(AB, own), own)]


def rollouts(kind: str) -> dict[str, list[Json]]:
    """By thread: the parent and two children, which repeat its history in the way named."""
    records = kind != "stamped anew"
    shift = (lambda second: 61.0) if kind == "stamped anew" else (lambda second: second)
    replay = history(shift, contexts=kind != "without contexts")
    more: Json = {"session_id": ROOT} if records else {"forked_from_id": ROOT}
    return {
        ROOT: parent(records),
        CHILD: child(CHILD, replay, OWN, records, **more),
        OTHER: child(OTHER, replay, grown(OWN, (1, 0, 0)), records, **more),
    }


def write(home: Path, name: str, lines: list[Json]) -> Path:
    folder = home / ".codex" / "sessions" / "2026" / "09" / "10"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"rollout-2026-09-10T09-00-00-{name}.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in lines))
    return path


def rows(sql: str, *values: object) -> list[Any]:
    with closing(sqlite3.connect(paths.database_file())) as database:
        return database.execute(sql, values).fetchall()


def requests(run_cli: Any) -> list[tuple[Any, ...]]:
    """(session, thread or None, input, cached, output) of every request."""
    done = run_cli("sync", "--agent", "codex")
    assert done.returncode == 0, done.stderr
    columns = "session_id, agent_id, input_tokens, cache_read_tokens, output_tokens"
    return sorted(map(tuple, rows(f"select {columns} from token_usage")), key=str)


def row(thread: str | None, used: tuple[int, int, int]) -> tuple[Any, ...]:
    return (ROOT, thread, used[0] - used[1], used[1], used[2])


WANTED = sorted([*(row(None, used) for used in (A, B, C)), row(CHILD, OWN), row(OTHER, grown(OWN, (1, 0, 0)))], key=str)
KINDS = ["with first times", "without contexts", "stamped anew"]


def orders() -> Iterator[list[str]]:
    yield from ([ROOT, CHILD, OTHER], [OTHER, CHILD, ROOT])


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("order", orders(), ids=["parent first", "children first"])
def test_a_spawned_agent_that_repeats_its_parents_history_counts_for_its_own_requests(
    kind: str, order: list[str], home: Path, run_cli: Any
) -> None:
    found: list[tuple[Any, ...]] = []
    for thread in order:
        write(home, thread, rollouts(kind)[thread])
        found = requests(run_cli)
    assert found == WANTED


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_rollouts_that_grow_in_pieces_give_the_same_requests(kind: str, seed: int, home: Path, run_cli: Any) -> None:
    chance, left = random.Random(seed), {thread: list(lines) for thread, lines in rollouts(kind).items()}
    written: dict[str, list[Json]] = {thread: [] for thread in left}
    while any(left.values()):
        for thread, lines in left.items():
            size = chance.randint(0, 4)
            written[thread] += lines[:size]
            left[thread] = lines[size:]
            if written[thread]:
                write_more(home, thread, written[thread])
        requests(run_cli)
    assert requests(run_cli) == WANTED


def write_more(home: Path, thread: str, lines: list[Json]) -> None:
    """Append what is new, as the client does: the same file goes on."""
    path = write_path(home, thread)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(each) + "\n" for each in lines)
    known = path.read_text() if path.exists() else ""
    with path.open("a") as file:
        file.write(text[len(known) :])


def write_path(home: Path, thread: str) -> Path:
    return home / ".codex/sessions/2026/09/10" / f"rollout-2026-09-10T09-00-00-{thread}.jsonl"


def test_a_child_that_begins_at_its_parents_total_counts_for_what_follows(home: Path, run_cli: Any) -> None:
    write(home, ROOT, [meta(0, ROOT, session_id=ROOT), *history()])
    start = meta(60, CHILD, session_id=ROOT, source=spawned(ROOT))
    write(home, CHILD, [start, counted(60, AB, B), turn(70, "c1"), *answered(72, grown(AB, OWN), OWN)])
    assert requests(run_cli) == sorted([row(None, A), row(None, B), row(CHILD, OWN)], key=str)


def test_a_child_without_a_history_counts_from_zero(home: Path, run_cli: Any) -> None:
    write(home, ROOT, [meta(0, ROOT, session_id=ROOT), *history()])
    start = meta(60, CHILD, session_id=ROOT, source=spawned(ROOT))
    write(home, CHILD, [start, turn(70, "c1"), *answered(72, OWN, OWN)])
    assert requests(run_cli) == sorted([row(None, A), row(None, B), row(CHILD, OWN)], key=str)


def test_a_fork_that_is_named_in_the_file_alone_is_a_session_of_its_own(home: Path, run_cli: Any) -> None:
    write(home, ROOT, [meta(0, ROOT, session_id=ROOT), *history()])
    copied = history()[:3]
    fork = [meta(60, ROOT, session_id=ROOT, forked_from_id=ROOT), *copied, turn(70, "f1")]
    write(home, f"{ROOT}_{CHILD}", [*fork, *answered(72, grown(A, OWN), OWN)])
    found = requests(run_cli)
    assert found == sorted([row(None, A), row(None, B), (CHILD, None, OWN[0], 0, OWN[2])], key=str)
    assert rows("select parent_session_id from sessions where session_id = ?", CHILD)[0][0] == ROOT


NAMES = {"named": ("codex", "codex_second"), "not named": (None, None)}


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_two_counters_that_alternate_are_counted_apart(
    names: tuple[str | None, str | None], home: Path, run_cli: Any
) -> None:
    one, two = names
    big, small, more, less = (200_000, 160_000, 2_000), (10_000, 0, 100), (100_000, 80_000, 1_000), (12_000, 8_000, 80)
    lines = [meta(0, ROOT), turn(1, "t1"), event(2, "agent_message", message="done")]
    lines += [counted(3, big, big, one), counted(5, small, small, two), counted(7, grown(big, more), more, one)]
    lines += [counted(7, grown(big, more), more, one), counted(9, grown(small, less), less, two)]
    lines += [counted(12, grown(small, less), less, two)]
    write(home, ROOT, lines)
    assert requests(run_cli) == sorted((row(None, used) for used in (big, small, more, less)), key=str)


def test_a_total_that_falls_is_told_by_its_last_request(home: Path, run_cli: Any) -> None:
    high, low, last, then = (
        (300_000, 240_000, 3_000),
        (180_000, 140_000, 1_800),
        (12_000, 10_000, 120),
        (10_000, 8_000, 200),
    )
    lines = [meta(0, ROOT), turn(1, "t1"), *answered(3, high, high), turn(6, "t2"), *answered(8, low, last)]
    write(home, ROOT, [*lines, *answered(10, grown(low, then), then)])
    assert requests(run_cli) == sorted((row(None, used) for used in (high, last, then)), key=str)
