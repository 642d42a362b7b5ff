"""The client's price list (2.1.328, solved from probes of its own figures), and costs by it: an independent account.

Nothing here is imported by the package; it exists so that tests do not check the package against itself.
"""

from typing import Any

# USD per million tokens: input, output, cache read; fast mode's factor.
LIST: dict[str, tuple[float, float, float, float]] = {
    "claude-opus-5-5": (4, 20, 0.20, 2),
    "claude-opus-5": (5, 25, 0.50, 2),
    "claude-opus-4-8": (5, 25, 0.50, 2),
    "claude-opus-4-7": (5, 25, 0.50, 6),
    "claude-opus-4-6": (5, 25, 0.50, 6),
    "claude-opus-4-5": (5, 25, 0.50, 1),
    "claude-opus-4-1": (15, 75, 1.50, 1),
    "claude-opus-4": (15, 75, 1.50, 1),
    "claude-opus-4-0": (15, 75, 1.50, 1),
    "claude-sonnet-5-5": (2, 10, 0.10, 1),
    "claude-sonnet-5": (2, 10, 0.20, 1),
    "claude-sonnet-4-6": (3, 15, 0.30, 1),
    "claude-sonnet-4-5": (3, 15, 0.30, 1),
    "claude-sonnet-4": (3, 15, 0.30, 1),
    "claude-sonnet-4-0": (3, 15, 0.30, 1),
    "claude-3-7-sonnet": (3, 15, 0.30, 1),
    "claude-3-5-sonnet": (3, 15, 0.30, 1),
    "claude-haiku-5-5": (0.10, 0.50, 0.01, 1),
    "claude-haiku-4-5": (1, 5, 0.10, 1),
    "claude-3-5-haiku": (0.80, 4, 0.08, 1),
    "claude-fable-5": (10, 50, 1.00, 1),
    "claude-mythos-5": (10, 50, 1.00, 1),
    "claude-fable-5-1": (10, 50, 0.25, 1),
    "claude-mythos-5-1": (10, 50, 0.25, 1),
    "claude-fable-5-2": (8, 40, 0.20, 2),
    "claude-mythos-5-2": (8, 40, 0.20, 2),
}


def undated(model: str) -> str:
    name = model.removesuffix("[1m]")
    return name[:-9] if name[-9:-8] == "-" and name[-8:].isdigit() else name


def price(model: str, usage: dict[str, Any]) -> float:
    """USD of one request, from the usage object the API sends."""
    base, output, read, fast = LIST[undated(model)]
    written = usage.get("cache_creation_input_tokens") or 0
    hourly = (usage.get("cache_creation") or {}).get("ephemeral_1h_input_tokens") or 0
    context = (usage.get("input_tokens") or 0) + (usage.get("cache_read_input_tokens") or 0) + written
    factor = 5 if undated(model) == "claude-haiku-5-5" and context > 100_000 else 1
    factor *= fast if usage.get("speed") == "fast" else 1
    factor *= 1.1 if usage.get("inference_geo") == "us" else 1
    tokens = (
        (usage.get("input_tokens") or 0) * base
        + (usage.get("output_tokens") or 0) * output
        + (usage.get("cache_read_input_tokens") or 0) * read
        + (written - hourly) * base * 1.25
        + hourly * base * 2
    )
    searches = (usage.get("server_tool_use") or {}).get("web_search_requests") or 0
    return tokens * factor / 1e6 + searches * 0.01
