"""The real hook as a real process, with everything an agent, a disk or a user may do to it."""

import contextlib
import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from claude_metrics import paths
from claude_metrics.recording import spool
from tests.support.places import HOOK
from tests.support.processes import is_alive, processes_with
from tests.support.waiting import PATIENCE_S, wait_for

PAYLOAD = b'{"session_id":"s-1","transcript_path":"/x/s-1.jsonl","hook_event_name":"SessionEnd","reason":"other"}\n'
STOP = b'{"session_id": "s-1", "hook_event_name": "Stop", "last_assistant_message": "Done."}'

# signs a list with what it finds about itself, and stays as long as it is asked to
WORKER = """#!{python} -IS
import os, sys, time
facts = [os.getpid(), os.getsid(0), os.getpgrp(), os.getcwd(), *(os.readlink("/proc/self/fd/%d" % n) for n in range(3))]
facts += [sorted(os.listdir("/proc/self/fd")), sys.argv[1:], dict(os.environ)]
facts += [[line for line in open("/proc/self/status") if line[:6] in ("SigIgn", "SigBlk")]]
import json
with open({signed!r}, "a") as file:
    file.write(json.dumps(facts) + "\\n")
time.sleep({stay})
"""
FACTS = ("pid", "session", "group", "cwd", "stdin", "stdout", "stderr", "fds", "arguments", "environment", "signals")


class Scene:
    """A spool, and a worker that only writes down what it was given."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.spool = folder / "data" / "spool"
        self.signed = folder / "signed"
        self.worker = folder / "worker"
        self.home = folder / "home"
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.home.mkdir()
        self.hire(stay=0)

    def hire(self, stay: float) -> None:
        self.worker.write_text(WORKER.format(python=sys.executable, signed=str(self.signed), stay=stay))
        self.worker.chmod(0o700)

    def environment(self, **more: str) -> dict[str, str]:
        return {"HOME": str(self.home), "TMPDIR": str(self.temporary), "PATH": os.environ["PATH"], **more}

    def command(self, *arguments: str, place: Path | None = None) -> list[str]:
        chosen = ["--spool", str(place or self.spool), "--worker-python", str(self.worker)]
        return [sys.executable, "-I", "-S", str(HOOK), *chosen, *arguments]

    def run(self, payload: bytes = PAYLOAD, *arguments: str, place: Path | None = None, **more: str) -> None:
        """Whatever happens: `{}`, nothing on stderr, exit 0."""
        done = subprocess.run(
            self.command(*arguments, place=place),
            input=payload,
            capture_output=True,
            env=self.environment(**more),
            cwd=self.folder,
            timeout=PATIENCE_S,
            check=False,
        )
        assert (done.stdout, done.stderr, done.returncode) == (b"{}\n", b"", 0)

    def start(self, *arguments: str, **how: object) -> subprocess.Popen[bytes]:
        streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **how}
        return subprocess.Popen(self.command(*arguments), env=self.environment(), cwd=self.folder, **streams)  # type: ignore[call-overload,no-any-return]

    def kept(self) -> list[Path]:
        return sorted(self.spool.glob("*.json"))

    def workers(self, expected: int = 1) -> list[dict[str, object]]:
        """The workers' facts: waits for the expected ones, and for any that runs and has not signed yet."""
        wait_for(lambda: len(self._facts()) >= expected and self._running() <= {one["pid"] for one in self._facts()})
        return self._facts()

    def _running(self) -> set[int]:
        return processes_with(self.worker) - processes_with(HOOK)

    def _facts(self) -> list[dict[str, object]]:
        return [dict(zip(FACTS, json.loads(line), strict=True)) for line in self._lines()]

    def _lines(self) -> list[str]:
        return self.signed.read_text().splitlines() if self.signed.exists() else []


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    (tmp_path / "scene").mkdir()
    scene = Scene(tmp_path / "scene")
    yield scene
    for line in scene._lines():
        pid = json.loads(line)[0]
        if is_alive(pid):
            os.kill(pid, signal.SIGKILL)


# The usual case


def test_the_file_holds_the_bytes_of_stdin_and_its_name_says_when_whose_and_what(scene: Scene) -> None:
    before = time.time_ns()
    scene.run(PAYLOAD, "--agent", "gemini")
    [event] = spool.pending(scene.spool)
    assert spool.read(event) == PAYLOAD
    assert before < event.received_ns < time.time_ns()
    assert (event.agent, event.kind, event.cut) == ("gemini", "end", False)
    assert [path.name for path in scene.spool.iterdir()] == [event.path.name]


def test_the_agent_is_claude_unless_named(scene: Scene) -> None:
    scene.run()
    assert [event.agent for event in spool.pending(scene.spool)] == ["claude"]


def test_folders_and_files_are_private_under_any_umask(scene: Scene) -> None:
    for umask in (0o000, 0o777):
        old = os.umask(umask)
        try:
            scene.run(STOP)
        finally:
            os.umask(old)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in scene.folder.joinpath("data").rglob("*")}
    assert {mode for name, mode in modes.items() if "." in name[1:] or name == "s-1"} == {0o600}
    assert {modes["spool"], modes[".nudged"], stat.S_IMODE(scene.spool.parent.stat().st_mode)} == {0o700}


def test_hooks_at_once_keep_a_file_each(scene: Scene) -> None:
    scene.worker = Path("/bin/true")
    running = []
    for number in range(50):
        payload = scene.folder / f"payload-{number}"
        payload.write_text(json.dumps({"session_id": str(number)}))
        with payload.open("rb") as stdin:
            running.append(scene.start(stdin=stdin, stderr=subprocess.DEVNULL))
    assert [(hook.wait(), hook.stdout.read()) for hook in running if hook.stdout] == [(0, b"{}\n")] * 50
    assert {json.loads(path.read_text())["session_id"] for path in scene.kept()} == {str(n) for n in range(50)}


def test_options_may_be_joined_by_an_equals_sign_and_unknown_ones_are_ignored(scene: Scene) -> None:
    scene.run(PAYLOAD, "--future", "--agent=codex", "stray", "--event=turn")
    assert [(event.agent, event.kind) for event in spool.pending(scene.spool)] == [("codex", "turn")]


@pytest.mark.parametrize("name", ["../../x", "a/b", "", "\x1b[31m", "ä", "x" * 500])
def test_an_agent_that_is_no_word_becomes_one(scene: Scene, name: str) -> None:
    scene.run(PAYLOAD, "--agent", name)
    assert len(spool.pending(scene.spool)) == 1


# The worker it starts


def test_the_worker_has_its_own_session_null_streams_and_another_folder(scene: Scene) -> None:
    scene.run(PAYLOAD, "--db-path", "metrics.db")
    [worker] = scene.workers()
    assert worker["session"] == worker["group"] == worker["pid"]
    assert {worker["stdin"], worker["stdout"], worker["stderr"]} == {"/dev/null"}
    assert worker["cwd"] == "/"
    named = ["--spool", str(scene.spool), "--db-path", str(scene.folder / "metrics.db")]
    assert worker["arguments"] == ["-I", "-m", "claude_metrics.worker", *named]


def test_the_worker_gets_no_descriptor_of_the_agent_and_no_ignored_signal(scene: Scene) -> None:
    read, write = os.pipe()
    hook = scene.start(pass_fds=(read, write))
    hook.communicate(PAYLOAD)
    os.close(read)
    os.close(write)
    [worker] = scene.workers()
    assert worker["fds"] == ["0", "1", "2", "3"]  # 3 is the listing itself
    term, interrupt, hangup = (1 << (number - 1) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP))
    for line in worker["signals"]:  # type: ignore[attr-defined]
        assert not int(line.split()[1], 16) & (term | interrupt | hangup)


def test_the_worker_is_told_no_secret_of_the_agent(scene: Scene) -> None:
    secrets = {"CLAUDE_CODE_MESSAGING_SOCKET": "a", "CLAUDE_CODE_MESSAGING_TOKEN": "b", "PYTHONPATH": "c"}
    scene.run(**secrets, CLAUDE_CONFIG_DIR="/home/dev/c")
    [worker] = scene.workers()
    environment = worker["environment"]
    assert isinstance(environment, dict)
    assert not secrets.keys() & environment.keys()
    assert environment["CLAUDE_CONFIG_DIR"] == "/home/dev/c"


@pytest.mark.parametrize("ask", ["group", "tree"])
def test_the_worker_survives_when_the_agent_kills_all_it_started(scene: Scene, ask: str) -> None:
    scene.hire(stay=20)
    shell = subprocess.Popen(
        ["/bin/sh", "-c", '"$@"; sleep 20', "sh", *scene.command()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=scene.environment(),
        start_new_session=True,
    )
    assert shell.stdin and shell.stdout
    shell.stdin.write(PAYLOAD)
    shell.stdin.close()
    assert shell.stdout.readline() == b"{}\n"
    [worker] = scene.workers()
    assert isinstance(worker["pid"], int)
    family = [*descendants(shell.pid), shell.pid]
    if ask == "group":
        os.killpg(shell.pid, signal.SIGKILL)
    else:
        for pid in family:
            os.kill(pid, signal.SIGKILL)
    shell.wait()
    shell.stdout.close()
    wait_for(lambda: not any(map(is_alive, family)))
    assert is_alive(worker["pid"])


def descendants(pid: int) -> list[int]:
    children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [*(below for child in children for below in descendants(child)), *children]


def test_the_next_interpreter_is_taken_where_one_is_gone(scene: Scene) -> None:
    command = [*scene.command()[:6], "--worker-python", "/nowhere/python", "--worker-python", str(scene.worker)]
    subprocess.run(command, input=PAYLOAD, env=scene.environment(), check=True, stdout=subprocess.DEVNULL)
    assert len(scene.workers()) == 1


def test_a_plugins_hook_finds_the_interpreter_that_the_installer_wrote_down(scene: Scene) -> None:
    scene.spool.parent.mkdir()
    (scene.spool.parent / "worker-python").write_text(f"{scene.worker}\n")
    command = scene.command()[:6]
    subprocess.run(command, input=PAYLOAD, env=scene.environment(), check=True, stdout=subprocess.DEVNULL)
    assert len(scene.workers()) == 1


def test_an_interpreter_file_that_is_a_pipe_is_not_waited_for(scene: Scene) -> None:
    scene.spool.parent.mkdir()
    os.mkfifo(scene.spool.parent / "worker-python")
    scene.run()
    assert len(scene.workers()) == 1


# Stop: at the end of every turn


def test_a_turn_starts_a_worker_once_in_two_minutes_and_a_session_always(scene: Scene) -> None:
    scene.run(STOP)
    scene.run(STOP)
    scene.run(b'{"session_id":"s-1"}', "--event", "stop")
    assert (len(scene.workers(1)), len(scene.kept())) == (1, 3)
    scene.run(STOP.replace(b"s-1", b"s-2"))
    assert len(scene.workers(2)) == 2
    scene.run(PAYLOAD)
    assert (len(scene.workers(3)), len(scene.kept())) == (3, 5)
    assert [event.kind for event in spool.pending(scene.spool)] == ["stop"] * 4 + ["end"]


@pytest.mark.parametrize("age_s", [121, -600], ids=["two minutes ago", "the clock went back"])
def test_a_turn_starts_a_worker_again_later(scene: Scene, age_s: int) -> None:
    scene.run(STOP)
    os.utime(scene.spool / ".nudged" / "s-1", (time.time() - age_s, time.time() - age_s))
    scene.run(STOP)
    assert len(scene.workers(2)) == 2


@pytest.mark.parametrize(
    "name", [b"../../../escaped", b"/etc/escaped", b"\xff\x00", b"x" * 5000, b"", b".", b"..", "ä".encode()]
)
def test_a_hostile_session_id_names_no_file(scene: Scene, name: bytes) -> None:
    before = set(scene.folder.rglob("*"))
    scene.run(STOP.replace(b"s-1", name))
    new = {path.relative_to(scene.folder) for path in set(scene.folder.rglob("*")) - before if path != scene.signed}
    marker = Path("data/spool/.nudged")
    assert new - set(marker.parents) == {marker, marker / "other", *(p.relative_to(scene.folder) for p in scene.kept())}


def test_nothing_is_written_through_a_link_in_the_markers_place(scene: Scene) -> None:
    elsewhere = scene.folder / "elsewhere"
    elsewhere.mkdir()
    scene.spool.mkdir(parents=True)
    (scene.spool / ".nudged").symlink_to(elsewhere)
    scene.run(STOP)
    assert len(scene.kept()) == 1
    assert not list(elsewhere.iterdir())


def test_the_word_stop_inside_an_answer_is_not_the_event(scene: Scene) -> None:
    answer = json.dumps({"last": '"hook_event_name":"Stop"', "hook_event_name": "SessionEnd"}).encode()
    scene.run(answer)
    assert [event.kind for event in spool.pending(scene.spool)] == ["end"]


# What may go wrong with stdin


def test_empty_stdin_leaves_nothing(scene: Scene) -> None:
    scene.run(b"")
    assert not scene.kept()
    assert not scene.signed.exists()


def test_garbage_is_kept_as_it_is(scene: Scene) -> None:
    garbage = bytes(range(256)) * 300
    scene.run(garbage)
    assert scene.kept()[0].read_bytes() == garbage


def test_of_a_huge_payload_the_beginning_is_kept_and_the_rest_is_read(scene: Scene) -> None:
    huge = b'{"session_id":"s-1","cwd":"/x","filler":"' + b"x" * 100_000_000 + b'"}'
    scene.run(huge)
    [event] = spool.pending(scene.spool)
    assert event.cut
    assert (read := spool.read(event)) == huge[: spool.LIMIT_BYTES]
    assert spool.salvage(read) == {"session_id": "s-1", "cwd": "/x"}


def test_stdin_that_is_never_closed_is_not_waited_for_and_what_came_is_kept(scene: Scene) -> None:
    silent, talking = scene.start(), scene.start()
    assert talking.stdin
    talking.stdin.write(PAYLOAD)
    talking.stdin.flush()
    for hook in (silent, talking):
        assert hook.stdout and hook.stdin
        assert (hook.wait(timeout=10), hook.stdout.read()) == (0, b"{}\n")
        hook.communicate()
    [event] = spool.pending(scene.spool)
    assert spool.read(event) == PAYLOAD
    assert event.cut


def test_a_terminal_on_stdin_is_not_waited_for(scene: Scene) -> None:
    master, slave = os.openpty()
    hook = scene.start(stdin=slave)
    out, _ = hook.communicate(timeout=10)
    assert (out, hook.returncode) == (b"{}\n", 0)
    os.close(master)
    os.close(slave)


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-", ">/dev/full"])
def test_closed_and_full_streams_do_not_matter(scene: Scene, closed: str) -> None:
    command = ["/bin/sh", "-c", f'"$@" {closed}', "sh", *scene.command()]
    done = subprocess.run(command, input=PAYLOAD, capture_output=True, env=scene.environment(), timeout=5, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert [path.read_bytes() for path in scene.kept()] == ([] if "<&-" in closed else [PAYLOAD])


def test_a_reader_that_is_gone_does_not_matter(scene: Scene) -> None:
    read, write = os.pipe()
    os.close(read)
    hook = scene.start(stdout=write)
    _, err = hook.communicate(PAYLOAD, timeout=5)
    os.close(write)
    assert (hook.returncode, err, len(scene.kept())) == (0, b"", 1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_does_not_stop_it(scene: Scene, number: signal.Signals) -> None:
    hook = scene.start()
    assert hook.stdin
    wait_for(lambda: has_begun(hook.pid))
    hook.send_signal(number)
    hook.stdin.write(PAYLOAD)
    out, err = hook.communicate(timeout=5)
    assert (out, err, hook.returncode, len(scene.kept())) == (b"{}\n", b"", 0, 1)


def has_begun(pid: int) -> bool:
    """Ours, and no longer the interpreter's start: SIGTERM is ignored."""
    status = Path(f"/proc/{pid}/status").read_text()
    ignored = next(line.split()[1] for line in status.splitlines() if line.startswith("SigIgn"))
    return bool(int(ignored, 16) & 1 << (signal.SIGTERM - 1))


def test_stdin_that_never_stops_is_read_for_a_second(scene: Scene) -> None:
    with Path("/dev/zero").open("rb") as endless:
        hook = scene.start(stdin=endless)
        out, err = hook.communicate(timeout=10)
    assert (out, err, hook.returncode) == (b"{}\n", b"", 0)
    assert [event.cut for event in spool.pending(scene.spool)] == [True]


# What may go wrong with the disk


def as_file(place: Path) -> None:
    place.parent.mkdir()
    place.write_text("no folder")


def as_link(place: Path) -> None:
    place.parent.mkdir()
    place.symlink_to(place.parent)


def as_dangling_link(place: Path) -> None:
    place.parent.mkdir()
    place.symlink_to("/nowhere")


def under_a_file(place: Path) -> None:
    place.parent.write_text("no folder")


def read_only(place: Path) -> None:
    place.mkdir(parents=True)
    place.chmod(0o500)


SPOILT = [
    *(as_file, as_link, as_dangling_link, under_a_file),
    pytest.param(read_only, marks=pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")),
]


@pytest.mark.parametrize("spoil", SPOILT)
def test_where_the_spool_cannot_be_written_the_event_goes_elsewhere(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[Path], None]
) -> None:
    spoil(scene.spool)
    before = set(scene.spool.parent.rglob("*"))
    scene.run()
    monkeypatch.setenv("HOME", str(scene.home))
    monkeypatch.setenv("TMPDIR", str(scene.temporary))
    [event] = spool.pending(scene.spool)
    assert spool.read(event) == PAYLOAD
    assert event.path.parent == spool.possible_folders(scene.spool)[1]
    assert set(scene.spool.parent.rglob("*")) == before
    assert len(scene.workers()) == 1


def test_where_the_home_folder_cannot_be_written_either_the_temporary_folder_is_the_last_resort(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_file(scene.spool)
    (scene.home / ".local").write_text("no folder")
    scene.run()
    monkeypatch.setenv("HOME", str(scene.home))
    monkeypatch.setenv("TMPDIR", str(scene.temporary))
    [event] = spool.pending(scene.spool)
    assert event.path.parent == spool.possible_folders(scene.spool)[2]
    assert stat.S_IMODE(event.path.parent.stat().st_mode) == 0o700


def test_a_folder_that_others_may_write_is_no_resort(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    as_file(scene.spool)
    (scene.home / ".local").write_text("no folder")
    monkeypatch.setenv("HOME", str(scene.home))
    monkeypatch.setenv("TMPDIR", str(scene.temporary))
    trap = spool.possible_folders(scene.spool)[2]
    trap.mkdir()
    trap.chmod(0o777)
    scene.run()
    assert not list(trap.iterdir())


def test_where_nothing_can_be_written_it_still_ends_well(scene: Scene) -> None:
    as_file(scene.spool)
    scene.run(HOME="/dev/null", TMPDIR="/dev/null")
    assert not scene.signed.exists()


def test_where_no_process_or_file_may_grow_it_still_ends_well(scene: Scene) -> None:
    limited = ["/bin/sh", "-c", 'ulimit -f 0; exec "$@"', "sh", *scene.command()]
    done = subprocess.run(limited, input=PAYLOAD, capture_output=True, env=scene.environment(), timeout=5, check=False)
    assert (done.stdout, done.stderr, done.returncode) == (b"{}\n", b"", 0)
    assert not [path for path in scene.folder.rglob("*.tmp") if path.is_file()]  # no half file stays behind


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
