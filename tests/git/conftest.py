"""A real repository and the work of a session in it."""

from pathlib import Path

import pytest

from tests.support.git_sandbox import Work, repository


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return repository(tmp_path / "repo")


@pytest.fixture
def work() -> Work:
    return Work()
