"""The plugins: Claude Code's, with this repository as marketplace, and the files for OpenCode."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from claude_metrics import paths
from claude_metrics.agents.hook_spec import EventSet
from claude_metrics.installer.command import event_set_of
from claude_metrics.installer.install import install, uninstall
from tests.support.processes import processes_with
from tests.support.tools import needs
from tests.support.trees import copy_tree
from tests.support.waiting import HANG_S, wait_for

ROOT = Path(__file__).resolve().parents[2]
Run = Callable[..., subprocess.CompletedProcess[str]]


def load(name: str) -> Any:
    return json.loads((ROOT / name).read_text())


def test_the_plugin_has_the_packages_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert load(".claude-plugin/plugin.json")["version"] == project["version"]


def test_the_marketplace_offers_the_plugin_in_its_own_root() -> None:
    [offer] = load(".claude-plugin/marketplace.json")["plugins"]
    assert (offer["name"], offer["source"]) == (load(".claude-plugin/plugin.json")["name"], "./")


def test_the_plugin_and_the_installer_hook_the_same_events(home: Path) -> None:
    installed = json.loads(install("claude").file.read_text())["hooks"]
    plugin = load("hooks/hooks.json")["hooks"]
    assert list(plugin) == list(installed)
    for event, [group] in plugin.items():
        [hook], [ours] = group["hooks"], installed[event][0]["hooks"]
        assert (hook["type"], hook["timeout"]) == (ours["type"], ours["timeout"])
        assert hook["command"].startswith('python3 -I -S "${CLAUDE_PLUGIN_ROOT}/hooks/session_end.py"')


# -- Claude Code -----------------------------------------------------------------------------------------------------


@pytest.fixture
def claude(real_client: Callable[[str], Path], home: Path, tmp_path: Path) -> Run:
    """`claude("doctor")`: the real client in the test's home; its API is a closed port."""
    named = os.environ.get("CLAUDE_METRICS_TEST_CLAUDE")
    program = Path(named) if named else real_client("claude-code")
    project = tmp_path / "project"
    project.mkdir()
    env = {
        "HOME": str(home),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"]),
        "TERM": "dumb",
        "ANTHROPIC_API_KEY": "none",
        "ANTHROPIC_BASE_URL": "http://127.0.0.1:9",
        "CLAUDE_CODE_MAX_RETRIES": "0",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "CLAUDE_METRICS_HOME": os.environ["CLAUDE_METRICS_HOME"],
    }

    def run(*args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(program), *args],
            env=env,
            cwd=project,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture
def marketplace(tmp_path: Path) -> Path:
    """What a clone holds of the plugin: a checkout has a virtual environment beside it, which would be copied."""
    folder = tmp_path / "clone"
    copy_tree(ROOT / ".claude-plugin", folder / ".claude-plugin")
    copy_tree(ROOT / "hooks", folder / "hooks")
    shutil.copy(ROOT / "README.md", folder)
    return folder


@pytest.mark.client
def test_the_client_takes_the_plugin(claude: Run, marketplace: Path, home: Path) -> None:
    plugin, market = (load(f".claude-plugin/{name}.json")["name"] for name in ("plugin", "marketplace"))
    for args in (
        ["validate", str(marketplace)],
        ["marketplace", "add", str(marketplace)],
        ["install", f"{plugin}@{market}"],
        ["list"],
    ):
        done = claude("plugin", *args)
        assert done.returncode == 0, f"{args}: {done.stdout}{done.stderr}"
    assert "enabled" in done.stdout
    settings = (home / ".claude/settings.json").read_text()
    install("claude")
    uninstall("claude")
    assert (home / ".claude/settings.json").read_text() == settings


@pytest.mark.client
@pytest.mark.parametrize("scope", ["user", "project", "local"])
def test_the_client_reads_what_the_installer_writes(claude: Run, tmp_path: Path, scope: Any) -> None:
    for event_set in ("recorder", "session-start"):
        file = install("claude", scope, event_set, project=tmp_path / "project").file
    assert "Invalid settings" not in claude("doctor").stdout
    assert "settings" not in claude("-p", "hi").stderr
    file.write_text(file.read_text().replace('"type": "command"', '"type": "comand"'))
    assert "Invalid settings" in claude("doctor").stdout, "the client's warning has another name by now"


@pytest.mark.client
@pytest.mark.parametrize("way", ["installer", "plugin"])
def test_the_client_runs_the_hook(claude: Run, marketplace: Path, way: str) -> None:
    """Even a session whose request failed ends; its payload must be in the spool, or with a worker already."""
    if way == "installer":
        install("claude")
    extra = ["--plugin-dir", str(marketplace)] if way == "plugin" else []
    done = claude(*extra, "-p", "hi")
    assert "hook" not in done.stderr, done.stderr
    wait_for(lambda: any(paths.spool_dir().glob("**/*")) or paths.database_file().exists())


# -- OpenCode --------------------------------------------------------------------------------------------------------

NODE = shutil.which("node")
needs_node = needs("node")
FAKE_CLIENT = """
import { pathToFileURL } from "node:url"
const [, , file, directory] = process.argv
const exported = Object.values(await import(pathToFileURL(file)))
if (exported.length !== 1 || typeof exported[0].server !== "function") throw new Error("one default export expected")
const hooks = await exported[0].server({ directory })
const event = (type, properties) => hooks.event?.({ event: { type, properties } })
await event("session.created", { sessionID: "ses_1" })
await event("odd", undefined)
await event("session.idle", { sessionID: "ses_1" })
await hooks.event?.(undefined)
await hooks.dispose?.()
const output = { system: [] }
await hooks["experimental.chat.system.transform"]?.({}, output)
console.log(JSON.stringify(output.system))
"""


def drive_opencode(
    tmp_path: Path, event_set: EventSet, command: list[str], program: str = FAKE_CLIENT, *more: str
) -> str:
    """Run the installed plugin under node as the client would, with `command` in the place of our hook."""
    plugin = install("opencode", event_set=event_set).file
    text = plugin.read_text()
    line = next(line for line in text.splitlines() if line.startswith("const COMMAND = "))
    module = tmp_path / "plugin.mjs"
    module.write_text(text.replace(line, f"const COMMAND = {json.dumps(command)}"))
    client = tmp_path / "client.mjs"
    client.write_text(program)
    args = [str(NODE), str(client), str(module), str(tmp_path), *more]
    return subprocess.run(args, capture_output=True, text=True, timeout=30, check=True).stdout


def test_the_opencode_plugin_carries_the_whole_command(home: Path) -> None:
    text = install("opencode").file.read_text()
    line = next(line for line in text.splitlines() if line.startswith("const COMMAND = "))
    words = json.loads(line.removeprefix("const COMMAND = ").split(" //")[0])
    assert words[:3] == [sys.executable, "-I", "-S"]
    assert words[4:8] == ["--agent", "opencode", "--spool", str(paths.spool_dir())]
    assert words[8:10] == ["--db-path", str(paths.database_file())]
    assert event_set_of(" ".join(words)) == "recorder"


@needs_node
def test_the_opencode_plugin_hands_over_idle_and_dispose(home: Path, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    seen.mkdir()
    keep = f"import sys, os; open({str(seen)!r} + '/%d' % os.getpid(), 'w').write(sys.stdin.read())"
    assert drive_opencode(tmp_path, "recorder", [sys.executable, "-c", keep]) == "[]\n"
    wait_for(lambda: len([file for file in seen.iterdir() if file.stat().st_size]) == 2)
    payloads = sorted((json.loads(file.read_text()) for file in seen.iterdir()), key=lambda p: p["hook_event_name"])
    common = {"session_id": "ses_1", "cwd": str(tmp_path), "agent": "opencode"}
    assert payloads == [common | {"hook_event_name": name} for name in ("dispose", "session.idle")]


CLIENT_2 = """
import { pathToFileURL } from "node:url"
const [, , file, directory, way] = process.argv
const plugin = (await import(pathToFileURL(file))).default
if (typeof plugin.id !== "string" || typeof plugin.setup !== "function") throw new Error("id and setup expected")
const events = [{ type: "session.created", data: { sessionID: "ses_1" } }, { type: "odd" }, undefined]
async function* stream() { yield* events }
const subscribe = way === "stream" ? () => stream() : (listener) => { events.forEach(listener); return () => {} }
const cleanup = await plugin.setup({ location: { directory }, event: { subscribe } })
await new Promise((done) => setTimeout(done, 100))
await cleanup?.()
await plugin.setup(undefined)
"""


@needs_node
@pytest.mark.parametrize("way", ["stream", "listener"])
def test_the_opencode_plugin_serves_version_2(way: str, home: Path, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    seen.mkdir()
    keep = f"import sys, os; open({str(seen)!r} + '/%d' % os.getpid(), 'w').write(sys.stdin.read())"
    drive_opencode(tmp_path, "recorder", [sys.executable, "-c", keep], CLIENT_2, way)
    wait_for(lambda: len([file for file in seen.iterdir() if file.stat().st_size]) == 1)
    [payload] = [json.loads(file.read_text()) for file in seen.iterdir()]
    assert (payload["session_id"], payload["cwd"], payload["agent"]) == ("ses_1", str(tmp_path), "opencode")


@needs_node
@pytest.mark.parametrize("event_set", ["recorder", "session-start"])
@pytest.mark.parametrize("command", [["/nowhere/python"], [], [sys.executable, "-c", "raise SystemExit(3)"]])
def test_the_opencode_plugins_never_throw(home: Path, tmp_path: Path, event_set: EventSet, command: list[str]) -> None:
    assert drive_opencode(tmp_path, event_set, command) == "[]\n"


@needs_node
def test_the_opencode_plugin_does_not_wait_for_a_hook_that_hangs(home: Path, tmp_path: Path) -> None:
    hangs = [sys.executable, "-c", f"import time; time.sleep({HANG_S})", str(tmp_path)]
    drive_opencode(tmp_path, "recorder", hangs)
    for pid in processes_with(tmp_path):
        os.kill(pid, signal.SIGKILL)


@needs_node
def test_the_opencode_plugin_adds_the_note(home: Path, tmp_path: Path) -> None:
    say = "print('<session-context>here</session-context>')"
    output = drive_opencode(tmp_path, "session-start", [sys.executable, "-c", say])
    assert json.loads(output) == ["<session-context>here</session-context>"]
