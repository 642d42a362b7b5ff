"""Which command-line tools are here. Found by looking at files; no tool is started, so none can hang or lie.

The table is the config's, over these defaults:

    [tools.psql]
    detect = "psql"              # on PATH; or `~/bin/x`, or `bin/x` in the workspace; or a list of such
    usage = "psql -d shop: the development database"

An empty `detect` takes a tool out.
"""

import os
from typing import Any, NamedTuple

from claude_metrics.context.text import clean
from claude_metrics.git.process import find_program

DEFAULTS: dict[str, tuple[str | list[str], str]] = {
    "git": ("git", "version control"),
    "gh": ("gh", "GitHub: gh pr view, gh run list, gh issue list"),
    "glab": ("glab", "GitLab: glab mr view, glab ci status"),
    "project python": ([".venv/bin/python", "venv/bin/python"], "the project's own virtual environment"),
    "python": (["python3", "python"], "python3 -m pytest, python3 -m venv"),
    "uv": ("uv", "Python packages: uv sync, uv run CMD, uvx TOOL"),
    "node": ("node", "JavaScript: node FILE, node --test"),
    "pnpm": ("pnpm", "packages: pnpm install, pnpm run SCRIPT"),
    "npm": ("npm", "packages: npm ci, npm run SCRIPT"),
    "bun": ("bun", "bun install, bun run SCRIPT, bun test"),
    "cargo": ("cargo", "Rust: cargo build, cargo test, cargo clippy"),
    "go": ("go", "Go: go build ./..., go test ./..."),
    "make": ("make", "make TARGET; make -n shows what it would do"),
    "just": ("just", "just --list shows the recipes"),
    "docker": ("docker", "docker ps, docker compose up -d, docker logs NAME"),
    "kubectl": ("kubectl", "kubectl get pods, kubectl logs POD"),
    "ripgrep": ("rg", "rg PATTERN searches files, honours .gitignore"),
    "fd": (["fd", "fdfind"], "fd PATTERN finds files by name"),
    "jq": ("jq", "jq '.key' FILE reads JSON"),
    "psql": ("psql", "PostgreSQL: psql -c 'select 1'"),
    "sqlite3": ("sqlite3", "sqlite3 FILE '.schema'"),
    "curl": ("curl", "curl -sS URL"),
}


class Tool(NamedTuple):
    name: str
    found_as: str
    usage: str


def find(configured: dict[str, dict[str, Any]], workspace: str) -> list[Tool]:
    """Those of the table that are here; what a user added comes first."""
    return [tool for name, detect, usage in _table(configured) if (tool := _look(name, detect, usage, workspace))]


def _table(configured: dict[str, dict[str, Any]]) -> list[tuple[str, list[str], str]]:
    rows = []
    for name in [*(name for name in configured if name not in DEFAULTS), *DEFAULTS]:
        own = configured.get(name)
        own = own if isinstance(own, dict) else {}
        default_detect, default_usage = DEFAULTS.get(name, (name, ""))
        detect, usage = own.get("detect", default_detect), own.get("usage", default_usage)
        words = detect if isinstance(detect, list) else [detect]
        rows.append((name, [word for word in words if isinstance(word, str) and word], str(usage)))
    return rows


def _look(name: str, detect: list[str], usage: str, workspace: str) -> Tool | None:
    hit = next((word for word in detect if _is_here(word, workspace)), None)
    return Tool(name, hit, usage) if hit else None


def _is_here(word: str, workspace: str) -> bool:
    if "/" in word:
        return os.access(os.path.join(workspace, os.path.expanduser(word)), os.X_OK)
    return find_program(word) is not None


def line(tool: Tool) -> str:
    known_as = "" if tool.found_as == tool.name else f" ({clean(tool.found_as, 60)})"
    usage = f": {clean(tool.usage, 100)}" if tool.usage else ""
    return f"{clean(tool.name, 40)}{known_as}{usage}"
