"""A recorder with a database of its own."""

from pathlib import Path

import pytest

from tests.support.recorder import Recorder


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    return Recorder(tmp_path / "metrics.db")
