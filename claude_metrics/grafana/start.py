"""Start and stop a Grafana for this machine.

`up` prefers docker compose (the database's folder mounted read-only), else it starts a native `grafana` with a home
of its own. Either listens on loopback only, and nobody looks without a login: the admin's password is random.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.grafana import process, provision


def docker() -> str | None:
    """`docker` if it can start something here."""
    program = shutil.which("docker")
    usable = program and process.succeeds([program, "compose", "version"]) and process.succeeds([program, "info"])
    return program if usable else None


def native() -> str | None:
    return shutil.which("grafana")


def up(database: Path, port: int, choice: str | None = None) -> tuple[str, str]:
    """Start Grafana and wait for it; returns (`docker` or `native`, its address)."""
    database = database.absolute()
    provision.check_path(database)
    provision.ensure_database(database)
    address = f"http://127.0.0.1:{port}"
    if choice != "native" and (program := docker()):
        process.start_compose(program, database, port)
        process.wait_for_compose(program, address)
        return "docker", address
    if choice != "docker" and (program := native()):
        process.start_native(program, database, port)
        return "native", address
    raise ClaudeMetricsError(
        "no Grafana to start; looked for docker with compose and a running daemon, and for `grafana` on PATH;"
        " install one: https://docs.docker.com/engine/install/ or https://grafana.com/grafana/download"
    )


def down() -> list[str]:
    """Stop what `up` started; returns what it stopped."""
    stopped = ["native"] if process.stop_native() else []
    if (provision.state_dir() / "compose.yaml").exists() and (program := docker()):
        process.stop_compose(program)
        stopped.append("docker")
    return stopped
