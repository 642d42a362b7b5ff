"""`docs/context.md` shows the note as it is, and names what exists."""

import re
import tomllib
from pathlib import Path

from claude_metrics import config
from claude_metrics.agents import AGENTS
from claude_metrics.commands.context import context
from claude_metrics.context.clients import PLAIN, client_of, names
from claude_metrics.context.note import LISTED
from scripts import context_example

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "context.md").read_text()


def test_the_page_shows_the_note_as_it_is() -> None:
    assert f"```text\n{context_example.example()}\n```" in PAGE, "run `make docs`"


def test_its_settings_are_those_of_the_config(tmp_path: Path) -> None:
    [block] = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "config.toml").write_text(block)
    assert config.load(tmp_path / "config.toml").context_max_chars == tomllib.loads(block)["context_max_chars"]


def test_every_client_has_its_row_with_its_limit() -> None:
    rows = {line.split("|")[1].strip(): line for line in PAGE.splitlines() if line.startswith("| ")}
    for name, hooks in AGENTS.items():
        limit = (client_of(name) if name in names() else PLAIN).limit
        assert f"{limit:,}" in rows[hooks.title], name
    assert f"{LISTED} have a line of their own" in PAGE


def test_the_options_it_names_exist() -> None:
    known = {option for parameter in context.params for option in parameter.opts}
    assert "--json" in PAGE
    assert {"--json", "--tool", "--max-chars", "--db-path"} <= known
