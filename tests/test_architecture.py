"""Who may import whom, executable. Data flows from the hook to the readers; imports point the other way.

Every module belongs to a room of this table; a new module without a room fails. There is no wildcard.
"""

import ast
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from claude_metrics.store import connection as database

READERS = ("reports", "render", "context")  # they name views only: a definition stands in a view, and tables may change
_NAMED = re.compile(r"\b(?:from|join|into|update)\s+\"?(\w+)", re.IGNORECASE)
_SELECT = re.compile(r"\bselect\b.+\bfrom\b", re.IGNORECASE | re.DOTALL)
ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "claude_metrics"
# Modules at the root of the package, and the ones among them that each may import.
GROUND: dict[str, set[str]] = {
    "errors": set(),
    "clock": set(),
    "models": set(),
    "pricing": set(),
    "redaction": set(),
    "redact": {"redaction"},
    "shell_words": set(),
    "text": set(),
    "paths": {"errors"},
    "files": {"errors", "paths"},
    "log": {"paths"},
    "lock": {"paths"},
    "config": {"errors", "files", "log", "paths"},
}
SEAMS = {"agents", "git", "activity", "store"}
# Which rooms a room may import, besides the ground; each import between rooms of one layer has its reason here.
ROOMS: dict[str, set[str]] = {
    "activity": set(),
    "git": set(),
    "agents": {"activity", "git"},  # readers name what a tool call was for, and whether it may have made a commit
    "store": {"activity"},  # observations and summaries are derived by its rules
    "recording": SEAMS | {"installer"},  # the worker keeps the hook's own files up to date
    "maintenance": SEAMS | {"recording"},  # a rebuild reads everything anew, the way sync does
    "reports": SEAMS,
    "installer": SEAMS,
    "grafana": {"store"},
    "context": {"git"},  # read at every session start: it imports neither the store nor the agents
    "demo": {"recording", "store"},  # the demo runs the real worker
    "health": SEAMS | {"recording", "maintenance", "installer"},  # doctor looks at all of them and mends them
    "render": {"reports"},
    "commands": SEAMS
    | {"recording", "maintenance", "reports", "installer", "grafana", "context", "demo", "health", "render"},
}
# Doors: the command line, and the program that installed hooks start.
DOORS: dict[str, set[str]] = {
    "cli": {"store", "commands", "maintenance"},
    "__main__": {"cli"},
    "worker": {"recording", "maintenance"},
}
HEAVY = {
    "sqlite_utils": {"store.migrations"},
    "click": {"cli", "commands", "render"},
    "psutil": {
        *("lock", "recording.worker", "recording.watch", "health", "agents.claude.processes", "grafana.process"),
        "installer.service",
    },
    "dateparser": {"config.days"},
    "tomlkit": {"config.edit", "commands.config"},
    "genai_prices": {"pricing", "store.reprice"},
}


def modules() -> dict[str, ast.Module]:
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix("__init__").rstrip(".")
        found[name] = ast.parse(path.read_text(encoding="utf-8"))
    return found


MODULES = modules()


def imports(tree: ast.Module) -> set[str]:
    """Absolute names, also of imports inside functions and of those for the type checker alone."""
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def own_imports(module: str) -> set[str]:
    """The package's modules that `module` imports, without the package's name."""
    names = {name.removeprefix("claude_metrics.") for name in imports(MODULES[module]) if "claude_metrics." in name}
    return {name if name in MODULES else name.rpartition(".")[0] for name in names} - {"", module}


def room_of(module: str) -> str:
    return module.partition(".")[0]


def fits(module: str, prefix: str) -> bool:
    return module == prefix or module.startswith(f"{prefix}.")


def circle(graph: dict[str, set[str]]) -> list[str]:
    """A way from a node back to itself, or nothing."""
    done: set[str] = set()

    def walk(node: str, way: list[str]) -> list[str]:
        if node in way:
            return [*way[way.index(node) :], node]
        if node in done:
            return []
        for target in sorted(graph.get(node, ())):
            if found := walk(target, [*way, node]):
                return found
        done.add(node)
        return []

    return next((found for node in sorted(graph) if (found := walk(node, []))), [])


@pytest.mark.parametrize("module", [name for name in MODULES if name])
def test_every_module_has_a_room(module: str) -> None:
    assert room_of(module) in {*GROUND, *ROOMS, *DOORS}


@pytest.mark.parametrize("module", [name for name in MODULES if name])
def test_a_module_imports_only_what_the_table_allows(module: str) -> None:
    room = room_of(module)
    if room in GROUND:
        allowed = GROUND[room]
    elif room in ROOMS:
        allowed = ROOMS[room] | GROUND.keys()
    else:
        allowed = DOORS[room] | GROUND.keys()
    assert {room_of(name) for name in own_imports(module)} - {room} <= allowed


def test_no_files_import_each_other_in_a_circle() -> None:
    assert circle({name: own_imports(name) for name in MODULES}) == []


def test_no_rooms_import_each_other_in_a_circle() -> None:
    rooms: dict[str, set[str]] = {}
    for name in MODULES:
        rooms.setdefault(room_of(name), set()).update({room_of(n) for n in own_imports(name)} - {room_of(name)})
    assert circle(rooms) == []


def test_a_circle_would_be_found() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]


def test_the_root_holds_doors_and_ground_only() -> None:
    assert len(list(PACKAGE.glob("*.py"))) <= 15


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("agents.") and name.count(".") > 1])
def test_an_agent_imports_no_other_agent(module: str) -> None:
    agents = {path.parent.name for path in (PACKAGE / "agents").glob("*/__init__.py")}
    others = agents - {module.split(".")[1]}
    assert not [name for name in own_imports(module) if any(fits(name, f"agents.{other}") for other in others)]


@pytest.mark.parametrize("library", HEAVY)
def test_a_heavy_library_is_imported_where_it_is_needed_alone(library: str) -> None:
    users = {name for name, tree in MODULES.items() if any(fits(each, library) for each in imports(tree))}
    assert users <= {name for name in MODULES if any(fits(name, allowed) for allowed in HEAVY[library])}


@pytest.mark.parametrize("script", sorted((ROOT / "hooks").glob("*.py")), ids=lambda path: path.name)
def test_a_hook_imports_the_standard_library_the_note_and_the_worker_alone(script: Path) -> None:
    third_party = {"click", "rich", "msgspec", "psutil", "platformdirs", "sqlite_utils", "tomlkit", "genai_prices"}
    names = imports(ast.parse(script.read_text(encoding="utf-8")))
    assert not {name.partition(".")[0] for name in names} & third_party
    ours = {name for name in names if name.startswith("claude_metrics")}
    assert all(fits(name, "claude_metrics.context") or name == "claude_metrics.worker.main" for name in ours)


def texts(tree: ast.Module) -> list[str]:
    """The string constants of a module, parts of f-strings too, without docstrings."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    constants = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return [str(node.value) for node in constants if id(node) not in docstrings]


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    with closing(database.connect(tmp_path_factory.mktemp("tables") / "m.db")) as connection:
        return {row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")}


def tables_named(text: str, tables: set[str]) -> set[str]:
    return {name for name in _NAMED.findall(text) if name in tables}


@pytest.mark.parametrize("module", [name for name in MODULES if room_of(name) in READERS])
def test_a_reader_names_views_and_no_table(module: str, tables: set[str]) -> None:
    assert [text for text in texts(MODULES[module]) if tables_named(text, tables)] == []


@pytest.mark.parametrize("script", sorted((ROOT / "hooks").glob("*.py")), ids=lambda path: path.name)
def test_a_hook_names_no_table(script: Path, tables: set[str]) -> None:
    tree = ast.parse(script.read_text(encoding="utf-8"))
    assert [text for text in texts(tree) if tables_named(text, tables)] == []


def test_a_table_would_be_found(tables: set[str]) -> None:
    text = "select 1 from v_usage join sessions using (session_id)"
    assert {"sessions", "commits", "token_usage"} <= tables and tables_named(text, tables) == {"sessions"}


@pytest.mark.parametrize("module", [name for name in MODULES if room_of(name) == "render"])
def test_what_shows_rows_asks_for_none(module: str) -> None:
    assert [text for text in texts(MODULES[module]) if _SELECT.search(text)] == []
    assert sqlite3.__name__ not in imports(MODULES[module])
