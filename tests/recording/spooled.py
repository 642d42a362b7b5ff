"""Events as files in a spool."""

import os
import time
from pathlib import Path

PAYLOAD = b'{"session_id": "s-1"}'
NAME = "1795147532123456789-4711-claude-end.json"


def put(place: Path, name: str = NAME, payload: bytes = PAYLOAD, age_s: float = 0) -> Path:
    path = place / name
    path.write_bytes(payload)
    os.utime(path, (time.time() - age_s, time.time() - age_s))
    return path


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()
