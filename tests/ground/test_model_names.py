"""One model has one price, by whatever way it was reached."""

import pytest

from claude_metrics.pricing import canonical, rates_for

DAY = "2026-11-20"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("models/gemini-2.5-pro", "gemini-2.5-pro"),
        ("google/gemini-2.5-flash", "gemini-2.5-flash"),
        ("openai/gpt-5.5", "gpt-5.5"),
        ("openrouter/openai/gpt-5", "gpt-5"),
        ("GPT-5", "gpt-5"),
        ("x-ai/grok-4", "grok-4"),
        ("deepseek/deepseek-chat", "deepseek-chat"),
        ("anthropic/claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("moonshotai/kimi-k2", "moonshotai/kimi-k2"),  # a name of the price list itself
        ("my-own/model", "my-own/model"),
    ],
)
def test_the_way_to_a_model_is_no_part_of_its_name(given: str, expected: str) -> None:
    assert canonical(given) == expected


@pytest.mark.parametrize("given", ["models/gemini-2.5-pro", "openai/gpt-5.5", "openrouter/openai/gpt-5", "x-ai/grok-4"])
def test_a_model_costs_the_same_by_any_way(given: str) -> None:
    plain = rates_for(given.rpartition("/")[2], DAY)
    assert plain is not None
    assert rates_for(given, DAY) == plain


def test_a_price_of_the_users_own_wins_by_either_name() -> None:
    for name in ("openai/gpt-5.5", "gpt-5.5"):
        found = rates_for("openai/gpt-5.5", DAY, {name: {"input": 7, "output": 9}})
        assert found is not None
        assert (found.prices.input, found.source) == (7, "config")
