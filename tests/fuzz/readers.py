"""Any bytes as a transcript: reading and cleaning it must not raise."""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["claude_metrics"]):
    from claude_metrics.agents import RECORDED
    from claude_metrics.models import Source
    from claude_metrics.recording import ingest

from tests.support import hostile

FOLDER = Path(tempfile.mkdtemp(prefix="fuzz-"))


def one_input(agent: str, data: bytes) -> None:
    path = FOLDER / "session-2026-11-20T04-08-00000000.jsonl"
    path.write_bytes(data)
    ingest.read(Source(agent, path, None, None, len(data), 0, 1), None, "redacted")


def main() -> None:
    agent, *options = sys.argv[1:] or ["claude"]
    seeds = Path(tempfile.mkdtemp(prefix="seeds-"))
    for number, path in enumerate(hostile.transcripts(agent)):
        (seeds / str(number)).write_bytes(path.read_bytes()[:100_000])
    assert agent in RECORDED
    atheris.Setup([sys.argv[0], *options, str(seeds)], lambda data: one_input(agent, data))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
