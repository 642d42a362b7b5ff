"""The checklist of grafana/src/rules: today's files keep every rule, those of version 0.1.0 broke it."""

import gzip
import json
from functools import cache
from pathlib import Path

import pytest

from grafana.src import rules
from grafana.src.rules.suite import Suite, load
from tests.grafana import suite

FIRST = Path(__file__).with_name("version_0_1_0.json.gz")
NEVER_BROKEN = {"units_exist_in_every_version"}  # 0.1.0 used old units only


@cache
def today() -> Suite:
    return load(suite.GRAFANA)


@cache
def first() -> Suite:
    """The generated files of 0.1.0, which a real Grafana showed to be unusable."""
    found = json.loads(gzip.decompress(FIRST.read_bytes()))
    return Suite(found["boards"], found["alerts"], found["provider"])


@pytest.mark.parametrize("rule", rules.CHECKLIST, ids=lambda rule: rule.__name__)
def test_a_rule_is_kept(rule: rules.Rule) -> None:
    assert list(rule(today())) == []


@pytest.mark.parametrize("rule", rules.CHECKLIST, ids=lambda rule: rule.__name__)
def test_a_rule_was_broken_before(rule: rules.Rule) -> None:
    assert bool(list(rule(first()))) == (rule.__name__ not in NEVER_BROKEN)


def test_a_unit_that_an_old_version_does_not_know_is_refused() -> None:
    panel = {
        "type": "stat",
        "id": 1,
        "title": "Tokens",
        "fieldConfig": {"defaults": {"unit": "sishort"}, "overrides": []},
    }
    board = {"panels": [panel]}
    assert list(rules.texts.units_exist_in_every_version(Suite({"cm-x": board}, [], {}))) == [
        "cm-x/1 Tokens uses sishort"
    ]


def test_every_rule_says_what_it_asks() -> None:
    assert all((rule.__doc__ or "").strip().endswith(".") for rule in rules.CHECKLIST)
