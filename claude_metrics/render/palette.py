"""One quiet palette for models, agents and projects, on screens and pages: readable on light and on dark ground."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

COLOURS = ("#4f86c6", "#c9822b", "#4c9f70", "#b0609f", "#8a7fd1", "#c25b56", "#3f9aa5", "#8c8c3f")
OTHER = "#8a8a8a"


def colours(names: Iterable[str]) -> dict[str, str]:
    """A colour of its own for each name, the same wherever its neighbours are the same; when all are taken, grey.

    A name has its favourite by its own letters, so that it keeps its colour on most screens.
    """
    given: dict[str, str] = {}
    for name in names:
        start = zlib.crc32(name.encode("utf-8", "surrogatepass")) % len(COLOURS)
        order = [*COLOURS[start:], *COLOURS[:start]]
        given.setdefault(name, next((colour for colour in order if colour not in given.values()), OTHER))
    return given
