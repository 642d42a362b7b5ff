"""The hook alone: it agrees with the package on every place, and needs nothing but an interpreter."""

import contextlib
import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from claude_metrics import paths
from claude_metrics.recording import spool
from tests.hooks.scene import PAYLOAD, STOP, Scene
from tests.support.checkout import HOOK

# How it is started


ENVIRONMENTS = {
    "nothing set": {},
    "one folder": {"CLAUDE_METRICS_HOME": "/tmp/x/"},
    "one folder under home": {"CLAUDE_METRICS_HOME": "~/x"},
    "one folder empty": {"CLAUDE_METRICS_HOME": ""},
    "XDG": {"XDG_DATA_HOME": "/tmp/d"},
    "XDG empty": {"XDG_DATA_HOME": ""},
    "XDG relative": {"XDG_DATA_HOME": "d/e"},
    "home empty": {"HOME": ""},
    "home with slash": {"HOME": "/tmp/h/"},
    "home in latin-1": {"HOME": "/tmp/h\udce9"},
}
ASK_HOOK = "import sys; sys.path.insert(0, {!r}); import _event; print(ascii(_event.default_spool()))"
ASK_PATHS = "from claude_metrics import paths; print(ascii(str(paths.spool_dir())))"


@pytest.mark.parametrize("more", ENVIRONMENTS.values(), ids=ENVIRONMENTS.keys())
def test_the_default_spool_is_that_of_paths(scene: Scene, more: dict[str, str]) -> None:
    def ask(*command: str) -> Path:
        answer = subprocess.run(command, env=scene.environment(**more), capture_output=True, text=True, check=True)
        return Path(answer.stdout.strip())

    hook = ask(sys.executable, "-I", "-S", "-c", ASK_HOOK.format(str(HOOK.parent)))
    assert hook == ask(sys.executable, "-I", "-c", ASK_PATHS)


def test_without_arguments_it_uses_the_default_spool(scene: Scene) -> None:
    chosen = scene.environment(CLAUDE_METRICS_HOME=str(scene.folder / "all"))
    (scene.folder / "all" / "data").mkdir(parents=True)
    (scene.folder / "all" / "data" / "worker-python").write_text(str(scene.worker))
    command = [sys.executable, "-I", "-S", str(HOOK)]
    subprocess.run(command, input=PAYLOAD, env=chosen, check=True, stdout=subprocess.DEVNULL)
    assert len(list((scene.folder / "all" / "data" / "spool").glob("*.json"))) == 1
    assert len(scene.workers()) == 1


def test_the_hook_and_the_package_agree_on_the_other_places(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    ask = "import sys; sys.path.insert(0, {!r}); import _event; print(*_event.fallbacks({!r}), sep='\\n')"
    for place in ("/home/dev/.local/share/claude-metrics/spool", "/ä b//c", "/" + "long/" * 60):
        command = [sys.executable, "-I", "-S", "-c", ask.format(str(HOOK.parent), place)]
        answer = subprocess.run(command, env=scene.environment(), capture_output=True, text=True, check=True)
        monkeypatch.setenv("HOME", str(scene.home))
        monkeypatch.setenv("TMPDIR", str(scene.temporary))
        assert [Path(line) for line in answer.stdout.splitlines()] == spool.possible_folders(Path(place))[1:]


def test_it_pulls_in_nothing_beyond_what_an_interpreter_has_at_its_start(scene: Scene) -> None:
    """Python code that must be loaded, `os` among it, is what makes a hook slow."""
    look = f"""
import sys, posix
before = set(sys.modules)
sys.argv = {scene.command()[3:]!r}
end = lambda code: (posix.write(2, repr(sorted(set(sys.modules) - before)).encode()), posix.kill(posix.getpid(), 9))
posix._exit = end
exec(compile(open(sys.argv[0]).read(), sys.argv[0], "exec"), {{"__name__": "__main__", "__file__": sys.argv[0]}})
"""
    command = [sys.executable, "-I", "-S", "-c", look]
    seen = subprocess.run(command, input=STOP, capture_output=True, env=scene.environment(), timeout=5, check=False)
    assert seen.stderr == b"['_event']"
    assert len(scene.kept()) == 1


def test_it_works_through_a_link_and_with_damaged_bytecode(scene: Scene) -> None:
    copy = scene.folder / "copy"
    copy.mkdir()
    for name in ("session_end.py", "_event.py"):
        (copy / name).write_bytes(HOOK.with_name(name).read_bytes())
    link = scene.folder / "link" / "session_end.py"
    link.parent.mkdir()
    link.symlink_to(copy / "session_end.py")

    def run(script: Path) -> int:
        command = [str(script) if part == str(HOOK) else part for part in scene.command()]
        subprocess.run(command, input=PAYLOAD, env=scene.environment(), check=True, stdout=subprocess.DEVNULL)
        return len(scene.kept())

    assert run(link) == 1
    assert run(copy / "session_end.py") == 2
    [cached] = (copy / "__pycache__").glob("_event.*")
    cached.write_bytes(cached.read_bytes()[:400])
    assert run(copy / "session_end.py") == 3


def test_a_hook_without_its_other_half_still_ends_well(scene: Scene) -> None:
    alone = scene.folder / "session_end.py"
    alone.write_bytes(HOOK.read_bytes())
    done = subprocess.run([sys.executable, "-I", "-S", str(alone)], input=PAYLOAD, capture_output=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == (b"{}\n", b"", 0)


def test_the_syntax_is_that_of_python_3_8() -> None:
    """A plugin's hook runs under whichever `python3` is found."""
    import ast

    for name in ("session_end.py", "_event.py"):
        ast.parse(HOOK.with_name(name).read_text(), feature_version=(3, 8))


def test_background_stores_a_payload_in_this_process(scene: Scene) -> None:
    cost = {"total_cost_usd": 0.25, "total_duration_ms": 1000, "total_api_duration_ms": 10}
    payload, database = scene.folder / "payload.json", scene.folder / "metrics.db"
    payload.write_text(json.dumps({"session_id": "s-1", "transcript_path": "/nowhere/s-1.jsonl", "cost": cost}))
    command = [sys.executable, "-I", "-S", str(HOOK), "--background", str(payload), "--db-path", str(database)]
    done = subprocess.run(command, capture_output=True, env=scene.environment(), check=False, timeout=30)
    assert (done.stdout, done.returncode) == (b"{}\n", 0)
    with contextlib.closing(sqlite3.connect(database)) as connection:
        assert connection.execute("select session_id, total_cost_usd from sessions").fetchall() == [("s-1", 0.25)]


@pytest.mark.parametrize("broken", ["/nowhere/payload.json", "/dev"])
def test_background_ends_well_too(scene: Scene, broken: str) -> None:
    database = str(scene.folder / "metrics.db")
    command = [sys.executable, "-I", "-S", str(HOOK), "--background", broken, "--db-path", database]
    done = subprocess.run(command, capture_output=True, env=scene.environment(), check=False, timeout=30)
    assert (done.stdout, done.returncode) == (b"{}\n", 0)


def test_paths_are_those_of_the_package() -> None:
    assert paths.asset("hooks/session_end.py").read_bytes() == HOOK.read_bytes()
    assert paths.asset("hooks/_event.py").exists()
