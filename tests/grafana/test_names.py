"""Names that people read: short names of models, and names in addresses."""

import sqlite3
from pathlib import Path

import pytest

from claude_metrics.store import connection as database
from grafana.src import sql, words


@pytest.fixture
def db(tmp_path: Path) -> sqlite3.Connection:
    return database.connect(tmp_path / "metrics.db")


@pytest.mark.parametrize(
    ("identifier", "name"),
    [
        ("claude-opus-5-5", "Opus 5.5"),
        ("claude-sonnet-4-5-20250929", "Sonnet 4.5"),
        ("claude-3-5-haiku-20241022", "Haiku 3.5"),
        ("claude-3-opus-20240229", "Opus 3"),
        ("claude-sonnet-4", "Sonnet 4"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "Sonnet 4.5"),
        ("anthropic/claude-sonnet-5", "Sonnet 5"),
        ("claude-haiku-4-5@20251001", "Haiku 4.5"),
        ("gpt-6.1-sol", "GPT 6.1 sol"),
        ("gemini-2.5-flash-lite", "Gemini 2.5 flash lite"),
        ("fake-large", "fake-large"),
        ("vendor/", "vendor/"),
        ("", "(reported)"),
        ('a "quoted" & odd+name', "a ″quoted″ ＆ odd＋name"),  # noqa: RUF001 - the look-alikes that are meant
    ],
)
def test_a_model_has_a_short_name(db: sqlite3.Connection, identifier: str, name: str) -> None:
    db.execute("insert into labels values ('model', ?)", (identifier,))
    assert db.execute("select model, model_name from v_model_names").fetchall() == [(identifier, name)]
    assert db.execute(f"select {sql.model_name('m')} from (select ? as m)", (identifier,)).fetchone() == (name,)


@pytest.mark.parametrize("name", ["plain", "R&D", "c#", "100%", "c++", 'say "hi"', "a=b?c", "größe"])
def test_a_name_in_an_address_is_that_of_the_filter(db: sqlite3.Connection, name: str) -> None:
    db.execute(
        "insert into places (agent, project_path, project, branch, machine) values ('a', '/p', ?, ?, 'm')", (name, name)
    )
    stored = db.execute("select project_key, branch_key from v_places").fetchone()
    written = db.execute(f"select {sql.key('p')} from (select ? as p)", (name,)).fetchone()
    assert stored == (written[0], written[0])
    assert not set(written[0]) & set('"&#%+')


def test_an_agent_has_the_name_of_its_folder() -> None:
    assert sql_text("claude_code") == "Claude Code"
    assert sql_text("another") == "another", "an agent that another version recorded keeps its identifier"


def sql_text(agent: str) -> str:
    shown: str = (
        sqlite3.connect(":memory:").execute(f"select {words.agent('a')} from (select ? as a)", (agent,)).fetchone()[0]
    )
    return shown
