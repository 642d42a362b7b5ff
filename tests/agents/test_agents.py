"""An agent is one folder and one line: all that is known of it stands there, and everyone else asks `AGENTS`."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from claude_metrics.agents import AGENTS, RECORDED, of_type
from claude_metrics.context import clients
from claude_metrics.installer import service

PACKAGE = Path(__file__).parents[2] / "claude_metrics"
FOLDERS = {path.parent.name for path in (PACKAGE / "agents").glob("*/__init__.py")}
NAMES = set(AGENTS) | {agent.type for agent in RECORDED.values()}
# These compare the names of models, some of which an agent's name is part of.
ABOUT_MODELS = {"pricing.py"}


def strings(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def decisions(tree: ast.AST) -> Iterator[ast.AST]:
    """Where code goes different ways: comparisons, cases of a match, look-ups, and tables by a name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            yield from (node.left, *node.comparators)
        elif isinstance(node, ast.MatchValue):
            yield node.value
        elif isinstance(node, ast.Subscript):
            yield node.slice
        elif isinstance(node, ast.Dict) and len(node.keys) > 1:
            keys = [key.value for key in node.keys if isinstance(key, ast.Constant)]
            if len(NAMES.intersection(key for key in keys if isinstance(key, str))) > 1:
                yield from (key for key in node.keys if key)


def agents_named_in(source: str) -> set[str]:
    return {word for node in decisions(ast.parse(source)) for word in strings(node)} & NAMES


def test_no_code_outside_an_agents_folder_decides_by_an_agents_name() -> None:
    outside = [path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).parts[:2] not in AGENT_FOLDERS]
    named = {str(path.relative_to(PACKAGE)): agents_named_in(path.read_text()) for path in outside}
    assert {path: names for path, names in named.items() if names and path not in ABOUT_MODELS} == {}


AGENT_FOLDERS = {("agents", name) for name in FOLDERS}


@pytest.mark.parametrize(
    "source",
    [
        'if agent == "claude": pass',
        'if "codex_cli" != row.agent_type: pass',
        'x = agent in ("gemini", "codex")',
        'AGENTS["claude"].data_dirs()',
        'FORMS = {"claude": 1, "codex": 2}',
        'match agent:\n    case "opencode": pass',
    ],
)
def test_such_a_decision_would_be_found(source: str) -> None:
    assert agents_named_in(source)


def test_every_folder_is_an_agent_of_that_name() -> None:
    assert set(AGENTS) == FOLDERS
    assert all(name == agent.name for name, agent in AGENTS.items())


def test_an_agent_without_a_reader_is_not_among_the_recorded_ones() -> None:
    assert set(AGENTS) - set(RECORDED) == {"cursor"}
    assert "recorder" not in AGENTS["cursor"].hooks


def test_an_agent_is_found_by_the_type_of_its_sessions() -> None:
    assert all(of_type(agent.type) is agent for agent in RECORDED.values())
    assert of_type("another") is None


# -- variables by which a user moves an agent's files ----------------------------------------


def variables_read(name: str) -> set[str]:
    """Names given to `os.environ` and to `Place(env=...)` in the agent's folder."""
    found: set[str] = set()
    for path in (PACKAGE / "agents" / name).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("os.environ.get", "os.getenv"):
                found |= set(strings(node.args[0]))
            elif isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ":
                found |= set(strings(node.slice))
            elif isinstance(node, ast.keyword) and node.arg == "env":
                found |= set(strings(node.value))
    return found


@pytest.mark.parametrize("name", AGENTS)
def test_an_agent_declares_every_variable_that_it_reads(name: str) -> None:
    assert set(AGENTS[name].environment) == variables_read(name)


def test_the_service_is_given_every_variable_of_every_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = {variable for agent in AGENTS.values() for variable in agent.environment}
    assert "OPENCODE_DB" in wanted
    for variable in wanted:
        monkeypatch.setenv(variable, f"/moved/{variable}")
    unit = service.service("linux").content.decode()
    assert all(f"{variable}=/moved/{variable}" in unit for variable in wanted)


# -- the session-start note -------------------------------------------------------------------


def test_a_form_of_the_note_belongs_to_an_agent_with_a_session_start_hook() -> None:
    assert set(clients.names()) <= {name for name, agent in AGENTS.items() if "session-start" in agent.hooks}
    assert all(clients.client_of(name).limit > 0 for name in clients.names())


def test_a_form_is_looked_for_in_the_agents_folders_alone() -> None:
    for name in ("nobody", "..", "../agents/claude/..", "opencode"):
        with pytest.raises(OSError, match=r"context\.json"):
            clients.client_of(name)
