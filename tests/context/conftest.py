"""A real repository that the note speaks of."""

from pathlib import Path

import pytest

from tests.support.git_sandbox import repository


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return repository(tmp_path / "repo")
