"""Where Gemini CLI keeps its chats, and how one of its files is read from where it was left."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from claude_metrics.agents._json import load
from claude_metrics.agents._jsonl import open_regular
from claude_metrics.agents.base import expanded, source_from, walk_files
from claude_metrics.agents.gemini.names import NAME
from claude_metrics.models import Batch, Source


def data_dirs() -> list[Path]:
    """The `.gemini` folder; `GEMINI_CLI_HOME` stands for the home."""
    return [Path(os.environ.get("GEMINI_CLI_HOME") or Path.home()).expanduser().absolute() / ".gemini"]


def find_sources(root: Path | None = None) -> Iterator[Source]:
    """Every chat under `root` (a `.gemini` folder)."""
    for folder in [root] if root else data_dirs():
        for chats in sorted((folder / "tmp").glob("*/chats")):
            for entry in walk_files(chats, (".jsonl", ".json"), 1):
                yield from _source(chats, Path(entry.path))


def root_of(path: Path) -> Path | None:
    """The data folder that a chat lies in: `<root>/tmp/<project>/chats/`."""
    chats = next((parent for parent in path.parents if parent.name == "chats"), None)
    return chats.parents[2] if chats and chats.parents[1].name == "tmp" else None


def _source(chats: Path, path: Path) -> Iterator[Source]:
    if path.parent == chats and path.name.startswith("session-"):
        found = source_from(NAME, path, None)
    elif path.parent != chats and path.suffix == ".jsonl":
        found = source_from(NAME, path, path.parent.name, path.stem)
    else:
        found = None
    if found:
        yield found


def sources_of(payload: Mapping[str, Any]) -> list[Source]:
    """The chat a hook's payload names, and those of its subagents."""
    named, session_id = payload.get("transcript_path"), payload.get("session_id")
    if not isinstance(named, str) or not named or "\0" in named:
        return []
    path = expanded(named)
    main = list(_source(path.parent, path))
    if not main or not isinstance(session_id, str) or Path(session_id).name != session_id:
        return main
    agents = walk_files(path.parent / session_id, ".jsonl", 0)
    return [*main, *(source for entry in agents for source in _source(path.parent, Path(entry.path)))]


def read(source: Source, cursor: Mapping[str, Any] | None) -> Batch:
    """Rows of the bytes behind the cursor; a `.json` file is one object and read whole."""
    from claude_metrics.agents._builder import read_lines
    from claude_metrics.agents.gemini.reader import Reader

    project = project_of(source)
    if source.path.suffix == ".json":
        return _read_object(source, project)
    return read_lines(source, cursor, partial(Reader, project=project))


def _read_object(source: Source, project: str | None) -> Batch:
    from claude_metrics.agents.gemini.reader import Reader

    reader = Reader(source, {}, project)
    with open_regular(source.path) as file:
        content = file.read()
    record = load(content)
    if record is None:
        reader.batch.bad_lines += 1
    else:
        reader.conversation(record)
    batch = reader.finish()
    batch.bytes_read = len(content)
    return batch


def project_of(source: Source) -> str | None:
    """The directory behind the project's short name: `.project_root` beside the chats, or `projects.json`."""
    folder = source.path.parents[2 if source.agent_id else 1]
    try:
        return (folder / ".project_root").read_text(encoding="utf-8").strip() or None
    except (OSError, ValueError):
        return _listed(folder)


def _listed(folder: Path) -> str | None:
    try:
        known = json.loads((folder.parents[1] / "projects.json").read_text(encoding="utf-8"))["projects"]
        return next((str(path) for path, name in known.items() if name == folder.name), None)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError):
        return None
