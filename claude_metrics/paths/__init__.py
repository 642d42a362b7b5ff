"""Every folder and packaged file, in one place.

Folders come from platformdirs; `CLAUDE_METRICS_HOME` puts all of them under one folder. The plugin's hook
spells the same default out by hand (it may import nothing); a test holds the two equal.
"""

import os
from pathlib import Path

from claude_metrics.errors import ClaudeMetricsError

APP = "claude-metrics"
ROOT = Path(__file__).resolve().parents[2]


def _folder(name: str) -> Path:
    """The folder for `name` (data, config or log): platformdirs' user folder of that name, or one below our own."""
    if home := os.environ.get("CLAUDE_METRICS_HOME"):
        return absolute_home(home) / name
    import platformdirs  # 5 ms

    return Path(getattr(platformdirs, f"user_{name}_dir")(APP, appauthor=False))


def absolute_home(home: str) -> Path:
    """A relative one would be another folder, with other programs in it, in every project."""
    folder = Path(home).expanduser()
    if not folder.is_absolute():
        raise ClaudeMetricsError(f"CLAUDE_METRICS_HOME is a relative path; {home}; give it an absolute one")
    return folder


def data_dir() -> Path:
    return _folder("data")


def config_file() -> Path:
    return _folder("config") / "config.toml"


def log_file() -> Path:
    return _folder("log") / f"{APP}.log"


def spool_dir() -> Path:
    return data_dir() / "spool"


def database_file() -> Path:
    """`<data>/db/metrics.db`, alone in the folder that Grafana mounts, unless `CLAUDE_METRICS_DB` names another."""
    named = os.environ.get("CLAUDE_METRICS_DB")
    return Path(named).expanduser() if named else data_dir() / "db" / "metrics.db"


def daily_copy(db_path: Path) -> Path:
    """`<data>/backups/metrics.db`; a database elsewhere has one of its own."""
    import hashlib

    place, own = db_path.absolute(), data_dir() / "db" / "metrics.db"
    mark = "" if place == own.absolute() else "-" + hashlib.sha256(os.fsencode(place)).hexdigest()[:8]
    return data_dir() / "backups" / f"metrics{mark}.db"


def private_dir(path: Path) -> Path:
    """Make `path` and its missing parents with mode 0700, whatever the umask."""
    if not path.is_dir():
        private_dir(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)
        path.chmod(0o700)
    return path


def asset(name: str) -> Path:
    """A file shipped with the package: in the wheel under `_assets/`, in a checkout at the repository's root."""
    packaged = Path(__file__).resolve().parents[1] / "_assets" / name
    return packaged if packaged.exists() else ROOT / name
