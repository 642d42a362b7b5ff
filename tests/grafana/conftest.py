"""Databases that the dashboards are tried on, made once."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from claude_metrics.store import connection as database
from tests.grafana import corpus, suite
from tests.grafana.emulator import DataSource, Range
from tests.support.captured import CAPTURES
from tests.support.trees import copy_tree


@dataclass(frozen=True)
class Tried:
    """A database and the moment at which it is looked at (unix seconds)."""

    name: str
    source: DataSource
    now: int


def _sync(folder: Path, captures: list[Path]) -> Path:
    """Record captures with the real command, in a home of their own."""
    home, db = folder / "home", folder / "db" / "metrics.db"
    for capture in captures:
        copy_tree(capture / "projects", home / ".claude" / "projects")
    env = {name: value for name, value in os.environ.items() if not name.startswith(("CLAUDE", "XDG_", "GIT_"))}
    env |= {"HOME": str(home), "CLAUDE_METRICS_HOME": str(home / "cm"), "TZ": "UTC"}
    command = [sys.executable, "-m", "claude_metrics", "sync", "--agent", "claude", "--db-path", str(db)]
    subprocess.run(command, env=env, check=True, capture_output=True, timeout=120)
    return db


@pytest.fixture(scope="session")
def captured(tmp_path_factory: pytest.TempPathFactory) -> Tried:
    """All of Claude Code's captures, recorded by `sync`."""
    captures = sorted(path for path in (CAPTURES / "claude-code").iterdir() if (path / "projects").exists())
    source = suite.datasource(_sync(tmp_path_factory.mktemp("captured"), captures))
    return Tried("captured", source, _latest(source))


@pytest.fixture(scope="session")
def single(tmp_path_factory: pytest.TempPathFactory) -> Tried:
    source = suite.datasource(_sync(tmp_path_factory.mktemp("single"), [CAPTURES / "claude-code" / "print-basic"]))
    return Tried("single", source, _latest(source))


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Tried:
    path = tmp_path_factory.mktemp("empty") / "metrics.db"
    database.connect(path).close()
    return Tried("empty", suite.datasource(path), corpus.START)


@pytest.fixture(scope="session")
def odd_names(tmp_path_factory: pytest.TempPathFactory) -> Tried:
    """Some hundred sessions; projects with quotes, umlauts, emoji, backslashes, commas and braces in their names."""
    path = tmp_path_factory.mktemp("odd") / "metrics.db"
    now = corpus.build(path, 300)
    return Tried("odd_names", suite.datasource(path), now)


@pytest.fixture(params=["captured", "single", "empty", "odd_names"])
def tried(request: pytest.FixtureRequest) -> Tried:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Tried)
    return found


@pytest.fixture(params=["odd_names", "captured"])
def facts(request: pytest.FixtureRequest) -> object:
    tried: Tried = request.getfixturevalue(request.param)
    now = tried.now // 900 * 900 + 900
    from tests.grafana.facts import EAST, Facts  # they need the databases' type from here

    return Facts(tried, Range((now - 40 * 86400) * 1000, now * 1000, EAST))


def _latest(source: DataSource) -> int:
    return int(source.plain("select max(strftime('%s', end_time)) + 60 from sessions")[0][0])
