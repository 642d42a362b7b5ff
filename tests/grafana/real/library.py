"""@grafana/data of several versions, installed once into the cache, and the panels it is given."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.grafana import suite
from tests.grafana.conftest import Tried
from tests.grafana.emulator import Frame, PluginError
from tests.rig import clients
from tests.support.tools import missing

VERSIONS = ("10.4.8", "11.6.9", "13.2.3")
SCRIPT = Path(__file__).with_name("format.cjs")
PACKAGES = ("react@18.3.1", "react-dom@18.3.1", "jsdom@24.1.3")
QUIET = ("--no-audit", "--no-fund", "--no-progress", "--legacy-peer-deps", "--ignore-scripts", "--fetch-retries=1")
JS_TYPES = {"int": "number", "float": "number", "string": "string", "time": "time"}
Json = dict[str, Any]


def ensure(version: str) -> Path:
    """The folder with @grafana/data of this version."""
    return ensure_packages(f"grafana-data-{version}", [f"@grafana/data@{version}"])


def ensure_packages(name: str, wanted: list[str]) -> Path:
    """A folder of the cache with these packages; skips the test where npm cannot be reached."""
    folder = clients.cache_dir() / name
    done = folder / "installed"
    if not done.exists():
        with clients.one_at_a_time(clients.cache_dir() / f"{name}.lock"):
            if not done.exists():
                _install(wanted, folder)
                done.write_text(name)
    return folder


def _install(wanted: list[str], folder: Path) -> None:
    if not shutil.which("npm", path=clients.OUTSIDE.get("PATH")):
        pytest.skip(missing("npm"))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text('{"private": true}')
    command = ["npm", "install", "--prefix", str(folder), *QUIET, *wanted, *PACKAGES]
    try:
        clients.run_npm(wanted[0], command, folder, 400)
    except clients.ClientUnavailable as error:
        pytest.skip(str(error))


def formatted(version: str, panels: list[Json]) -> list[Json]:
    """Each panel as Grafana of this version would write it."""
    folder = ensure(version)
    command = ["node", str(SCRIPT), str(folder)]
    done = subprocess.run(command, input=json.dumps(panels), capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found: list[Json] = json.loads(done.stdout)
    return found


def panels(tried: Tried, days: int, session: str = "") -> Iterator[Json]:
    """Every panel with a query, and the frame that the plugin would send for it."""
    for target in suite.targets():
        if target.kind == "annotation":
            continue
        when = suite.wider(suite.range_of(target.board, tried.now, 60), days)
        try:
            frame = suite.run(tried.source, target, when, session=session)
        except PluginError as error:
            raise AssertionError(f"{target.name}: {error}") from error
        yield {"name": target.name, "panel": target.panel, "frame": as_sent(frame)}


def as_sent(frame: Frame) -> Json:
    fields = [
        {"name": f.name, "type": JS_TYPES[f.kind], "values": _values(f), "labels": f.labels} for f in frame.fields
    ]
    return {"refId": "A", "fields": fields}


def _values(field: Any) -> list[Any]:
    if field.kind == "time":
        return [None if value is None else round(value * 1000) for value in field.values]
    return list(field.values)


def texts(panel: Mapping[str, Any]) -> list[str]:
    """Everything a reader sees of it."""
    cells = [cell["text"] for row in panel["rows"] for cell in row]
    return [*cells, *(text for value in panel["values"] for text in (value["title"], value["text"]))]
