"""Redaction measured: how many made-up secrets survive in each place, how many innocent texts are marked, and its time.

    python -m benchmarks.redaction [--seeds 3] [--against PATH/redact.py]

The secrets are drawn from a seed (`tests/redaction`). The time is that of a mix of texts as they are stored: those of
the captured sessions, of the generated corpus, paragraphs of this repository's pages, its functions, its command lines.
`--against` times another version's module in turn with this one and gives the ratio of the medians.
"""

import argparse
import importlib.util
import re
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.make_corpus import Corpus
from claude_metrics.agents import AGENTS
from claude_metrics.models import Source
from claude_metrics.redact import CUTS, MARK, redact
from tests.redaction import contexts, innocents, made_up, notations

ROOT = Path(__file__).resolve().parent.parent
CEILINGS = {"formats that survive anywhere": 0, "notations that survive": 0, "innocents marked, %": 1}
Redact = Callable[[str | None], str | None]


def measure(seeds: int = 3, rounds: int = 7, against: Path | None = None) -> dict[str, Any]:
    """Survivors and marked innocents over all seeds, seconds per GiB, and with `against` its time as a ratio."""
    survivors = [row for seed in range(seeds) for row in survivors_of(redact, seed)]
    places = Counter(place for place, *_ in survivors)
    harmless = list(dict.fromkeys(text for seed in range(seeds) for text in innocents.innocents(seed)))
    marked = [text for text in harmless if MARK in str(redact(text))]
    texts = [text for kind in mix().values() for text in kind]
    other = load(against) if against else None
    seconds = {name: took for name, took in timed(texts, rounds, other).items() if took}
    ratios = {
        "formats that survive anywhere": len({name for place, name, *_ in survivors if place != "notation"}),
        "notations that survive": len({name for place, name, *_ in survivors if place == "notation"}),
        "innocents marked, %": 100 * len(marked) / len(harmless),
    }
    if other:
        ratios["time / time of the other version"] = seconds["this"] / seconds["other"]
    return {
        "formats": len(made_up.marked()) + len(made_up.named()),
        "notations": len(notations.NOTATIONS),
        "innocents": len(harmless),
        "survivors by place": dict(places),
        "marked": marked[:5],
        "seconds per GiB": {name: round(took / sum(map(len, texts)) * 2**30) for name, took in seconds.items()},
        "survivors": [text for *_, text in survivors[:5]],
        "ratios": ratios,
    }


def survivors_of(clean: Redact, seed: int) -> list[tuple[str, str, int, str]]:
    """Every text that still holds its secret: its place, the format, the seed, the text."""
    secrets = made_up.marked(seed) + made_up.named(seed)
    placed = [(place, secret, text) for secret in secrets for place, text in contexts.places(secret)]
    placed += [("cut", secret, text) for secret in secrets for _, text in contexts.cuts(secret, [min(CUTS)], 3)]
    placed += [("notation", secret, text) for text, secret in notations.notations(seed)]
    return [
        (place, secret.format, seed, text) for place, secret, text in placed if made_up.survives(secret, clean(text))
    ]


def timed(texts: list[str], rounds: int, other: Redact | None) -> dict[str, float]:
    """Seconds of processor time for all texts, the median of rounds in which the two take turns."""
    taken: dict[str, list[float]] = {"this": [], "other": []}
    for _ in range(rounds):
        for name, clean in (("this", redact), ("other", other)):
            if clean:
                began = time.process_time()
                for text in texts:
                    clean(text)
                taken[name].append(time.process_time() - began)
    return {name: statistics.median(took) if took else 0 for name, took in taken.items()}


def mix() -> dict[str, list[str]]:
    """Texts as they are stored, by where they come from."""
    with tempfile.TemporaryDirectory() as scratch:
        generated = [text[:10_000] for text in Corpus(scratch, 1, 1 << 20).texts]
    pages = [ROOT / name for name in ("README.md", "CHANGELOG.md", "SECURITY.md")]
    return {
        "captures": captured() * 5,
        "generated": generated + [text[:300] for text in generated],
        "prose": [part for page in pages for part in page.read_text().split("\n\n")],
        "code": [
            part for path in (ROOT / "claude_metrics").rglob("*.py") for part in re.split("\n\n\n", path.read_text())
        ],
        "shell": [line for line in (ROOT / "Makefile").read_text().splitlines() if line.strip()] * 5,
    }


def captured() -> list[str]:
    """What a sync stores of the captured sessions."""
    texts: list[str | None] = []
    for path in (ROOT / "tests" / "captures" / "claude-code").rglob("*.jsonl"):
        batch = AGENTS["claude"].read(Source("claude", path, None, None, path.stat().st_size, 0, 1), None)
        texts += [call.input_summary for call in batch.tool_calls]
        texts += [row.prompt for row in batch.prompts] + [row.response for row in batch.responses]
    return [text for text in texts if text]


def load(path: Path) -> Redact:
    """`redact` of a module of another version that stands in one file."""
    spec = importlib.util.spec_from_file_location("other_redact", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.redact


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--against", type=Path, metavar="FILE", help="another version's redact.py")
    options = parser.parse_args()
    found = measure(options.seeds, against=options.against)
    for name, value in found.pop("ratios").items():
        print(f"{name:36}{value:10.2f}   (ceiling {CEILINGS.get(name, 1)})")
    for name, value in found.items():
        print(f"{name}: {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
