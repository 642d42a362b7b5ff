"""What is ours is the user's alone; nothing leaves the machine; what must not be stored is in no byte of any file."""

import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from claude_metrics import paths
from claude_metrics.agents import RECORDED
from claude_metrics.cli import COMMANDS
from claude_metrics.recording import spool
from claude_metrics.store.connection import connect_readonly
from tests.recording.test_hostile_transcripts import lay_out
from tests.redaction import made_up
from tests.support import hostile
from tests.support.captured import CAPTURES, Capture, as_stdin
from tests.support.checkout import HOOK

pytestmark = pytest.mark.slow

WITH_NETWORK = {"grafana up", "grafana down"}  # docker's client
Run = Callable[..., subprocess.CompletedProcess[bytes]]


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "claude_metrics", *words]
    return subprocess.run(command, capture_output=True, timeout=120, check=False, env=os.environ | environment)


def run_hook(payload: bytes, agent: str = "claude", **environment: str) -> None:
    command = [sys.executable, "-I", "-S", str(HOOK), "--agent", agent, "--worker-python", "/bin/true"]
    done = subprocess.run(command, input=payload, capture_output=True, check=True, env=os.environ | environment)
    assert done.stdout == b"{}\n"


def ours(home: Path) -> Iterator[Path]:
    """Every file and folder of ours."""
    root = paths.data_dir().parent
    yield from [root, *root.rglob("*")]
    assert home in root.parents


def everything(home: Path) -> bytes:
    """All bytes of ours, names too."""
    files = [path for path in ours(home) if path.is_file()]
    return b"\0".join([str(path).encode() + path.read_bytes() for path in files])


# Modes

WRITING = [
    ("worker",), ("sync",), ("report", "daily"), ("context",), ("doctor",), ("hook", "install"),
    ("db", "backup", "copy.db"),
    ("config", "set", "journal_mode", "wal"), ("sync",), ("db", "vacuum"), ("db", "rebuild", "--check"),
    ("doctor", "--fix"), ("hook", "uninstall"),
]  # fmt: skip


def test_folders_are_0700_and_files_0600_whatever_the_umask_and_the_command(
    capture: Callable[[str], Capture], home: Path, tmp_path: Path
) -> None:
    found = capture("print-basic")
    before = os.umask(0)
    try:
        run_hook(as_stdin(found.payloads("SessionEnd")[0]))
        spool.submit(b"no JSON", "claude", paths.spool_dir())
        for words in WRITING:
            done = run(*(str(paths.data_dir() / word) if word.endswith(".db") else word for word in words))
            assert done.returncode in (0, 1), (words, done.stderr)
            assert b"unexpected" not in done.stderr, (words, done.stderr)
    finally:
        os.umask(before)
    open_to_others = [path for path in ours(home) if stat.S_IMODE(path.lstat().st_mode) & 0o077]
    assert not open_to_others
    assert {path.name for path in ours(home)} >= {
        "metrics.db",
        "claude-metrics.log",
        "config.toml",
        "failed",
        "copy.db",
    }


# The network


def subcommands() -> list[str]:
    """`sync`, `report daily`, ... as the command line itself lists them."""
    found = []
    for name in COMMANDS:
        import click

        from claude_metrics.cli import cli

        command = cli.get_command(click.Context(cli), name)
        if isinstance(command, click.Group):
            found += [f"{name} {sub}" for sub in command.list_commands(click.Context(command))]
        else:
            found.append(name)
    return found


ARGUMENTS = {
    "setup": ["--yes"], "session show": ["ID"], "session replay": ["ID"], "session export": ["ID"],
    "grafana provision": ["DIR"], "db backup": ["DIR/copy.db"], "db import": ["DIR/copy.db"], "db rebuild": ["--check"],
    "db purge": ["--session", "ID", "--yes"], "config get": ["content"], "config set": ["content", "redacted"],
    "config unset": ["content"], "report compare": ["today", "yesterday"],
}  # fmt: skip
GUARD = """import os, socket, sys
def watch(event, args):
    if event in ("socket.__new__", "socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        if event != "socket.__new__" or args[1] in (socket.AF_INET, socket.AF_INET6):
            with open(os.environ["SEEN"], "a") as file:
                file.write(f"{event} {args}\\n")
            raise PermissionError("no network in this test")
sys.addaudithook(watch)
"""


def test_no_command_reaches_for_the_network_but_those_whose_purpose_it_is(
    capture: Callable[[str], Capture], tmp_path: Path
) -> None:
    """Sockets are disabled, and every attempt is written down: one that is caught would not be seen otherwise."""
    capture("print-basic")
    (tmp_path / "guard").mkdir()
    (tmp_path / "guard" / "sitecustomize.py").write_text(GUARD)
    guarded = {"PYTHONPATH": str(tmp_path / "guard"), "SEEN": str(tmp_path / "seen"), "PATH": os.environ["PATH"]}
    assert run("sync", **guarded).returncode == 0
    [session] = json.loads(run("report", "sessions", "--json", **guarded).stdout)["sessions"]
    order = sorted(subcommands(), key=lambda name: name == "db purge")
    for name in [name for name in order if name not in WITH_NETWORK]:
        words = ARGUMENTS.get(name, [])
        given = [word.replace("ID", session["session_id"]).replace("DIR", str(tmp_path)) for word in words]
        done = run(*name.split(), *given, **guarded)
        assert done.returncode in (0, 1), (name, done.stderr)
        assert not (tmp_path / "seen").exists(), (name, (tmp_path / "seen").read_text())


def test_the_guard_guards(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(GUARD)
    code = f"import socket; socket.create_connection(('127.0.0.1', {free_port()}))"
    environment = os.environ | {"PYTHONPATH": str(tmp_path), "SEEN": str(tmp_path / "seen")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=False)
    assert b"no network in this test" in done.stderr
    assert (tmp_path / "seen").exists()


def free_port() -> int:
    with closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


# What is in no byte


def said(value: object) -> set[str]:
    """Every text of some length that holds a space: what a person, a model or a tool said."""
    if isinstance(value, dict | list):
        return {text for item in (value.values() if isinstance(value, dict) else value) for text in said(item)}
    return {value} if isinstance(value, str) and " " in value.strip() and len(value) > 11 else set()


def conversation(agent: str) -> set[str]:
    """All that was said in an agent's captures, in transcripts and payloads."""
    folder = CAPTURES / hostile.folder_of(agent)
    files = [path for path in folder.rglob("*.jsonl") if path.name != "api.jsonl"]
    lines = [line for path in files for line in path.read_text().splitlines()]
    return {text for line in lines for text in said(json.loads(line))}


def record_all(home: Path, journal_mode: str, content: str) -> None:
    """Every capture of every agent through the real hook, worker and sync, while a reader keeps the journal alive."""
    paths.private_dir(paths.config_file().parent)
    paths.config_file().write_text(f'content = "{content}"\njournal_mode = "{journal_mode}"\n')
    assert run("sync").returncode == 0
    for agent in RECORDED:
        lay_out(agent, home)
    with closing(connect_readonly(paths.database_file())) as reader:
        reader.execute("select * from sessions").fetchone()
        for agent in RECORDED:
            for capture in sorted((CAPTURES / hostile.folder_of(agent)).iterdir()):
                for payload in Capture(capture, home).payloads()[::5]:
                    spool.submit(as_stdin(payload), agent, paths.spool_dir())
        assert run("worker").returncode == 0
        assert run("sync").returncode == 0


@pytest.mark.parametrize("journal_mode", ["delete", "wal"])
def test_content_none_leaves_no_word_of_any_conversation_in_any_file(journal_mode: str, home: Path) -> None:
    record_all(home, journal_mode, "none")
    bytes_of_ours = everything(home)
    words = {text for agent in RECORDED for text in conversation(agent)}
    assert len(words) > 300
    assert not [text for text in words if text.encode() in bytes_of_ours]
    assert not [text for text in words if json.dumps(text)[1:-1].encode() in bytes_of_ours], "nor as JSON"


def test_content_redacted_keeps_the_words(home: Path) -> None:
    """Else the test above could not fail."""
    record_all(home, "delete", "redacted")
    bytes_of_ours = everything(home)
    assert sum(text.encode() in bytes_of_ours for agent in RECORDED for text in conversation(agent)) > 100


def test_the_log_holds_no_word_of_a_conversation(home: Path) -> None:
    """Also when every transcript is damaged, and errors quote what they choke on."""
    for agent in RECORDED:
        lay_out(agent, home)
    words = {text for agent in RECORDED for text in conversation(agent)}
    hostile.spoil_transcripts(home, hostile.VALUES["raw surrogate"])
    for path in home.rglob("opencode.db"):
        hostile.spoil_database(path, hostile.VALUES["no utf-8"])
    for path in sorted(home.rglob("*.jsonl"))[::3]:
        path.chmod(0)
    for agent in RECORDED:
        for capture in sorted((CAPTURES / hostile.folder_of(agent)).iterdir()):
            for payload in Capture(capture, home).payloads()[::5]:
                spool.submit(as_stdin(payload)[:-9], agent, paths.spool_dir())
    detached = [sys.executable, "-I", "-m", "claude_metrics.worker"]
    for _ in range(3):
        subprocess.run(detached, check=False, timeout=120)
    run("sync")
    log = b"".join(path.read_bytes() for path in paths.log_file().parent.iterdir())
    assert log
    assert not [text for text in words if text.encode() in log]


def test_the_environment_is_never_stored(capture: Callable[[str], Capture], home: Path) -> None:
    payload = as_stdin(capture("print-basic").payloads("SessionEnd")[0])
    names = ("ANTHROPIC_API_KEY", "GITHUB_TOKEN", "MY_SETTING", "USER")
    canaries = {name: f"canary-{name.lower()}-5e1f" for name in names}
    command = [sys.executable, "-I", "-S", str(HOOK), "--worker-python", sys.executable]
    subprocess.run(command, input=payload, check=True, capture_output=True, env=os.environ | canaries)
    for words in (("worker",), ("sync",), ("context",), ("doctor",)):
        run(*words, **canaries)
    assert b"d191e17e" in everything(home)
    assert b"canary-" not in everything(home)


def test_no_secret_reaches_a_file_through_any_text(home: Path) -> None:
    """Every third format, in every text of a Claude transcript, and in a repository's own."""
    lay_out("claude", home, only="print-basic")
    [path] = (home / ".claude").rglob("*.jsonl")
    lines, secrets = path.read_bytes().splitlines(), made_up.marked()[::3] + made_up.named()[::3]
    for number, secret in enumerate(secrets):
        said = json.dumps(f"look: {secret.name}={secret.value} there").encode()
        for line in list(lines[:40]):
            record = json.loads(line)
            for place in spoken_places(record):
                altered = hostile.put(record, place, said)
                lines.append(
                    altered.replace(b'"uuid":"', b'"uuid":"%d-' % number).replace(b"toolu_", b"toolu_%d" % number)
                )
    path.write_bytes(b"\n".join(lines) + b"\n")
    assert run("sync").returncode == 0
    run_hook(as_stdin({"session_id": path.stem, "transcript_path": str(path), "reason": "other"}))
    assert run("worker").returncode == 0
    bytes_of_ours = everything(home)
    assert bytes_of_ours.count(b"[redacted]") > len(secrets)
    text = bytes_of_ours.decode("utf-8", "replace")
    assert [secret.format for secret in secrets if made_up.survives(secret, text, 12)] == []


def spoken_places(record: object) -> list[tuple[object, ...]]:
    wanted = {"text", "content", "command", "description", "prompt", "customTitle", "aiTitle", "summary"}
    return [place for place in hostile.places(record) if place and place[-1] in wanted]


# Purging


def test_purge_leaves_no_trace(capture: Callable[[str], Capture], home: Path) -> None:
    found = capture("print-basic")
    [payload] = found.payloads("SessionEnd")
    run_hook(as_stdin(payload))
    assert run("worker").returncode == 0
    lines = [line for path in found.transcripts for line in path.read_text().splitlines()]
    texts = {text for line in lines for text in said(json.loads(line))}
    assert [text for text in texts if text.encode() in everything(home)]
    done = run("db", "purge", "--session", payload["session_id"], "--yes")
    assert done.returncode == 0, done.stderr
    left = paths.database_file().read_bytes()
    assert not [text for text in [*texts, payload["session_id"]] if text.encode() in left]
    assert run("sync").returncode == 0
    assert payload["session_id"].encode() not in paths.database_file().read_bytes(), "and it does not come back"
