"""`grafana provision`, `up` and `down` as processes. Grafana and docker are stand-ins that note what they were told."""

import configparser
import json
import os
import re
import socket
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from claude_metrics import paths
from claude_metrics.grafana import process
from claude_metrics.grafana import provision as grafana
from claude_metrics.grafana.log import last_errors
from tests.grafana import emulator, suite

pytestmark = pytest.mark.slow

Cli = Callable[..., subprocess.CompletedProcess[str]]
SERVER = """
import http.server, json, os, sys
class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b'{"database": "ok"}')
    def log_message(self, *a): pass
"""
GRAFANA = f"""#!{sys.executable}
{SERVER}
import configparser, pathlib
if sys.argv[1] == "cli":
    folder = pathlib.Path(sys.argv[3]) / sys.argv[6]
    folder.mkdir(parents=True); (folder / "version").write_text(sys.argv[7]); sys.exit()
ini = configparser.ConfigParser(interpolation=None); ini.read(sys.argv[3])
server = (ini["server"]["http_addr"], int(ini["server"]["http_port"]))
http.server.HTTPServer(server, Health).serve_forever()
"""
DOCKER = f"""#!{sys.executable}
{SERVER}
import subprocess
noted = {{"arguments": sys.argv[1:], **{{k: v for k, v in os.environ.items() if k.startswith("CM_")}}}}
with open(os.environ["NOTES"], "a") as file: file.write(json.dumps(noted) + "\\n")
if "up" in sys.argv:
    subprocess.Popen([sys.executable, __file__, "serve", os.environ["CM_PORT"]], start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
if "serve" in sys.argv:
    once = http.server.HTTPServer(("127.0.0.1", int(sys.argv[-1])), Health)
    once.timeout = 30; once.handle_request()
"""

RESTARTING = f"""#!{sys.executable}
import sys
if "ps" in sys.argv:
    print("0123456789ab")
if "logs" in sys.argv:
    print('grafana-1  | logger=provisioning level=error msg="Datasource provisioning error" error="no such file"')
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """`program("docker", text)`: the only one on PATH besides the others given so."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("NOTES", str(tmp_path / "notes.jsonl"))

    def put(name: str, text: str) -> Path:
        path = folder / name
        path.write_text(text)
        path.chmod(0o700)
        return path

    return put


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def paths_in(value: object) -> list[str]:
    if isinstance(value, dict):
        own = [v for k, v in value.items() if k == "path" and isinstance(v, str)]
        return own + [p for v in value.values() for p in paths_in(v)]
    return [p for v in value for p in paths_in(v)] if isinstance(value, list) else []


@pytest.mark.parametrize("name", ["plain", "it's $HOME", 'größe "x" #1 50%'])
def test_every_path_that_provision_writes_exists(run_cli: Cli, tmp_path: Path, name: str) -> None:
    folder, database = tmp_path / "out" / name, tmp_path / name / "metrics.db"
    done = run_cli("grafana", "provision", str(folder), "--db-path", str(database), "--json")
    assert done.returncode == 0, done.stderr
    files = [Path(path) for path in json.loads(done.stdout)["files"]]
    assert all(path.exists() and path.stat().st_mode & stat.S_IROTH for path in files)
    found = []
    for path in (p for p in files if p.suffix == ".yaml"):
        expanded = path.read_text().replace("$$", "$") if path.parent.name != "alerting" else path.read_text()
        found += paths_in(yaml.safe_load(expanded))
    named = [p.replace("%3f", "?").replace("%23", "#").replace("%25", "%") for p in found]
    assert len(named) == 2 and all(Path(path).exists() for path in named), named
    assert {p.name for p in files if p.suffix == ".json"} == {p.name for p in (suite.GRAFANA / "dashboards").iterdir()}


def test_provisioning_twice_gives_the_same_files(run_cli: Cli, tmp_path: Path) -> None:
    def written() -> dict[Path, bytes]:
        assert run_cli("grafana", "provision", str(tmp_path / "out")).returncode == 0
        return {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}

    assert written() == written()


@pytest.mark.parametrize("part", [".ssh", ".env-data", "my-credentials", ".AWS"])
def test_a_path_the_plugin_refuses_is_refused_first(run_cli: Cli, tmp_path: Path, part: str) -> None:
    done = run_cli("grafana", "provision", str(tmp_path / "out"), "--db-path", str(tmp_path / part / "metrics.db"))
    assert done.returncode == 1 and "plugin" in done.stderr and not (tmp_path / "out").exists()
    assert len(done.stderr.splitlines()) == 1


def test_both_know_the_same_block_list() -> None:
    assert grafana.BLOCKED == emulator.BLOCKED


def test_a_native_grafana_is_started_and_stopped(run_cli: Cli, program: Callable[[str, str], Path], home: Path) -> None:
    program("grafana", GRAFANA)
    port = free_port()
    started = run_cli("grafana", "up", "--port", str(port), "--json")
    assert started.returncode == 0, started.stderr
    assert json.loads(started.stdout)["started"] == "native"
    again = run_cli("grafana", "up", "--port", str(port))
    assert again.returncode == 0 and f"http://127.0.0.1:{port}" in again.stdout
    folder = home / "claude-metrics" / "data" / "grafana"
    assert (folder / "native" / "plugins" / grafana.PLUGIN / "version").read_text() == grafana.PLUGIN_VERSION
    ini = (folder / "native" / "grafana.ini").read_text()
    assert "http_addr = 127.0.0.1" in ini and "admin_password = admin\n" not in ini
    assert stat.S_IMODE((folder / "admin_password").stat().st_mode) == 0o600
    assert run_cli("grafana", "down").stdout == "stopped: native\n"
    with pytest.raises(OSError):
        urllib.request.urlopen(f"http://127.0.0.1:{port}", timeout=2)
    assert run_cli("grafana", "down").stdout == "nothing was running\n"


def test_compose_gets_the_folder_the_user_and_the_port(
    run_cli: Cli, program: Callable[[str, str], Path], tmp_path: Path
) -> None:
    program("docker", DOCKER)
    port, database = free_port(), tmp_path / "data" / "mine.db"
    done = run_cli("grafana", "up", "--port", str(port), "--db-path", str(database))
    assert done.returncode == 0, done.stderr
    assert f"http://127.0.0.1:{port}" in done.stdout
    assert run_cli("grafana", "down").stdout == "stopped: docker\n"
    notes = [json.loads(line) for line in (tmp_path / "notes.jsonl").read_text().splitlines()]
    up = next(note for note in notes if "up" in note["arguments"])
    assert up["CM_DATA_DIR"] == str(database.parent) and up["CM_PORT"] == str(port) and up["CM_UID"] == str(os.getuid())
    folder = Path(up["arguments"][up["arguments"].index("--file") + 1]).parent
    source = yaml.safe_load((folder / "provisioning/datasources/claude-metrics.yaml").read_text())
    assert source["datasources"][0]["jsonData"]["path"] == "/data/mine.db"
    assert any("down" in note["arguments"] for note in notes)


def test_without_docker_and_grafana_it_says_what_to_install(run_cli: Cli, program: Callable[[str, str], Path]) -> None:
    done = run_cli("grafana", "up")
    assert done.returncode == 1 and "docker" in done.stderr and "grafana.com" in done.stderr


def test_a_port_in_use_is_told(run_cli: Cli, program: Callable[[str, str], Path]) -> None:
    program("grafana", GRAFANA)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        done = run_cli("grafana", "up", "--port", str(other.getsockname()[1]))
    assert done.returncode == 1 and "--port" in done.stderr


def test_a_grafana_that_ends_at_once_says_why(run_cli: Cli, program: Callable[[str, str], Path]) -> None:
    lines = (
        'logger=settings t=2026-11-20T05:00:00Z level=info msg="Starting Grafana" version=11.0.0',
        'logger=provisioning t=2026-11-20T05:00:01Z level=error msg="Failed to provision" error="a folder \\"x\\" exists"',
        "Error: ✗ could not start",
    )
    wrote = "".join(f"print({line!r}, flush=True)\n" for line in lines)
    program("grafana", GRAFANA.replace("ini = ", f"{wrote}sys.exit(3)\nini = "))
    done = run_cli("grafana", "up", "--port", str(free_port()))
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1
    assert 'Failed to provision: a folder "x" exists | Error: ✗ could not start' in done.stderr
    assert "server.log" in done.stderr and "Starting Grafana" not in done.stderr


def test_only_this_starts_errors_are_told(run_cli: Cli, program: Callable[[str, str], Path]) -> None:
    for message in ("the first reason", "the second reason"):
        program("grafana", GRAFANA.replace("ini = ", f"print('level=error msg=\"{message}\"')\nsys.exit(3)\nini = "))
        done = run_cli("grafana", "up", "--port", str(free_port()))
    assert "the second reason" in done.stderr and "the first reason" not in done.stderr


def test_a_container_that_restarts_says_why(run_cli: Cli, program: Callable[[str, str], Path]) -> None:
    program("docker", RESTARTING)
    done = run_cli("grafana", "up", "--port", str(free_port()))
    assert done.returncode == 1 and "ended at its start: Datasource provisioning error: no such file" in done.stderr
    assert "docker compose" in done.stderr


@pytest.mark.parametrize(
    ("text", "errors"),
    [
        ("", []),
        ("level=info msg=started\nthe last line\n", ["the last line"]),
        ("grafana-1  | lvl=eror msg=old\ngrafana-1  | level=info msg=x", ["old"]),
        ("level=error msg=same\n" * 5 + "panic: out of memory", ["same", "panic: out of memory"]),
        ("".join(f"level=error msg=e{n}\n" for n in range(9)), ["e6", "e7", "e8"]),
    ],
)
def test_the_errors_of_a_log(text: str, errors: list[str]) -> None:
    assert last_errors(text) == errors


def test_compose_is_for_this_machine_only() -> None:
    service = yaml.safe_load((suite.GRAFANA / "compose.yaml").read_text())["services"]["grafana"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert service["image"].split(":")[1][0].isdigit() and "@" in service["environment"]["GF_PLUGINS_PREINSTALL_SYNC"]
    assert service["environment"]["GF_PLUGINS_PREINSTALL_SYNC"] == f"{grafana.PLUGIN}@{grafana.PLUGIN_VERSION}"
    assert "GF_SECURITY_ADMIN_PASSWORD" not in service["environment"]
    assert all(mount.endswith(":ro") for mount in service["volumes"] if not mount.startswith("grafana-data"))
    assert service["cap_drop"] == ["ALL"] and service["security_opt"] == ["no-new-privileges:true"]
    assert service["environment"]["GF_SERVER_ENFORCE_DOMAIN"] == "true"


def test_nobody_looks_without_a_login(home: Path) -> None:
    """The database is its owner's alone (0600); its prompts must not be every local user's through Grafana."""
    service = yaml.safe_load((suite.GRAFANA / "compose.yaml").read_text())["services"]["grafana"]
    assert service["environment"]["GF_AUTH_ANONYMOUS_ENABLED"] == "false"
    paths.private_dir(grafana.password_file().parent)
    grafana.password_file().write_text("secret")
    ini = configparser.ConfigParser(interpolation=None)
    ini.read_string(process._ini(home, 3000))
    assert ini["auth.anonymous"]["enabled"] == "false" and ini["server"]["enforce_domain"] == "true"


def test_every_text_variable_is_quoted_in_sql() -> None:
    """A name with a quotation mark could else end the string it stands in; the other variables are lists of literals."""
    literals = {"bucket", "context_window"}
    for file in sorted((suite.GRAFANA / "dashboards").glob("*.json")):
        for sql in queries(json.loads(file.read_text())):
            for name, form in re.findall(r"\$\{?([A-Za-z]\w*)(?::(\w+))?\}?", sql):
                assert form == "sqlstring" or name in literals, (file.name, name, sql)


def queries(value: object) -> Iterator[str]:
    """The SQL of all panels and variables."""
    if isinstance(value, dict):
        yield from (
            text for key, text in value.items() if key in ("queryText", "rawQueryText") and isinstance(text, str)
        )
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from queries(inner)
