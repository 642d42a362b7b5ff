"""Settings files that the tests of the installer share."""

from pathlib import Path

import pytest


@pytest.fixture
def settings_file(home: Path) -> Path:
    file = home / ".claude" / "settings.json"
    file.parent.mkdir()
    return file
