"""Where Codex CLI keeps its rollouts, and how one of them is read from where it was left."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from claude_metrics.agents._json import Json, load, obj, text
from claude_metrics.agents._jsonl import PACKED, Lines, open_lines
from claude_metrics.agents.base import expanded, source_from, walk_files
from claude_metrics.agents.codex.names import NAME, ROLLOUT, rollout_name
from claude_metrics.models import Batch, Source

DAYS = 31
FIRST_BYTES = 2**20


def data_dirs() -> list[Path]:
    named = os.environ.get("CODEX_HOME")
    return [Path(named).expanduser().absolute() if named else Path.home() / ".codex"]


def find_sources(root: Path | None = None) -> Iterator[Source]:
    """Every rollout under `root` (a `.codex` folder), archived ones too."""
    for folder in [root] if root else data_dirs():
        for part in ("sessions", "archived_sessions"):
            for entry in walk_files(folder / part, (".jsonl", f".jsonl{PACKED}")):
                path = Path(entry.path)
                if ROLLOUT.search(rollout_name(path)) and not _is_second(path):
                    found = source_from(NAME, path, None)
                    yield from [found] if found else []


def _is_second(path: Path) -> bool:
    """For a moment the client leaves a packed rollout beside the plain one."""
    return path.suffix == PACKED and path.with_suffix("").exists()


def sources_of(payload: Mapping[str, Any]) -> list[Source]:
    """The rollout a hook's payload names, and those of its subagents."""
    named, session_id = payload.get("transcript_path"), text(payload.get("session_id"))
    if not isinstance(named, str) or not named or "\0" in named:
        return []
    path = expanded(named)
    main = _moved(path)
    if main is None or not path.name.startswith("rollout-") or session_id is None:
        return [main] if main else []
    return [replace(main, session_id=session_id), *_agents(path, session_id)]


def _moved(path: Path) -> Source | None:
    """The named rollout, wherever the client has put it since its hook ran: packed, archived, or both."""
    root, name = root_of(path), path.name.removesuffix(PACKED)
    for folder in (path.parent, root / "archived_sessions") if root else (path.parent,):
        for ending in ("", PACKED):
            found = source_from(NAME, folder / f"{name}{ending}", None)
            if found:
                return found
    return None


def _agents(main: Path, session_id: str) -> Iterator[Source]:
    """Subagents' rollouts lie among all others, in the folder of the day they began."""
    for folder in _days(main):
        for path in sorted([*folder.glob("rollout-*.jsonl"), *folder.glob(f"rollout-*.jsonl{PACKED}")]):
            meta = first_record(path) if path.name > main.name else {}
            if session_id in (meta.get("session_id"), _parent(meta)) and meta.get("id") != session_id:
                found = source_from(NAME, path, session_id, text(meta.get("id")))
                yield from [found] if found else []


def _parent(meta: Json) -> str | None:
    return text(obj(obj(obj(meta.get("source")).get("subagent")).get("thread_spawn")).get("parent_thread_id"))


def _days(main: Path) -> Iterator[Path]:
    """The day folders from the session's own to today's, a month at most."""
    try:
        first = date(*(int(part) for part in main.parts[-4:-1]))
    except (ValueError, TypeError):
        yield main.parent
        return
    for number in range(min(DAYS, max(0, (datetime.now().astimezone().date() - first).days + 1) + 1)):
        day = first + timedelta(days=number)
        yield main.parents[3] / f"{day:%Y}" / f"{day:%m}" / f"{day:%d}"


def first_record(path: Path) -> Json:
    """The payload of the first line; nothing when it cannot be read."""
    try:
        with open_lines(path) as file:
            line = file.read(FIRST_BYTES).partition(b"\n")[0]
    except (OSError, ValueError):
        return {}
    return obj((load(line) or {}).get("payload"))


def read(source: Source, cursor: Mapping[str, Any] | None) -> Batch:
    """Rows of the bytes behind the cursor."""
    from claude_metrics.agents._builder import read_lines
    from claude_metrics.agents.codex.reader import Reader

    batch = read_lines(source, cursor, Reader)
    known = titles(_index(source.path))
    for session_id, facts in batch.sessions.items():
        facts.title = known.get(session_id) or facts.title
    return batch


def root_of(path: Path) -> Path | None:
    """The data folder that a rollout lies in."""
    return next((parent.parent for parent in path.parents if parent.name in ("sessions", "archived_sessions")), None)


def _index(path: Path) -> Path | None:
    """`session_index.jsonl` of the rollout's data folder."""
    root = root_of(path)
    return root / "session_index.jsonl" if root else None


def titles(index: Path | None) -> dict[str, str]:
    try:
        status = index.stat() if index else None
    except OSError:
        return {}
    return _titles(index, status.st_size, status.st_mtime_ns) if index and status else {}


@lru_cache(maxsize=4)
def _titles(index: Path, size: int, mtime_ns: int) -> dict[str, str]:
    """The last name of every thread."""
    try:
        records = [record for line in Lines(index) if (record := load(line))]
    except (OSError, ValueError):
        return {}
    return {str(row.get("id")): name for row in records if (name := text(row.get("thread_name")))}
