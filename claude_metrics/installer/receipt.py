"""What a hook file was like before our first entry, so that uninstalling gives back the same bytes.

Only what the text itself cannot tell: which containers we made, what stood between the brackets of an empty one, and
whether there was a file at all. The user's own later edits are therefore never overwritten.
"""

import contextlib
import hashlib
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from claude_metrics import paths
from claude_metrics.files import write_private


@dataclass
class Receipt:
    file: str
    blank: str | None = None  # the whole text of a file that held only white space
    made_file: bool = False
    # "hooks/Stop" -> None: we made it; a string: it was there, empty, with that between its brackets ("" is the root)
    holes: dict[str, str | None] = field(default_factory=dict)

    def note(self, name: str, hole: str | None) -> None:
        self.holes.setdefault(name, hole)


def load(file: Path) -> Receipt:
    """The receipt of `file`, or an empty one when there is none or it cannot be read."""
    try:
        return Receipt(**json.loads(_path(file).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return Receipt(str(file))


def save(receipt: Receipt, file: Path) -> None:
    write_private(_path(file), json.dumps(asdict(receipt), indent=2).encode())


def drop(file: Path) -> None:
    _path(file).unlink(missing_ok=True)


def note_folders(made: list[str]) -> None:
    """Remember folders that we are about to make; one list for all files, as several may come to lie in a folder."""
    if made:
        write_private(_folders_file(), json.dumps(sorted({*_folders(), *made})).encode())


def remove_folders(file: Path) -> None:
    """Remove the folders around `file` that we made, as far as they are empty, and forget those that are gone."""
    ours = set(_folders())
    with contextlib.suppress(OSError):
        for folder in Path(os.path.realpath(file)).parents:
            if str(folder) in ours:
                folder.rmdir()
    left = [folder for folder in sorted(ours) if Path(folder).exists()]
    if left != sorted(ours):
        write_private(_folders_file(), json.dumps(left).encode())


def _folders() -> list[str]:
    try:
        return [str(folder) for folder in json.loads(_folders_file().read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):
        return []


def _folders_file() -> Path:
    return paths.data_dir() / "hooks" / "made-folders.json"


def _path(file: Path) -> Path:
    name = hashlib.sha256(os.fsencode(os.path.realpath(file))).hexdigest()[:16]
    return paths.data_dir() / "hooks" / f"{name}.json"
