"""Tables for people: numbers are never cut, texts shrink first, then the columns that can be missed are left out.

In a pipe nothing is cut at all, unless COLUMNS says how wide the reader is.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, zip_longest
from operator import itemgetter
from typing import Any, NamedTuple

from claude_metrics.text import plain

GAP = 2


@dataclass(frozen=True, slots=True)
class Column:
    """`text` columns shrink to `least` characters; when that is not enough, those with the highest `missed` go."""

    title: str
    text: bool = False
    least: int = 8
    missed: int = 0
    fold: bool = False


class Row(NamedTuple):
    cells: Sequence[str]
    style: str = ""


def show(
    columns: Sequence[Column], rows: Sequence[Row], total: Sequence[str] | None = None, title: str = ""
) -> list[str]:
    """Print a table; returns the titles of the columns for which there was no room."""
    from claude_metrics.render.terminal import console

    screen = console()
    body = [Row([plain(cell) for cell in row.cells], row.style) for row in rows]
    cells = [*(row.cells for row in body), *([total] if total else [])]
    natural = [_natural(column, [row[i] for row in cells]) for i, column in enumerate(columns)]
    room = screen.width if screen.is_terminal or "COLUMNS" in os.environ else 10_000
    kept = _kept(columns, natural, room)
    widths = _widths([columns[i] for i in kept], [natural[i] for i in kept], room)
    if title:
        screen.out(title, style="bold", highlight=False)
    for style, lines in groupby(_lines(columns, kept, widths, body, total), key=itemgetter(0)):
        screen.out("\n".join(line for _, line in lines), style=style or None, highlight=False)
    return [column.title.replace("\n", " ") for i, column in enumerate(columns) if i not in kept]


def _natural(column: Column, cells: Sequence[str]) -> int:
    return max(cells_of(line) for cell in [column.title, *cells] for line in (cell.split("\n") or [""]))


def cells_of(text: str) -> int:
    """The columns of a terminal that `text` takes."""
    if text.isascii() and text.isprintable():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _kept(columns: Sequence[Column], natural: Sequence[int], room: int) -> list[int]:
    kept = list(range(len(columns)))

    def least() -> int:
        sizes = [min(natural[i], columns[i].least) if columns[i].text else natural[i] for i in kept]
        return sum(sizes) + GAP * (len(kept) - 1)

    for i in sorted((i for i in kept if columns[i].missed), key=lambda i: -columns[i].missed):
        if least() <= room:
            break
        kept.remove(i)
    return kept


def _widths(columns: Sequence[Column], natural: Sequence[int], room: int) -> list[int]:
    """Take what is too much from the widest text, a character at a time."""
    widths = list(natural)
    texts = [i for i, column in enumerate(columns) if column.text]
    while sum(widths) + GAP * (len(widths) - 1) > room:
        wide = max(texts, key=lambda i: widths[i] - columns[i].least, default=-1)
        if wide < 0 or widths[wide] <= columns[wide].least:
            break
        widths[wide] -= 1
    return widths


def _lines(
    columns: Sequence[Column],
    kept: Sequence[int],
    widths: Sequence[int],
    body: Sequence[Row],
    total: Sequence[str] | None,
) -> Iterator[tuple[str, str]]:
    """Every line with its style. Written by hand: rich takes a second for two thousand rows."""
    shown = [columns[i] for i in kept]
    height = max(column.title.count("\n") for column in shown)
    titles = [["", *column.title.split("\n")] for column in shown]
    rule = _rule() * (sum(widths) + GAP * (len(widths) - 1))
    for number in range(height, -1, -1):
        heads = [title[-1 - number] if number < len(title) - 1 else "" for title in titles]
        yield "bold", _joined(shown, widths, heads)
    yield "", rule
    for row in body:
        yield from ((row.style, line) for line in _folded(shown, widths, [row.cells[i] for i in kept]))
    if total:
        yield "", rule
        yield "bold", _joined(shown, widths, [total[i] for i in kept])


def _folded(columns: Sequence[Column], widths: Sequence[int], cells: Sequence[str]) -> Iterator[str]:
    """One line, or as many as the cells that may fold need."""
    from textwrap import wrap

    parts = [
        wrap(cell, width) or [""] if column.fold and len(cell) > width else [cell]
        for column, width, cell in zip(columns, widths, cells, strict=True)
    ]
    for line in zip_longest(*parts, fillvalue=""):
        yield _joined(columns, widths, line)


def _joined(columns: Sequence[Column], widths: Sequence[int], cells: Sequence[str]) -> str:
    placed = (_placed(c, w, cell) for c, w, cell in zip(columns, widths, cells, strict=True))
    return (" " * GAP).join(placed).rstrip()


def _placed(column: Column, width: int, cell: str) -> str:
    size = cells_of(cell)
    if size > width and column.text:
        from rich.cells import set_cell_size

        return set_cell_size(set_cell_size(cell, width - 1) + _dots(), width)
    return cell + " " * (width - size) if column.text else " " * (width - size) + cell


def _rule() -> str:
    return "─" if is_unicode() else "-"


def _dots() -> str:
    return "…" if is_unicode() else "~"


def is_unicode() -> bool:
    from claude_metrics.render.terminal import console

    return str(console().encoding).lower().startswith("utf")


def _text(value: str, style: str = "") -> Any:
    from rich.text import Text

    return Text(value, style)


def note(text: str, style: str = "dim") -> None:
    """A line below a table."""
    from claude_metrics.render.terminal import console

    screen, harmless = console(), plain(text)
    screen.print(_text(harmless, style) if screen.is_terminal else harmless, soft_wrap=True)


def note_hidden(hidden: Sequence[str]) -> None:
    if hidden:
        note(f"Hidden columns (the terminal is too narrow): {', '.join(hidden)}")


# -- how values are written ------------------------------------------------------------


def line(text: object) -> str:
    """Any text on one line."""
    return " ".join(str(text or "").split())


def number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def usd(digits: int, currency: str | None = None, rate: float | None = None) -> Callable[[float | None, int], str]:
    """Dollars with `digits` decimals, or another currency at the reader's rate.

    `?`: the price is unknown; `$1.20 + ?`: that of a part is.
    """
    sign = f"{currency} " if currency else "$"

    def write(value: float | None, unpriced: int = 0) -> str:
        if value is None:
            return "?" if unpriced else f"{sign}{0:.{digits}f}"
        return f"{sign}{value * (rate or 1):,.{digits}f}" + (" + ?" if unpriced else "")

    return write


def digits_for(values: Sequence[float | None]) -> int:
    """Cents, unless everything is so small that cents would say nothing."""
    return 4 if max((value or 0 for value in values), default=0) < 10 else 2


def duration(ms: float | None) -> str:
    """`240ms`, `1.2s`, `3m12s`, `2h05m`."""
    if ms is None:
        return ""
    seconds = ms / 1000
    if seconds < 1:
        return f"{ms:.0f}ms"
    if seconds < 60:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m{rest:02}s" if minutes < 60 else f"{minutes // 60}h{minutes % 60:02}m"


def size(count: int | None) -> str:
    if count is None:
        return ""
    return f"{count} B" if count < 1000 else f"{count / 1000:.1f} kB" if count < 1e6 else f"{count / 1e6:.1f} MB"


def short_model(model: str) -> str:
    """`claude-sonnet-4-5-20250929` -> `sonnet-4-5`: no other agent's models are called so."""
    name = model.removeprefix("claude-")
    head, _, tail = name.rpartition("-")
    return (head if len(tail) == 8 and tail.isdigit() and head else name) or "(not named)"
