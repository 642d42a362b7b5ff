"""`sync --since DAY` means the reader's day, as every report does."""

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from claude_metrics import paths
from claude_metrics.recording import sync
from tests.support.captured import Capture

CHANGED = "2026-11-20T02:00:00Z"  # the evening of the 19th in New York, the 20th in Berlin


@pytest.mark.parametrize(("zone", "changed"), [("America/New_York", 0), ("Europe/Berlin", 1), ("UTC", 1)])
def test_the_day_begins_in_the_configs_zone(
    tmp_path: Path, capture: Callable[[str], Capture], zone: str, changed: int
) -> None:
    (transcript,) = capture("print-basic").transcripts
    at = datetime.fromisoformat(CHANGED).timestamp()
    os.utime(transcript, (at, at))
    paths.private_dir(paths.config_file().parent)
    paths.config_file().write_text(f'timezone = "{zone}"\n')
    found, _ = sync.look(tmp_path / "m.db", ["claude"], since="2026-11-20")
    assert len(found.changed) == changed
