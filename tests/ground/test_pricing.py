"""Every rule of the client's price list, at its edge."""

import json
from datetime import date, timedelta
from importlib.metadata import version

import pytest

from claude_metrics import pricing
from claude_metrics.models import Request
from claude_metrics.pricing import canonical, cost, rates_for
from tests.support.claude_prices import LIST

DAY = "2026-11-20"


def request(model: str, **figures: object) -> Request:
    nothing = dict.fromkeys(Request._fields, 0)
    return Request(**{**nothing, "model": model, "speed": None, "inference_geo": None, "cost_usd": None, **figures})


def usd(model: str, day: str = DAY, **figures: object) -> float | None:
    return cost(rates_for(model, day), request(model, **figures))


@pytest.mark.parametrize("model", LIST)
def test_input_output_and_cache_cost_what_the_client_charges(model: str) -> None:
    base, output, read, _ = LIST[model]
    assert usd(model, input_tokens=1000) == pytest.approx(base / 1000)
    assert usd(model, output_tokens=1000) == pytest.approx(output / 1000)
    assert usd(model, cache_read_tokens=1000) == pytest.approx(read / 1000)
    assert usd(model, cache_creation_tokens=1000) == pytest.approx(base * 1.25 / 1000)
    assert usd(model, cache_creation_tokens=1000, cache_creation_1h_tokens=1000) == pytest.approx(base * 2 / 1000)


def test_one_hour_writes_are_a_part_of_all_writes_and_the_rest_is_five_minutes() -> None:
    assert usd("claude-opus-4-8", cache_creation_tokens=1000, cache_creation_1h_tokens=400) == pytest.approx(
        (600 * 6.25 + 400 * 10) / 1e6
    )


@pytest.mark.parametrize(
    ("figures", "factor"),
    [
        ({"input_tokens": 100_000}, 1),
        ({"input_tokens": 100_001}, 5),
        ({"input_tokens": 1, "cache_read_tokens": 99_999}, 1),
        ({"input_tokens": 1, "cache_read_tokens": 100_000}, 5),
        ({"input_tokens": 1, "cache_creation_tokens": 99_999}, 1),
        ({"input_tokens": 1, "cache_creation_tokens": 100_000}, 5),
    ],
    ids=["100000", "100001", "with-read-100000", "with-read-100001", "with-write-100000", "with-write-100001"],
)
def test_haiku_5_5_above_100000_input_tokens_costs_five_times_as_a_whole(figures: dict[str, int], factor: int) -> None:
    plain = (
        figures.get("input_tokens", 0) * 0.1
        + figures.get("cache_read_tokens", 0) * 0.01
        + figures.get("cache_creation_tokens", 0) * 0.125
        + 10 * 0.5
    ) / 1e6
    assert usd("claude-haiku-5-5", output_tokens=10, **figures) == pytest.approx(plain * factor)


@pytest.mark.parametrize("model", ["claude-sonnet-4-5", "claude-sonnet-4-6", "claude-opus-4-6", "claude-opus-5-5"])
def test_no_other_model_has_a_long_context_price(model: str) -> None:
    assert usd(model, "2026-01-10", input_tokens=300_000) == pytest.approx(300_000 * LIST[model][0] / 1e6)


@pytest.mark.parametrize("model", LIST)
def test_fast_mode_multiplies_every_kind_of_token_where_the_model_has_it(model: str) -> None:
    figures = {"input_tokens": 10, "output_tokens": 20, "cache_read_tokens": 30, "cache_creation_tokens": 40}
    plain = usd(model, **figures) or 0
    assert usd(model, speed="fast", **figures) == pytest.approx(plain * LIST[model][3])
    assert usd(model, speed="standard", **figures) == pytest.approx(plain)


def test_us_inference_multiplies_by_a_tenth_more_and_with_fast_mode() -> None:
    plain = usd("claude-opus-4-7", input_tokens=1000, output_tokens=100) or 0
    assert usd("claude-opus-4-7", input_tokens=1000, output_tokens=100, inference_geo="us") == pytest.approx(
        plain * 1.1
    )
    both = usd("claude-opus-4-7", input_tokens=1000, output_tokens=100, inference_geo="us", speed="fast")
    assert both == pytest.approx(plain * 6.6)
    assert usd("claude-opus-4-7", input_tokens=1000, output_tokens=100, inference_geo="eu") == pytest.approx(plain)


def test_web_searches_cost_a_cent_each_and_nothing_multiplies_them() -> None:
    assert usd("claude-opus-4-7", web_search_requests=3) == pytest.approx(0.03)
    assert usd("claude-opus-4-7", web_search_requests=3, speed="fast", inference_geo="us") == pytest.approx(0.03)


@pytest.mark.parametrize(
    ("spelling", "model"),
    [
        ("claude-sonnet-4-5-20250929[1m]", "claude-sonnet-4-5"),
        ("claude-opus-4-1-20250805", "claude-opus-4-1"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5"),
        ("anthropic.claude-3-5-haiku-20241022-v1:0", "claude-3-5-haiku"),
        ("claude-haiku-4-5@20251001", "claude-haiku-4-5"),
        ("vertex_ai/claude-opus-4-5@20251101", "claude-opus-4-5"),
        ("anthropic/claude-opus-4-8", "claude-opus-4-8"),
        ("claude-3-7-sonnet-latest", "claude-3-7-sonnet"),
    ],
)
def test_a_model_costs_the_same_by_any_of_its_spellings(spelling: str, model: str) -> None:
    assert canonical(spelling) == model
    assert usd(spelling, input_tokens=1000, output_tokens=7) == (usd(model, input_tokens=1000, output_tokens=7) or -1)


@pytest.mark.parametrize("model", ["claude-opus-9", "my-local-model", "", "claude-opus-55", "gpt-99"])
def test_an_unknown_model_has_no_price(model: str) -> None:
    assert usd(model, input_tokens=1000) is None


def test_the_configs_price_wins_over_the_library_and_fills_what_it_lacks() -> None:
    own = {"claude-opus-9": {"input": 1, "output": 2}, "claude-opus-5": {"input": 3, "output": 4, "cache_read": 0.5}}
    assert cost(rates_for("claude-opus-9", DAY, own), request("x", input_tokens=10**6)) == 1
    assert cost(rates_for("claude-opus-5", DAY, own), request("x", cache_read_tokens=10**6)) == 0.5


def test_the_price_is_that_of_the_day() -> None:
    """genai-prices dates a change of claude-opus-4-6's long-context price; the base price is listed on both sides."""
    before, after = rates_for("claude-opus-4-6", "2026-03-12"), rates_for("claude-opus-4-6", "2026-03-14")
    assert before is not None
    assert after is not None
    assert before.prices == after.prices
    assert before.tiers == after.tiers == ()


@pytest.mark.parametrize(
    ("model", "day", "input_usd"), [("gpt-5.5", DAY, 5.0), ("gemini-2.5-pro", DAY, 1.25)], ids=["openai", "google"]
)
def test_models_of_other_agents_have_their_makers_price(model: str, day: str, input_usd: float) -> None:
    assert usd(model, day, input_tokens=1000) == pytest.approx(input_usd / 1000)


def test_the_table_of_common_prices_says_on_every_day_what_the_library_says() -> None:
    table = json.loads(pricing.TABLE.read_text(encoding="utf-8"))
    assert table["library"] == pricing.library_version() == version("genai-prices")
    assert len(table["models"]) > 50
    for name, periods in table["models"].items():
        firsts = [date.fromisoformat(first) for first, _ in periods]
        days = {day + timedelta(n) for day in firsts for n in (-1, 0, 1) if day.year > 1 or n >= 0}
        for day in [*days, *(date(2024, 1, 1) + timedelta(n) for n in range(0, 1200, 61))]:
            told = pricing.rates_for(name, str(day))
            assert told and told._replace(fast_factor=1.0) == pricing.from_library(name, str(day)), (name, day)


def test_the_table_of_another_version_of_the_library_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pricing, "library_version", lambda: "99.0")
    assert pricing._table.__wrapped__() == {}
    pricing._table.cache_clear()
    assert pricing.rates_for("claude-haiku-4-5", "2026-11-20") == pricing.from_library("claude-haiku-4-5", "2026-11-20")
    monkeypatch.undo()
    pricing._table.cache_clear()
    assert "claude-haiku-4-5" in pricing._table()
