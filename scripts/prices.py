"""`claude_metrics/prices.json`: the price lists needed often, taken out of the installed price library.

    .venv/bin/python -m scripts.prices [--check]

The library takes 140 ms to load. A test holds the table equal to it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import timedelta
from importlib.metadata import version
from typing import Any

from genai_prices.data_snapshot import get_snapshot

from claude_metrics import pricing

BEGINNINGS = {"anthropic": ("claude-",), "openai": ("gpt-5", "gpt-6"), "google": ("gemini-2.5", "gemini-3")}


def listed_models() -> Iterator[str]:
    """The names of the models that are in use, as `pricing.canonical` writes them."""
    for provider in get_snapshot().providers:
        for model in provider.models:
            name = pricing.canonical(model.id)
            if name.startswith(BEGINNINGS.get(provider.id, ())):
                yield from (each for each in (name, name.removesuffix("-0")) if _is_dated(each))


def _is_dated(name: str) -> bool:
    """True for a model that the library knows, and whose prices depend on nothing but the day."""
    found = pricing.library_model(name)
    prices = found.prices if found and isinstance(found.prices, list) else []
    return bool(found) and all(hasattr(each.constraint, "start_date") for each in prices if each.constraint)


def first_days(name: str) -> list[str]:
    """The days on which the list of a model may change: the first ones of its prices, and each day after."""
    found = pricing.library_model(name)
    prices = found.prices if found and isinstance(found.prices, list) else []
    starts = [start for each in prices if (start := getattr(each.constraint, "start_date", None))]
    return ["0001-01-01", *sorted({str(day + timedelta(n)) for day in starts for n in (0, 1)})]


def periods(name: str) -> list[list[Any]]:
    """`[first day, price list]` for every change of a model's prices."""
    found: list[list[Any]] = []
    for day in first_days(name):
        rates = pricing.from_library(name, day)
        if not found or found[-1][1] != rates:
            found.append([day, rates])
    return found


def table() -> str:
    models = {name: periods(name) for name in sorted(set(listed_models()))}
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(each)}" for name, each in models.items())
    return f'{{"library": {json.dumps(version("genai-prices"))}, "models": {{\n{lines}\n}}}}\n'


def main(arguments: list[str]) -> int:
    if "--check" in arguments:
        return int(pricing.TABLE.read_text(encoding="utf-8") != table())
    pricing.TABLE.write_text(table(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
