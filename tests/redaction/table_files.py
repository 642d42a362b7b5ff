"""Tables of these tests: one text to a line, read as it stands."""

from pathlib import Path

FOLDER = Path(__file__).parent / "tables"


def table(name: str) -> list[str]:
    return (FOLDER / name).read_text(encoding="utf-8").splitlines()
