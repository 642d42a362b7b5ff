"""What a request of Claude Code costs: advisors, cache writes, request ids that come and go, resold models."""

from pathlib import Path
from typing import Any

import pytest

from claude_metrics import pricing
from tests.agents.claude_records import Json, answer, inputs, prompt, rows, transcript


def advised(number: int) -> Json:
    own = {"type": "message", "input_tokens": 2, "output_tokens": 80}
    advisor = {"type": "advisor_message", "model": "claude-opus-4-7", "input_tokens": 3000, "output_tokens": 140}
    return {"input_tokens": 6, "output_tokens": 1000, "iterations": [own, advisor, own]}


def test_an_advisor_within_a_request_is_billed_at_its_own_model(home: Path, run_cli: Any) -> None:
    line = answer(2, model="claude-sonnet-4-6", usage=advised(2)) + b"\n"
    transcript(home, prompt(1) + b"\n", line, line)
    inputs(run_cli)
    assert rows("select model, input_tokens, output_tokens from token_usage order by 1") == [
        ("claude-opus-4-7", 3000, 140),
        ("claude-sonnet-4-6", 6, 1000),
    ]


PARTS = {"cache_creation": {"ephemeral_5m_input_tokens": 800, "ephemeral_1h_input_tokens": 200}}
HOURLY = {"cache_creation": {"ephemeral_1h_input_tokens": 200}}
WRITTEN = {
    "only its parts": (PARTS, 800, 200),
    "a sum that is too small": ({"cache_creation_input_tokens": 500, **PARTS}, 800, 200),
    "a sum that is larger": ({"cache_creation_input_tokens": 1500, **HOURLY}, 1300, 200),
    "no parts": ({"cache_creation_input_tokens": 1500}, 1500, 0),
}


@pytest.mark.slow
@pytest.mark.parametrize(("usage", "brief", "hourly"), WRITTEN.values(), ids=WRITTEN)
def test_the_larger_figure_of_cache_writes_counts(
    usage: Json, brief: int, hourly: int, home: Path, run_cli: Any
) -> None:
    transcript(home, prompt(1) + b"\n", answer(2, usage={"input_tokens": 1, "output_tokens": 1, **usage}) + b"\n")
    inputs(run_cli)
    columns = "cache_creation_tokens, cache_creation_5m_tokens, cache_creation_1h_tokens"
    assert rows(f"select {columns} from token_usage") == [(brief + hourly, brief, hourly)]


SOMETIMES = {"first with": ("req", None), "first without": (None, "req"), "never": (None, None)}


@pytest.mark.slow
@pytest.mark.parametrize("ids", SOMETIMES.values(), ids=SOMETIMES)
@pytest.mark.parametrize("syncs", [1, 2], ids=["at once", "with a sync between"])
def test_a_message_whose_request_id_comes_and_goes_counts_once(
    ids: tuple[str | None, str | None], syncs: int, home: Path, run_cli: Any
) -> None:
    lines = [answer(2, request_id=ids[0], message_id="m") + b"\n", answer(2, request_id=ids[1], message_id="m") + b"\n"]
    path = transcript(home, prompt(1) + b"\n", lines[0])
    if syncs == 2:
        inputs(run_cli)
    with path.open("ab") as file:
        file.write(lines[1])
    assert inputs(run_cli) == [200]


ARN = "arn:aws:bedrock:eu-west-2:111122223333:application-inference-profile/zz99yy88xx77"


def test_an_arn_that_names_no_model_is_priced_by_what_answered(home: Path, run_cli: Any) -> None:
    transcript(home, prompt(1) + b"\n", answer(2, requestedModel=ARN) + b"\n")
    inputs(run_cli)
    assert rows("select model, cost_usd is null from token_usage") == [("claude-opus-4-8", 0)]


RESOLD = {
    "us-gov.anthropic.claude-opus-4-8-v1:0": "claude-opus-4-8",
    "arn:aws:bedrock:us-east-1:111122223333:inference-profile/us.anthropic.claude-opus-4-8-v1:0": "claude-opus-4-8",
    "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0": "claude-haiku-4-5",
    "openrouter/anthropic/claude-sonnet-4.5": "claude-sonnet-4-5",
    "anthropic/claude-opus-4.8:thinking": "claude-opus-4-8",
    "azure_ai/claude-opus-4-8": "claude-opus-4-8",
    "github-copilot/claude-sonnet-4.5": "claude-sonnet-4-5",
    "claude-4.5-sonnet": "claude-sonnet-4-5",
    "claude-4-sonnet": "claude-sonnet-4",
    "vertex_ai/claude-opus-4-8@default": "claude-opus-4-8",
    "claude-haiku-4-5@20251001": "claude-haiku-4-5",
    "claude-3-5-sonnet-20241022": "claude-3-5-sonnet",
}


@pytest.mark.parametrize(("name", "model"), RESOLD.items())
def test_a_name_that_states_its_model_has_its_models_price(name: str, model: str) -> None:
    assert pricing.canonical(name) == model
    assert pricing.rates_for(name, "2026-09-10") == pricing.rates_for(model, "2026-09-10") is not None
