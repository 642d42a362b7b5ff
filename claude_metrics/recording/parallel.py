"""Read changed sources, in this process or, when there is much, in one process per core.

Batches come back as MessagePack: a hundred thousand rows pickled one by one would cost more than reading them.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path
from typing import Any

import msgspec

from claude_metrics.log import logger
from claude_metrics.models import Batch, Source
from claude_metrics.recording import disk, ingest

PARALLEL_BYTES = 24 * 2**20
AHEAD = 4
Result = tuple[Source, Batch | str]


def read_all(sources: list[Source], known: disk.Cursors, content: str) -> Iterator[Result]:
    """Each source with its batch, or with why it could not be read."""
    sources = _ordered(sources)
    cores = os.cpu_count() or 1
    is_little = cores < 2 or len(sources) < 2 or sum(source.size for source in sources) < PARALLEL_BYTES
    pool = None if is_little else _pool(cores)
    if pool is None:
        for source in sources:
            yield source, read_one(source, _cursor(source, known), content)
    else:
        yield from _in_processes(pool, sources, known, content, cores)


def _pool(cores: int) -> ProcessPoolExecutor | None:
    """None where the system gives no semaphores: without a /dev/shm that can be written, one process reads all."""
    method = "fork" if sys.platform == "linux" else "spawn"
    try:
        return ProcessPoolExecutor(
            cores, multiprocessing.get_context(method), initializer=_prepare_process, initargs=(os.getpid(),)
        )
    except (OSError, ImportError, NotImplementedError) as error:
        logger.warning("one process reads everything, because none can be started beside it: %s", error)
        return None


def _ordered(sources: list[Source]) -> list[Source]:
    """The largest session first, so that no core ends late; its files together, so that its totals are derived once."""
    sizes: dict[str, int] = {}
    for source in sources:
        sizes[_session(source)] = sizes.get(_session(source), 0) + source.size
    return sorted(sources, key=lambda source: (-sizes[_session(source)], _session(source), -source.size))


def _session(source: Source) -> str:
    return source.session_id or str(source.path.parent)


def _prepare_process(parent: int) -> None:
    """A reader outlives a killed parent otherwise: it holds the writing end of the very pipe it waits at."""
    gc.disable()
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _in_processes(
    pool: ProcessPoolExecutor, sources: list[Source], known: disk.Cursors, content: str, cores: int
) -> Iterator[Result]:
    decode = msgspec.msgpack.Decoder(Batch | str, dec_hook=_path).decode
    with pool:
        waiting: dict[Future[bytes], Source] = {}
        todo = iter(sources)
        try:
            while True:
                while len(waiting) < cores * AHEAD and (source := next(todo, None)):
                    waiting[pool.submit(read_packed, source, _cursor(source, known), content)] = source
                if not waiting:
                    return
                for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                    yield waiting.pop(future), decode(future.result())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _cursor(source: Source, known: disk.Cursors) -> str | None:
    seen = known.get(str(source.path))
    return seen[3] if seen else None


def read_packed(source: Source, cursor: str | None, content: str) -> bytes:
    return msgspec.msgpack.encode(read_one(source, cursor, content), enc_hook=str)


def _path(kind: type, value: Any) -> Any:
    return kind(value) if issubclass(kind, Path) else value


def read_one(source: Source, cursor: str | None, content: str) -> Batch | str:
    """The source's batch, or why it could not be read: one source never costs the others."""
    try:
        return ingest.read(source, cursor, content)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
