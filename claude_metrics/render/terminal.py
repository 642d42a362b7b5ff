"""What a person sees: one console, progress bars on a terminal only, nothing that a transcript says unescaped."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from claude_metrics.text import plain

if TYPE_CHECKING:
    from rich.console import Console

# With one of these rich may take a pipe for a terminal, or for one of another width: then it is asked.
_ASKED_FOR = ("COLUMNS", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE")


def say(text: str, err: bool = False, nl: bool = True, before: str = "") -> None:
    """Print a text from wherever: all lines that go to a terminal without a table pass here, made harmless.

    `before` is a part of our own that may have colours.
    """
    import click

    click.echo(before + plain(text), err=err, nl=nl)


class Pipe:
    """What we use of rich's console, for a file or a pipe: there rich prints plain text too, after 20 ms."""

    is_terminal = False
    width = 80

    def __init__(self) -> None:
        self.encoding = sys.stdout.encoding or "utf-8"

    def out(
        self, *texts: Any, sep: str = " ", end: str = "\n", style: Any = None, highlight: bool | None = None
    ) -> None:
        self._write(sep.join(map(str, texts)) + end)

    def print(self, *texts: Any, sep: str = " ", end: str = "\n", soft_wrap: bool | None = True) -> None:
        self._write(sep.join(map(str, texts)).expandtabs() + end)

    def _write(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()  # a reader that has gone is noticed here, not at the interpreter's end


@cache
def console() -> Console | Pipe:
    """The screen; what its encoding does not have becomes a question mark instead of an error."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    if not sys.stdout.isatty() and not any(name in os.environ for name in _ASKED_FOR):
        return Pipe()
    from rich.console import Console

    return Console(highlight=False, markup=False)


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar with rate and time left, on a terminal's stderr; elsewhere nothing."""
    if not sys.stderr.isatty() and not any(name in os.environ for name in _ASKED_FOR):
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    screen = Console(stderr=True)
    if not screen.is_terminal or not total:
        yield lambda _: None
        return
    columns = (TextColumn(what), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=screen, transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda size: bar.advance(task, size)
