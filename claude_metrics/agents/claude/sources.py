"""Where Claude Code keeps its sessions, and how one of its files is read from where it was left."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from claude_metrics.agents.base import DEPTH, expanded, source_from, walk_files
from claude_metrics.agents.claude.names import NAME
from claude_metrics.models import Batch, Source

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def data_dirs() -> list[Path]:
    """The folders that hold `projects/`."""
    named = os.environ.get("CLAUDE_CONFIG_DIR")
    if named:
        return [Path(part).expanduser().absolute() for part in named.split(",") if part]
    return [Path.home() / ".claude", Path.home() / ".config" / "claude"]


def profiles() -> list[Path]:
    """Folders of other accounts: `~/.claude-work` and the like, and those of Windows as WSL shows them."""
    beside = sorted(Path.home().glob(".claude-*"))
    windows = sorted(Path("/mnt/c/Users").glob("*/.claude")) if "WSL_DISTRO_NAME" in os.environ else []
    return [folder for folder in [*beside, *windows] if (folder / "projects").is_dir()]


def facet_folders(root: Path | None = None) -> list[Path]:
    """Where `/insights` writes what it made of each session."""
    folders = [root.parent if root.name == "projects" else root] if root else data_dirs()
    return [folder / "usage-data" / "facets" for folder in folders]


def find_sources(root: Path | None = None) -> Iterator[Source]:
    """Every transcript under `root` (a folder that holds `projects/`; `projects` itself will do)."""
    for folder in [root] if root else data_dirs():
        projects = folder if folder.name == "projects" else folder / "projects"
        yield from (_source(projects, entry) for entry in _transcripts(projects))
        yield from _linked(projects)


def _transcripts(folder: Path, depth: int = DEPTH) -> Iterator[os.DirEntry[str]]:
    """Also copies that a file synchroniser names behind the ending (`.jsonl.conflict.<time>`)."""
    for entry in walk_files(folder, "", depth):
        if entry.name.endswith(".jsonl") or (".jsonl." in entry.name and "conflict" in entry.name):
            yield entry


def root_of(path: Path) -> Path | None:
    """The data folder that a transcript lies in."""
    return next((parent.parent for parent in path.parents if parent.name == "projects"), None)


def _linked(projects: Path) -> Iterator[Source]:
    """Projects that are links, to a shared disk mostly. Only what lies where the client puts it is looked at there."""
    for project in _links(projects):
        for entry in _transcripts(project, depth=0):
            yield _source(projects, entry)
        for folder in sorted(project.iterdir()):
            if _ID.fullmatch(folder.name) and folder.is_dir() and not folder.is_symlink():
                yield from (_source(projects, entry) for entry in _transcripts(folder))


def _links(projects: Path) -> list[Path]:
    """Links to folders outside `projects`; one inside is found by itself."""
    try:
        links = sorted(Path(entry.path) for entry in os.scandir(projects) if entry.is_symlink() and entry.is_dir())
    except OSError:
        return []
    real = projects.resolve()
    return [link for link in links if os.access(link, os.R_OK) and real not in link.resolve().parents]


def sources_of(payload: Mapping[str, Any]) -> list[Source]:
    """The transcript a hook's payload names, with those of its subagents; none if there is no such file."""
    named = payload.get("transcript_path")
    if not isinstance(named, str) or not named or "\0" in named:
        return []
    path = expanded(named)
    main = source_from(NAME, path, session_id=session_of(path.name))
    if main is None:
        return []
    folder = path.with_suffix("")
    agents = [] if folder.is_symlink() else [_source(path.parent.parent, e) for e in _transcripts(folder)]
    return [main, *agents, *_old_agents(path)]


def _old_agents(path: Path) -> Iterator[Source]:
    """Clients up to 2.0.64: agent files of every session lie side by side, so all of them are looked at."""
    for entry in sorted(path.parent.glob("agent-*.jsonl")):
        source = source_from(NAME, entry, None, entry.stem.removeprefix("agent-"))
        if source:
            yield source


def _source(projects: Path, entry: os.DirEntry[str]) -> Source:
    """By the text of its path: every sync looks at a thousand of them, and a `Path`'s parts take the longest of it."""
    name, parts = entry.name, entry.path.removeprefix(str(projects)).lstrip(os.sep).split(os.sep)  # noqa: PTH206
    status = entry.stat()
    agent_id = name.rpartition(".")[0].removeprefix("agent-") if name.startswith("agent-") else None
    session_id = parts[1] if len(parts) > 2 else None if agent_id else session_of(name)
    return Source(NAME, Path(entry.path), session_id, agent_id, status.st_size, status.st_mtime_ns, status.st_ino)


def session_of(name: str) -> str:
    """The session that a transcript's name tells. A copy that a file synchroniser left beside it is of the same one."""
    begins = _ID.match(name)
    return begins[0] if begins and name != f"{begins[0]}.jsonl" else name.removesuffix(".jsonl")


def read(source: Source, cursor: Mapping[str, Any] | None) -> Batch:
    """Rows of the bytes behind the cursor. A file that shrank, was replaced or no longer fits is read anew."""
    from claude_metrics.agents._damage import FILLING
    from claude_metrics.agents._jsonl import Lines
    from claude_metrics.agents.claude.reader import Reader

    offset = _offset(source, cursor)
    state = dict(cursor.get("state", {})) if cursor and offset else {}
    reader, lines, first = Reader(source, state), Lines(source.path, offset), True
    for block, start, end in lines.spans():
        if first and offset and not block.startswith(b"{", start):
            return read(source, None)
        first = False
        reader.line(block, start, end, lines.offset + start)
    state = reader.snapshot()
    if lines.rest.rstrip(FILLING).endswith(b"}"):
        reader.line(lines.rest, 0, len(lines.rest), lines.offset)
    batch = reader.finish()
    batch.bytes_read = lines.bytes_read
    batch.cursor = {"offset": lines.offset, "inode": source.inode, "state": state}
    return batch


def _offset(source: Source, cursor: Mapping[str, Any] | None) -> int:
    if not cursor or cursor.get("inode") != source.inode:
        return 0
    offset = int(cursor.get("offset", 0))
    return offset if offset <= source.size else 0
