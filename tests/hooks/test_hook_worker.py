"""The worker that the hook starts: detached, told no secret, survives the agent, and not started too often."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from claude_metrics.recording import spool
from tests.hooks.scene import PAYLOAD, STOP, Scene
from tests.support.processes import is_alive
from tests.support.waiting import wait_for

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
