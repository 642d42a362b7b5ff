"""Copies of folders that a test may write into."""

import os
import shutil
from pathlib import Path


def copy_tree(source: Path, target: Path, without: str = "__pycache__") -> Path:
    """Copy contents only, into what is there: a checkout's files may be read-only, their copies are not."""
    for folder, _, names in os.walk(source):
        if without not in Path(folder).parts:
            place = target / Path(folder).relative_to(source)
            place.mkdir(parents=True, exist_ok=True)
            for name in names:
                shutil.copyfile(Path(folder, name), place / name)
    return target
