"""What the agents have on disk, and how far it was read: by metadata alone, without opening a transcript.

It imports nothing that writes, so that reports can look before they answer.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from claude_metrics import config
from claude_metrics.agents import RECORDED
from claude_metrics.agents.roots import all_sources
from claude_metrics.config import zones
from claude_metrics.log import logger
from claude_metrics.models import Source
from claude_metrics.store import connection as database
from claude_metrics.store import tombstones
from claude_metrics.store.sources import own_session

Cursors = Mapping[str, tuple[int, int, int, str]]


@dataclass(slots=True)
class Found:
    """Sources by what has to be done with them."""

    changed: list[Source] = field(default_factory=list)
    unchanged: list[Source] = field(default_factory=list)
    facet_folders: list[Path] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)  # agents that could not be looked at

    @property
    def bytes_to_read(self) -> int:
        return sum(source.size for source in self.changed)


def cursors(connection: sqlite3.Connection) -> dict[str, tuple[int, int, int, str]]:
    """Every source's (size, mtime, inode, cursor) at its last reading."""
    return {row[0]: row[1:] for row in connection.execute("select path, size, mtime_ns, inode, cursor from sources")}


def unchanged(source: Source, known: Cursors) -> bool:
    """True when the file is, by its metadata, the one that was read to its end."""
    seen = known.get(str(source.path))
    return seen is not None and seen[:3] == (source.size, source.mtime_ns, source.inode)


def look(
    db_path: Path, agents: Iterable[str], root: Path | None = None, since: str | None = None
) -> tuple[Found, Cursors]:
    """What there is, without opening a transcript. A relative `root` lies in the current folder."""
    root = Path(os.path.abspath(root)) if root else None  # noqa: PTH100 - `..` goes, links stay as they are
    connection = database.connect(db_path, config.lenient().journal_mode)
    try:
        known = cursors(connection)
        sources, problems = list_sources(agents, root, known)
        purged = tombstones.purged_sessions(connection, {own_session(source) for source in sources})
    finally:
        connection.close()
    earliest = zones.begin_of(since, zones.configured(config.lenient())) * 10**9 if since else 0
    found = Found(facet_folders=_facet_folders(agents, root), problems=problems)
    for source in sources:
        if source.mtime_ns >= earliest and own_session(source) not in purged:
            (found.unchanged if unchanged(source, known) else found.changed).append(source)
    return found, known


def list_sources(agents: Iterable[str], root: Path | None, known: Cursors) -> tuple[list[Source], list[str]]:
    """What the agents have, and why one of them could not be looked at: it never stops the others."""
    sources: list[Source] = []
    problems = []
    for agent in agents:
        try:
            for source in _sources(agent, root, known):
                sources.append(source)  # noqa: PERF402 (what was found before an error is kept)
        except Exception as error:
            logger.exception("%s could not be looked at", agent)
            problems.append(f"{RECORDED[agent].title} could not be looked at: {type(error).__name__}: {error}")
    return sources, problems


def _facet_folders(agents: Iterable[str], root: Path | None) -> list[Path]:
    folders = []
    for agent in agents:
        with suppress(Exception):  # told by `list_sources` already
            folders += RECORDED[agent].facet_folders(root)
    return folders


def _sources(agent: str, root: Path | None, known: Cursors) -> Iterator[Source]:
    if root:
        return RECORDED[agent].find_sources(root)
    return all_sources(RECORDED[agent], config.lenient().roots, known)
