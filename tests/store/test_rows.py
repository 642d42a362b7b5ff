"""The rows that readers make and the tables that keep them have the same columns, so neither can gain one alone."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import fields
from pathlib import Path

import pytest

from claude_metrics import models
from claude_metrics.models import (
    TOKEN_FIELDS,
    TOTAL_FIELDS,
    CostState,
    Observation,
    Prompt,
    Request,
    Response,
    ToolCall,
)
from claude_metrics.store import connection as database
from claude_metrics.store import totals

# Columns that no reader gives: what is derived from the rows of the session, or the table's own.
DERIVED = {
    "token_usage": {"turn_index"},
    "tool_calls": {"turn_index"},
    "turns": {"turn_index", "ended_at", "tool_calls", "requests", "input_tokens", "output_tokens", "cost_usd"},
}
ROWS = {
    "token_usage": set(Request._fields),
    "tool_calls": set(ToolCall._fields),
    "observations": set(Observation._fields),
    "turns": {*Prompt._fields, *Response._fields},
    "cost_states": set(CostState._fields),
    "copies": set(models.Copy._fields),
    "agents": set(models.Agent._fields),
    "compactions": set(models.Compaction._fields),
    "api_errors": set(models.ApiError._fields),
}


@pytest.fixture(scope="module")
def columns(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, set[str]]]:
    path: Path = tmp_path_factory.mktemp("rows") / "metrics.db"
    with closing(database.connect(path)) as connection:
        tables = [*ROWS, "sessions"]
        yield {name: {row[1] for row in connection.execute(f"pragma table_info({name})")} for name in tables}


@pytest.mark.parametrize("table", ROWS)
def test_a_row_has_the_columns_of_its_table(columns: dict[str, set[str]], table: str) -> None:
    derived = DERIVED.get(table, set())
    assert ROWS[table] == columns[table] - derived
    assert derived <= columns[table]


def test_the_facts_of_a_session_are_columns(columns: dict[str, set[str]]) -> None:
    """The agent's own figures are kept beside those that are shown."""
    renamed = {"lines_added": "source_lines_added", "lines_removed": "source_lines_removed"}
    renamed["reported_cost_usd"] = "source_cost_usd"
    assert {renamed.get(field.name, field.name) for field in fields(models.SessionFacts)} <= columns["sessions"]


def test_the_token_fields_are_the_counts_of_a_request() -> None:
    counts = {name for name, default in Request._field_defaults.items() if default == 0}
    assert set(TOKEN_FIELDS) == counts - {"understated_tokens", "owner_known"}
    assert set(TOTAL_FIELDS) < set(TOKEN_FIELDS)
    assert totals.COLUMNS == TOTAL_FIELDS


def test_two_readings_of_a_request_keep_the_larger_of_every_count() -> None:
    empty = Request(id=1, session_id="s", timestamp="2026-11-20T00:00:00.000Z", model="m")
    for number, name in enumerate(TOKEN_FIELDS, 1):
        larger = empty._replace(**{name: number})
        assert models.merged(empty, larger) == models.merged(larger, empty) == larger
