"""Where Claude Code keeps its sessions, and how one of its files is read from where it was left."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from claude_metrics.agents._jsonl import Lines
from claude_metrics.agents.base import expanded, source_from, walk_files
from claude_metrics.agents.claude.reader import Reader
from claude_metrics.models import Batch, Source

NAME = "claude"


def data_dirs() -> list[Path]:
    """The folders that hold `projects/`."""
    named = os.environ.get("CLAUDE_CONFIG_DIR")
    if named:
        return [Path(part).expanduser() for part in named.split(",") if part]
    return [Path.home() / ".claude", Path.home() / ".config" / "claude"]


def facet_folders(root: Path | None = None) -> list[Path]:
    """Where `/insights` writes what it made of each session."""
    folders = [root.parent if root.name == "projects" else root] if root else data_dirs()
    return [folder / "usage-data" / "facets" for folder in folders]


def find_sources(root: Path | None = None) -> Iterator[Source]:
    """Every transcript under `root` (a folder that holds `projects/`; `projects` itself will do)."""
    for folder in [root] if root else data_dirs():
        projects = folder if folder.name == "projects" else folder / "projects"
        for entry in walk_files(projects, ".jsonl"):
            yield _source(projects, entry)


def sources_of(payload: Mapping[str, Any]) -> list[Source]:
    """The transcript a hook's payload names, with those of its subagents; none if there is no such file."""
    named = payload.get("transcript_path")
    if not isinstance(named, str) or not named or "\0" in named:
        return []
    path = expanded(named)
    main = source_from(NAME, path, session_id=path.stem)
    if main is None:
        return []
    folder = path.with_suffix("")
    agents = [_source(path.parent.parent, entry) for entry in walk_files(folder, ".jsonl")]
    return [main, *agents, *_old_agents(path)]


def _old_agents(path: Path) -> Iterator[Source]:
    """Clients up to 2.0.64: agent files of every session lie side by side, so all of them are looked at."""
    for entry in sorted(path.parent.glob("agent-*.jsonl")):
        source = source_from(NAME, entry, None, entry.stem.removeprefix("agent-"))
        if source:
            yield source


def _source(projects: Path, entry: os.DirEntry[str]) -> Source:
    path = Path(entry.path)
    parts = path.parts[len(projects.parts) :]
    status = entry.stat()
    agent_id = path.stem.removeprefix("agent-") if path.stem.startswith("agent-") else None
    session_id = parts[1] if len(parts) > 2 else None if agent_id else path.stem
    return Source(NAME, path, session_id, agent_id, status.st_size, status.st_mtime_ns, status.st_ino)


def read(source: Source, cursor: Mapping[str, Any] | None) -> Batch:
    """Rows of the bytes behind the cursor. A file that shrank, was replaced or no longer fits is read anew."""
    offset = _offset(source, cursor)
    state = dict(cursor.get("state", {})) if cursor and offset else {}
    reader, lines, first = Reader(source, state), Lines(source.path, offset), True
    for block, start, end in lines.spans():
        if first and offset and not block.startswith(b"{", start):
            return read(source, None)
        first = False
        reader.line(block, start, end)
    state = reader.snapshot()
    if lines.rest.rstrip().endswith(b"}"):
        reader.line(lines.rest, 0, len(lines.rest))
    batch = reader.finish()
    batch.bytes_read = lines.bytes_read
    batch.cursor = {"offset": lines.offset, "inode": source.inode, "state": state}
    return batch


def _offset(source: Source, cursor: Mapping[str, Any] | None) -> int:
    if not cursor or cursor.get("inode") != source.inode:
        return 0
    offset = int(cursor.get("offset", 0))
    return offset if offset <= source.size else 0
