"""Read a growing JSON Lines file from where it was left, in pieces of bounded size."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

PIECE = 2**20
PACKED = ".zst"
MAX_LINE = 256 * 2**20
Span = tuple[bytes, int, int]


class Lines:
    """The lines of `path` from byte `offset` on. After the loop `offset` stands behind the last whole line.

    What follows the last newline is kept in `rest`: a killed client may leave a whole record so, a running one half
    of it. `offset` stays before it, so it is read again when the file has grown. `bytes_read` counts file bytes.
    """

    def __init__(self, path: Path, offset: int = 0) -> None:
        self.path, self.offset, self.bytes_read, self.rest = path, offset, 0, b""

    def __iter__(self) -> Iterator[bytes]:
        for block, start, end in self.spans():
            yield block[start:end]

    def spans(self) -> Iterator[Span]:
        """Each line as (block, start, end): most bytes are never copied out of the block they were read into."""
        for block in self._blocks():
            start, find = 0, block.find
            while (end := find(b"\n", start)) >= 0:
                yield block, start, end
                start = end + 1
            self.offset += len(block)

    def _blocks(self) -> Iterator[bytes]:
        """Pieces that end with a newline; a line longer than a piece is put together first."""
        with open_lines(self.path) as file:
            if self.offset:
                file.seek(self.offset)
            kept: list[bytes] = []
            while piece := file.read(PIECE):
                self.bytes_read += len(piece)
                end = piece.rfind(b"\n") + 1
                kept.append(piece[:end] if 0 < end < len(piece) else piece)
                if end:
                    whole = b"".join(kept) if len(kept) > 1 else kept[0]
                    kept = [piece[end:]] if end < len(piece) else []
                    yield whole
                elif sum(map(len, kept)) > MAX_LINE:
                    raise ValueError(f"a line of over {MAX_LINE >> 20} MiB in {self.path}")
            self.rest = b"".join(kept)


@contextmanager
def open_lines(path: Path) -> Iterator[BinaryIO]:
    """The bytes of a file; of a packed one what is in it. There is no going back in that, nor to an offset."""
    with open_regular(path) as file:
        if path.suffix != PACKED:
            yield file
            return
        import zstandard

        try:
            with zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True) as unpacked:
                yield cast("BinaryIO", unpacked)
        except zstandard.ZstdError as error:
            raise OSError(f"not readable as a packed file ({error}): {path}") from error


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading; a FIFO, device or directory is refused without waiting for it."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(f"not a regular file: {path}")
    return open(descriptor, "rb", buffering=0)  # noqa: PTH123 - a descriptor, not a path
