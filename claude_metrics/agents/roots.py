"""Every data folder of an agent: its own, those that the config names, and those that sessions were recorded from.

A second account lives in a folder that an environment variable names, which is not set where `sync`, the hourly
service and `doctor` run.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from claude_metrics.agents.base import RecordedAgent, expanded
from claude_metrics.models import Source


def all_sources(
    agent: RecordedAgent, named: Mapping[str, Iterable[str]], recorded: Iterable[str] = ()
) -> Iterator[Source]:
    """The sources of all folders. `named` is the config's `roots`; `recorded` are paths of sources read before."""
    yield from agent.find_sources()
    for folder in other_folders(agent, named, recorded):
        yield from agent.find_sources(folder)


def other_folders(agent: RecordedAgent, named: Mapping[str, Iterable[str]], recorded: Iterable[str] = ()) -> list[Path]:
    """The data folders that are not the agent's own, each once."""
    folders = [expanded(folder) for folder in named.get(agent.name, ())]
    beside = {os.path.dirname(path) for path in recorded}  # noqa: PTH120 - far fewer folders than files
    folders += sorted({root for folder in beside if (root := agent.root_of(Path(folder, "transcript")))})
    seen = {os.path.realpath(folder) for folder in agent.data_dirs()}
    others = []
    for folder in folders:
        if (real := os.path.realpath(folder)) not in seen:
            seen.add(real)
            others.append(folder)
    return others
