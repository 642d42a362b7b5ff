"""Read a growing JSON Lines file from where it was left, in pieces of bounded size."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

PIECE = 4 * 2**20
MAX_LINE = 256 * 2**20


class Lines:
    """The lines of `path` from byte `offset` on. After the loop `offset` stands behind the last whole line.

    What follows the last newline is kept in `rest`: a killed client may leave a whole record so, a running one half
    of it. `offset` stays before it, so it is read again when the file has grown. `bytes_read` counts file bytes.
    """

    def __init__(self, path: Path, offset: int = 0) -> None:
        self.path, self.offset, self.bytes_read, self.rest = path, offset, 0, b""

    def __iter__(self) -> Iterator[bytes]:
        with open_regular(self.path) as file:
            file.seek(self.offset)
            kept: list[bytes] = []
            while piece := file.read(PIECE):
                self.bytes_read += len(piece)
                if (end := piece.rfind(b"\n")) < 0:
                    kept.append(piece)
                    self._refuse_endless(kept)
                    continue
                kept.append(piece[: end + 1])
                yield from self._whole(b"".join(kept) if len(kept) > 1 else kept[0])
                kept = [piece[end + 1 :]] if end + 1 < len(piece) else []
            self.rest = b"".join(kept)

    def _whole(self, block: bytes) -> Iterator[bytes]:
        self.offset += len(block)
        yield from block.split(b"\n")[:-1]

    def _refuse_endless(self, kept: list[bytes]) -> None:
        if sum(map(len, kept)) > MAX_LINE:
            raise ValueError(f"a line of over {MAX_LINE >> 20} MiB in {self.path}")


def open_regular(path: Path):  # type: ignore[no-untyped-def]
    """Open a regular file for reading; a FIFO, device or directory is refused without waiting for it."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(f"not a regular file: {path}")
    return open(descriptor, "rb", buffering=0)  # noqa: PTH123 - a descriptor, not a path
