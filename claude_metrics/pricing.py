"""What a request cost at the list price of its day: a pure function over rates, looked up once per model and day.

Rates come from genai-prices (dated, tiered, offline). What it lacks, or counts otherwise than the agent's bill,
stands in the tables below: solved from probes of the client's own figures (Claude Code 2.1.328).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple, Protocol

MTOK = 1_000_000
GEO_FACTORS = {"us": 1.1}
FAST_FACTORS = {
    "claude-opus-5-5": 2.0,
    "claude-opus-5": 2.0,
    "claude-opus-4-8": 2.0,
    "claude-fable-5-2": 2.0,
    "claude-mythos-5-2": 2.0,
    "claude-opus-4-7": 6.0,
    "claude-opus-4-6": 6.0,
}
# OpenAI's priority processing ("fast" in Codex), by the longest beginning of the model's name.
PRIORITY_FACTORS = {
    "gpt-5.5": 2.5, "gpt-5-mini": 1.8, "gpt-5": 2.0, "gpt-6": 2.0, "gpt-4.1": 1.75, "gpt-4o": 1.7, "o3": 1.75,
    "o4-mini": 1.82,
}  # fmt: skip
# Models the price library does not know, by the one whose price list they share.
SAME_PRICE_AS = {"claude-mythos-5": "claude-fable-5", "claude-mythos-5-1": "claude-fable-5-1"}
# The client bills no long-context price but this one; the library lists more for older dates.
CONTEXT_TIERS = {"claude-haiku-5-5": 100_000}
WEB_SEARCH_USD = 0.01


class Prices(NamedTuple):
    """USD per million tokens."""

    input: float
    output: float
    cache_read: float
    cache_write_5m: float
    cache_write_1h: float


class Rates(NamedTuple):
    """The price list of one model on one day; `tiers` are (tokens, prices): above so many, the whole request."""

    prices: Prices
    tiers: tuple[tuple[int, Prices], ...] = ()
    web_search_usd: float = WEB_SEARCH_USD
    fast_factor: float = 1.0
    source: str = "genai-prices"


class Usage(Protocol):
    """The columns of `token_usage` that a price depends on."""

    @property
    def input_tokens(self) -> int: ...
    @property
    def output_tokens(self) -> int: ...
    @property
    def cache_read_tokens(self) -> int: ...
    @property
    def cache_creation_tokens(self) -> int: ...
    @property
    def cache_creation_1h_tokens(self) -> int: ...
    @property
    def web_search_requests(self) -> int: ...
    @property
    def speed(self) -> str | None: ...
    @property
    def inference_geo(self) -> str | None: ...


def cost(rates: Rates | None, usage: Usage) -> float | None:
    """USD for one request, or None when the model's price is unknown."""
    if rates is None:
        return None
    read, written, hourly = usage.cache_read_tokens, usage.cache_creation_tokens, usage.cache_creation_1h_tokens
    prices = rates.prices
    for threshold, above in rates.tiers:
        if usage.input_tokens + read + written > threshold:
            prices = above
    tokens = (
        usage.input_tokens * prices.input
        + usage.output_tokens * prices.output
        + read * prices.cache_read
        + (written - hourly) * prices.cache_write_5m
        + hourly * prices.cache_write_1h
    )
    return tokens * factor(rates, usage) / MTOK + usage.web_search_requests * rates.web_search_usd


def factor(rates: Rates, usage: Usage) -> float:
    """Fast mode and inference geography multiply every kind of token, but no web search."""
    fast = rates.fast_factor if usage.speed == "fast" else 1.0
    return fast * GEO_FACTORS.get(usage.inference_geo or "", 1.0)


_REACHED_BY = re.compile(
    r"^(?:(?:models|openai|google|gemini|vertex_ai|azure|azure_ai|bedrock|openrouter|github-copilot|x-ai|xai|deepseek)/)+"
)
# Of a name of Claude's: who resells it stands before it, a version of the reseller's or a way of use behind it.
_BEFORE = re.compile(r"^.*(?:/|anthropic\.)(?=claude)")
_BEHIND = re.compile(
    r"(?:\[1m\]|:(?:beta|thinking|extended)|-v\d+(?::\d+)?(?::\d+k)?|[-@]\d{8}|@default|@latest|-latest)$"
)
_REORDERED = re.compile(r"claude-([4-9])(?:-(\d+))?-(opus|sonnet|haiku|fable|mythos)$")


@cache
def canonical(model: str) -> str:
    """`us.anthropic.claude-sonnet-4-5-20250929-v1:0`, `claude-sonnet-4-5@20250929[1m]` -> `claude-sonnet-4-5`.

    A name that states its model has its model's price, whoever resells it: `us-gov.`, `azure_ai/`, `github-copilot/`,
    an ARN that ends in the name, `claude-4.5-sonnet`. Of other makers' models only the way they were reached goes.
    """
    name = model.strip().lower()
    if "claude" not in name:
        return _REACHED_BY.sub("", name)
    name = _BEFORE.sub("", name)
    while (shorter := _BEHIND.sub("", name)) != name:
        name = shorter
    name = re.sub(r"(?<=\d)\.(?=\d)", "-", name)
    return _REORDERED.sub(lambda found: "-".join(filter(None, ("claude", found[3], found[1], found[2]))), name)


def names_a_model(model: str) -> bool:
    """False for the ARN of a Bedrock inference profile, which says nothing of what answers."""
    return not model.startswith("arn:") or "claude" in model.rpartition("/")[2]


def rates_for(model: str, day: str, overrides: Mapping[str, Mapping[str, Any]] | None = None) -> Rates | None:
    """The price list of `model` on `day` (YYYY-MM-DD); the config's `[prices."model-id"]` wins. None: unknown."""
    name = canonical(model)
    own = (overrides or {}).get(model) or (overrides or {}).get(name)
    if own is not None:
        return _configured(own)
    listed = _library_prices(SAME_PRICE_AS.get(name, name), day)
    if listed is None:
        return None
    tiers = _tiers(listed, name)
    return Rates(_prices(listed, 0), tiers, _web_search(listed), _fast_factor(name))


def _fast_factor(name: str) -> float:
    begins = [start for start in PRIORITY_FACTORS if name.startswith(start)]
    return FAST_FACTORS.get(name) or (PRIORITY_FACTORS[max(begins, key=len)] if begins else 1.0)


def _configured(own: Mapping[str, Any]) -> Rates:
    """`input`, `output`, `cache_read`, `cache_write_5m`, `cache_write_1h` in USD per million tokens."""
    base = float(own.get("input", 0))
    write = float(own.get("cache_write_5m", own.get("cache_write", base * 1.25)))
    prices = Prices(
        base, float(own.get("output", 0)), float(own.get("cache_read", base * 0.1)), write,
        float(own.get("cache_write_1h", base * 2)),
    )  # fmt: skip
    return Rates(prices, (), float(own.get("web_search", WEB_SEARCH_USD)), float(own.get("fast_factor", 1)), "config")


def _library_prices(name: str, day: str) -> Any | None:
    found = _library_model(name)
    noon = datetime.fromisoformat(f"{day}T12:00:00").replace(tzinfo=UTC)
    return found.get_prices(noon) if found else None


@cache
def _library_model(name: str) -> Any | None:
    from genai_prices.data_snapshot import get_snapshot  # 140 ms: only for a model and day not seen before

    provider = "anthropic" if "claude" in name else None
    try:
        return get_snapshot().find_provider_model(name, None, provider, None)[1]
    except LookupError:
        return None


def _tiers(listed: Any, name: str) -> tuple[tuple[int, Prices], ...]:
    starts = {t.start for v in vars(listed).values() for t in getattr(v, "tiers", ())}
    if "claude" in name:
        starts &= {CONTEXT_TIERS.get(name)}
    return tuple((start, _prices(listed, start + 1)) for start in sorted(starts))


def _prices(listed: Any, context: int) -> Prices:
    base = _at(listed.input_mtok, context) or 0.0
    write = _at(listed.cache_write_mtok, context)
    write = base if write is None else write
    read = _at(listed.cache_read_mtok, context)
    hourly = _at(getattr(listed, "cache_write_1h_mtok", None), context)
    return Prices(
        base, _at(listed.output_mtok, context) or 0.0, base if read is None else read, write,
        (write if hourly is None else hourly),
    )  # fmt: skip


def _at(price: Any, context: int) -> float | None:
    """A plain or tiered price for a request of `context` input tokens."""
    if price is None or isinstance(price, Decimal | int | float):
        return None if price is None else float(price)
    value = price.base
    for tier in price.tiers:
        if context > tier.start:
            value = tier.price
    return float(value)


def _web_search(listed: Any) -> float:
    per_thousand = getattr(listed, "web_searches_kcount", None)
    return float(per_thousand) / 1000 if isinstance(per_thousand, Decimal | int | float) else WEB_SEARCH_USD
