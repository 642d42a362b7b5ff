"""Who may import whom, executable: data flows from the hook to the readers, imports point the other way."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "claude_metrics"
# Lowest first: a module imports from its own layer and from those above it in this list.
LAYERS: dict[str, tuple[str, ...]] = {
    "ground": (
        *("errors", "paths", "log", "clock", "names", "models", "config", "redact", "zones", "lock"),
        *("jsontext", "jsonedit", "shell_words", "verification", "observe"),
    ),
    "seams": ("agents", "pricing", "git", "git_*", "commit_*", "commits", "spool", "store"),
    "pipeline": ("ingest", "reading"),
    "uses": ("*",),
    "doors": ("cli", "commands", "page", "__main__"),
}
HEAVY = {
    "sqlite_utils": {"store.migrations"},
    "click": {"cli", "commands"},
    "psutil": {"lock", "worker", "doctor", "health", "watch", "agents.claude_processes", "grafana_process", "service"},
    "tomlkit": {"config_edit", "commands.config"},
    "genai_prices": {"pricing", "reprice"},
}


def modules() -> dict[str, ast.Module]:
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")
        found[name] = ast.parse(path.read_text(encoding="utf-8"))
    return found


MODULES = modules()


def imports(tree: ast.Module) -> set[str]:
    """Absolute names, also of imports inside functions."""
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def own_imports(tree: ast.Module) -> set[str]:
    """The package's modules it imports, without the package's name."""
    names = {name.removeprefix("claude_metrics.") for name in imports(tree) if name.startswith("claude_metrics.")}
    return {name if name in MODULES else name.rpartition(".")[0] for name in names} - {""}


def layer(module: str) -> int:
    for number, patterns in enumerate(LAYERS.values()):
        if any(fits(module, pattern) for pattern in patterns if pattern != "*"):
            return number
    return list(LAYERS).index("uses")


def fits(module: str, pattern: str) -> bool:
    if pattern.endswith("*"):
        return module.startswith(pattern[:-1])
    return module == pattern or module.startswith(f"{pattern}.")


@pytest.mark.parametrize("module", [name for name in MODULES if name])
def test_a_module_imports_nothing_from_a_layer_above_its_own(module: str) -> None:
    upward = {name for name in own_imports(MODULES[module]) if layer(name) > layer(module)}
    assert not upward


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("agents.")])
def test_an_agent_knows_neither_the_store_nor_another_agent(module: str) -> None:
    agent = module.split(".")[1].split("_", maxsplit=1)[0]
    others = {"claude", "gemini", "codex", "opencode", "cursor"} - {agent}
    if module.startswith("agents.hooks"):
        return
    for name in own_imports(MODULES[module]):
        assert not fits(name, "store")
        assert name.removeprefix("agents.").split("_")[0] not in others


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("store")])
def test_the_store_knows_no_agent(module: str) -> None:
    assert not [name for name in own_imports(MODULES[module]) if fits(name, "agents")]


@pytest.mark.parametrize("library", HEAVY)
def test_a_heavy_library_is_imported_where_it_is_needed_alone(library: str) -> None:
    users = {name for name, tree in MODULES.items() if any(fits(each, library) for each in imports(tree))}
    assert users <= {name for name in MODULES if any(fits(name, allowed) for allowed in HEAVY[library])}


@pytest.mark.parametrize("script", sorted((ROOT / "hooks").glob("*.py")), ids=lambda path: path.name)
def test_a_hook_imports_the_standard_library_and_our_standard_library_only_modules(script: Path) -> None:
    third_party = {"click", "rich", "msgspec", "psutil", "platformdirs", "sqlite_utils", "tomlkit", "genai_prices"}
    assert not {name.split(".")[0] for name in imports(ast.parse(script.read_text()))} & third_party
