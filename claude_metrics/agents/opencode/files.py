"""OpenCode's older store: a JSON file per session, message and part (`storage/...`), before 1.2. Trees may remain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from claude_metrics.agents._json import Json, load, millis, obj, text
from claude_metrics.agents._jsonl import open_regular
from claude_metrics.agents.base import walk_files
from claude_metrics.agents.opencode.store import Message, Part, Session


def sessions(storage: Path) -> dict[str, Session]:
    """Every `session/<project>/<id>.json`."""
    found = (_session(storage, Path(entry.path)) for entry in walk_files(storage / "session", ".json", 2))
    return {session.id: session for session in found if session}


def _session(storage: Path, path: Path) -> Session | None:
    info = _load(path)
    if text(info.get("id")) is None:
        return None
    messages = list(walk_files(storage / "message" / path.stem, ".json", 0))
    times = [path.stat().st_mtime_ns // 10**6, *(entry.stat().st_mtime_ns // 10**6 for entry in messages)]
    return Session(
        info["id"],
        text(info.get("parentID")),
        text(info.get("directory")),
        text(info.get("title")),
        text(info.get("version")),
        millis(obj(info.get("time")).get("created")),
        max(times),
        len(messages),
        None,
    )


def messages(storage: Path, session_ids: Iterable[str]) -> Iterator[Message]:
    """All messages of the sessions in order of time, with their parts."""
    for session_id in session_ids:
        found = [_message(storage, Path(e.path)) for e in walk_files(storage / "message" / session_id, ".json", 0)]
        yield from sorted(found, key=lambda message: (message.created, message.id))


def _message(storage: Path, path: Path) -> Message:
    data = _load(path)
    created = millis(obj(data.get("time")).get("created"))
    parts = [
        Part(Path(e.path).stem, 0, _load(Path(e.path))) for e in walk_files(storage / "part" / path.stem, ".json", 0)
    ]
    return Message(path.stem, path.parent.name, created, created, data, parts)


def _load(path: Path) -> Json:
    try:
        with open_regular(path) as file:
            return load(file.read()) or {}
    except OSError:
        return {}
