"""The processes behind `grafana up`: docker compose, or a native server that is noted to stop it again."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from claude_metrics import config, paths
from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.grafana import provision as grafana
from claude_metrics.grafana.log import last_errors

HEALTHY_S = 180.0  # the first start downloads the plugin
PROJECT = "claude-metrics"


def succeeds(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, timeout=30, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _run(command: list[str], remedy: str, env: Mapping[str, str] | None = None) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, env=env)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ClaudeMetricsError(f"{Path(command[0]).name} failed: {error}; {remedy}") from error
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no message"]
        raise ClaudeMetricsError(f"{Path(command[0]).name} failed: {last[0][:300]}; {command[0]}; {remedy}")


def wait_until_healthy(
    address: str, log: Callable[[], str], alive: Callable[[], bool] = lambda: True, limit_s: float = HEALTHY_S
) -> None:
    """Wait until Grafana says that its own database is fine; `log` gives its log when it does not."""
    deadline = time.monotonic() + limit_s
    ended = False
    while time.monotonic() < deadline and not ended:
        if _healthy(address):
            return
        time.sleep(0.3)
        ended = not alive()
    what = "ended at its start" if ended else f"did not answer within {limit_s:.0f} s"
    errors = " | ".join(last_errors(log())) or "its log is empty"
    raise ClaudeMetricsError(f"Grafana {what}: {errors}; {address}; the whole log: {_log_place()}")


def _log_place() -> str:
    compose = f"docker compose --project-name {PROJECT} logs"
    file = grafana.state_dir() / "native" / "server.log"
    return str(file) if _pid_file().exists() else compose


def _healthy(address: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{address}/api/health", timeout=5) as answer:
            told = json.load(answer)
    except (OSError, ValueError):
        return False
    return isinstance(told, dict) and told.get("database") == "ok"


# -- docker compose ----------------------------------------------------------------


def start_compose(program: str, database: Path, port: int) -> None:
    if config.load().journal_mode == "wal":
        raise ClaudeMetricsError(
            "a database in WAL mode cannot be read from a read-only mount; the config's journal_mode;"
            " run `claude-metrics config set journal_mode delete`, or use `grafana up --native`"
        )
    folder = paths.private_dir(grafana.state_dir())
    grafana.write(folder, f"/data/{database.name}", "/dashboards")
    grafana.write_file(folder / "compose.yaml", paths.asset("grafana/compose.yaml").read_text(encoding="utf-8"))
    grafana.password_file()
    grafana.write_file(folder / "state.json", json.dumps({"data": str(database.parent), "port": port}), 0o600)
    _compose(program, "up", "--detach")


def stop_compose(program: str) -> None:
    _compose(program, "down")


def wait_for_compose(program: str, address: str) -> None:
    """Docker starts a Grafana that ended again and again, so a container that restarts has failed."""
    restarting = [*_command(program), "ps", "--quiet", "--status", "restarting"]
    logs = [*_command(program), "logs", "--no-color", "--tail", "200"]
    wait_until_healthy(address, lambda: _output(logs), lambda: not _output(restarting).strip())


def _output(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, env=_environment())
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


def _compose(program: str, *arguments: str) -> None:
    _run([*_command(program), *arguments], "run `docker compose logs` there", _environment())


def _command(program: str) -> list[str]:
    return [program, "compose", "--project-name", PROJECT, "--file", str(grafana.state_dir() / "compose.yaml")]


def _environment() -> dict[str, str]:
    state = json.loads((grafana.state_dir() / "state.json").read_text(encoding="utf-8"))
    return {**os.environ, "CM_DATA_DIR": state["data"], "CM_PORT": str(state["port"]), "CM_UID": str(_uid())}


def _uid() -> int:
    return os.getuid() if hasattr(os, "getuid") else 1000


# -- a native server ------------------------------------------------------------------


def start_native(program: str, database: Path, port: int) -> None:
    folder = paths.private_dir(grafana.state_dir() / "native")
    log_file = folder / "server.log"
    if _running():
        wait_until_healthy(f"http://127.0.0.1:{port}", lambda: _since(log_file, 0), lambda: _running() is not None, 20)
        return
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise ClaudeMetricsError(f"port {port} is in use; 127.0.0.1:{port}; choose another with --port")
    _install_plugin(program, folder / "plugins")
    grafana.write(folder, str(database), str(folder / "dashboards"))
    ini = grafana.write_file(folder / "grafana.ini", _ini(folder, port), 0o600)
    before = log_file.stat().st_size if log_file.exists() else 0
    with log_file.open("ab") as log:
        server = subprocess.Popen(
            [program, "server", "--config", str(ini), *_homepath(program)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd=folder,
        )
    _note(server.pid)
    try:
        wait_until_healthy(f"http://127.0.0.1:{port}", lambda: _since(log_file, before), lambda: server.poll() is None)
    except BaseException:
        stop_native()
        raise


def _since(log_file: Path, before: int) -> str:
    """What this start has written; earlier starts have written before it."""
    with log_file.open("rb") as log:
        log.seek(before)
        return log.read().decode("utf-8", "replace")


def _install_plugin(program: str, plugins: Path) -> None:
    if not (plugins / grafana.PLUGIN).is_dir():
        paths.private_dir(plugins)
        command = [
            program,
            "cli",
            "--pluginsDir",
            str(plugins),
            "plugins",
            "install",
            grafana.PLUGIN,
            grafana.PLUGIN_VERSION,
        ]
        _run(command, f"unpack the plugin's zip into {plugins} and try again")


def _homepath(program: str) -> list[str]:
    """Where Grafana's own files are, if not beside its program."""
    for home in (Path(program).resolve().parent.parent, Path("/usr/share/grafana")):
        if (home / "conf" / "defaults.ini").exists():
            return ["--homepath", str(home)]
    return []


def _ini(folder: Path, port: int) -> str:
    password = grafana.password_file().read_text(encoding="utf-8")
    sections: dict[str, dict[str, Any]] = {
        "paths": {name: folder / name for name in ("data", "logs", "plugins", "provisioning")},
        "server": {
            "http_addr": "127.0.0.1",
            "http_port": port,
            "domain": "127.0.0.1",
            "enforce_domain": "true",  # a page in a browser cannot reach it under another name
        },
        "security": {"admin_password": password},
        "users": {"allow_sign_up": "false"},
        "auth.anonymous": {"enabled": "false"},  # the dashboards show prompts: other users of this machine need a login
        "dashboards": {"default_home_dashboard_path": folder / "dashboards" / "overview.json"},
        "analytics": {"reporting_enabled": "false", "check_for_updates": "false", "check_for_plugin_updates": "false"},
        "news": {"news_feed_enabled": "false"},
        "plugins": {"preinstall_auto_update": "false"},
    }
    lines = [
        f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items()) for name, keys in sections.items()
    ]
    return "\n".join(lines)


def _pid_file() -> Path:
    return grafana.state_dir() / "native" / "server.json"


def _note(pid: int) -> None:
    import psutil

    grafana.write_file(_pid_file(), json.dumps({"pid": pid, "started": psutil.Process(pid).create_time()}), 0o600)


def _running() -> Any | None:
    """The server that was noted, if it is still that process."""
    import psutil

    try:
        noted = json.loads(_pid_file().read_text(encoding="utf-8"))
        process = psutil.Process(int(noted["pid"]))
        same = abs(process.create_time() - float(noted["started"])) < 1 and process.status() != psutil.STATUS_ZOMBIE
    except (OSError, ValueError, KeyError, psutil.Error):
        return None
    return process if same else None


def stop_native() -> bool:
    """End the noted server and what it started; True when there was one."""
    import psutil

    process = _running()
    if process is None:
        return False
    family = [*process.children(recursive=True), process]
    for member in family:
        try:
            member.terminate()
        except psutil.Error:
            continue
    for member in psutil.wait_procs(family, timeout=10)[1]:
        member.kill()
    _pid_file().unlink(missing_ok=True)
    return True
