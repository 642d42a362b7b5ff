"""Write Grafana's provisioning files and dashboards with the real paths filled in."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

from claude_metrics import files, paths
from claude_metrics.errors import ClaudeMetricsError

PLUGIN, PLUGIN_VERSION = "frser-sqlite-datasource", "4.0.3"
# Parts of a path that the plugin refuses (its built-in block list), compared in lower case.
BLOCKED = (
    "grafana.db", ".aws", ".config/gcloud", ".azure", ".kube/config", ".docker/config", ".ssh", ".gnupg", ".pki",
    "/etc/shadow", "/etc/passwd", "/etc/gshadow", "/proc/", "/sys/", ".env", "credentials", ".git/config", ".netrc",
    ".npmrc", ".pypirc", "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519",
)  # fmt: skip


def state_dir() -> Path:
    """Where `up` keeps what it starts from; the database's own folder stays free of it."""
    return paths.data_dir() / "grafana"


def check_path(database: Path) -> None:
    """Raises ClaudeMetricsError for a path that the plugin would not open."""
    found = next((part for part in BLOCKED if part in str(database).lower()), None)
    if found:
        raise ClaudeMetricsError(
            f"Grafana's SQLite plugin opens no path with `{found}` in it; {database};"
            " move the database elsewhere (CLAUDE_METRICS_HOME or --db-path)"
        )


def ensure_database(database: Path) -> None:
    """An empty database rather than an error in every panel: the dashboards say what to run."""
    from claude_metrics import config
    from claude_metrics.store import connection

    connection.connect(database, config.load().journal_mode).close()


def provision(folder: Path, database: Path) -> list[Path]:
    """Write provisioning and dashboards into `folder` for a Grafana that sees this machine's files."""
    database, folder = database.absolute(), folder.absolute()
    check_path(database)
    ensure_database(database)
    return write(folder, str(database), str(folder / "dashboards"))


def write(folder: Path, database: str, dashboards: str) -> list[Path]:
    """The packaged files with these two paths filled in. They hold no secret: any user's Grafana may read them."""
    root, written = paths.asset("grafana"), []
    for source in sorted([*(root / "provisioning").rglob("*.yaml"), *(root / "dashboards").glob("*.json")]):
        text = source.read_text(encoding="utf-8")
        if source.parent.name == "datasources":
            text = text.replace("path: /data/metrics.db", f"path: {quoted(escaped(database))}")
        elif source.parts[-3:-1] == ("provisioning", "dashboards"):
            text = text.replace("path: /dashboards", f"path: {quoted(dashboards)}")
        written.append(write_file(folder / source.relative_to(root), text))
    return written


def escaped(path: str) -> str:
    """The plugin puts `file:` before the path: these characters would end it."""
    return path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def quoted(text: str) -> str:
    """A YAML value; Grafana expands `$` in it."""
    return json.dumps(text, ensure_ascii=False).replace("$", "$$")


def write_file(path: Path, text: str, mode: int = 0o644) -> Path:
    """Write a whole file or none."""
    try:
        for parent in reversed([p for p in path.parents if not p.exists()]):
            parent.mkdir()
            parent.chmod(0o755)
        files.write(path, text.encode(), mode)
    except OSError as error:
        raise ClaudeMetricsError(
            f"cannot write {path.name}: {error.strerror}; {path}; choose another folder"
        ) from error
    return path


def password_file() -> Path:
    """The admin's password, made once; readable by its owner alone."""
    paths.private_dir(state_dir())
    path = state_dir() / "admin_password"
    return path if path.exists() else write_file(path, secrets.token_urlsafe(24), 0o600)
