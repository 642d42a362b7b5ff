"""The one way a program is started to read a repository: git, as a reader that the repository cannot steer.

A repository's configuration may name programs (fsmonitor, hooks, textconv, gpg, transports); everything that could
start one is switched off on the command line, which wins over every file. Ownership (`safe.directory`) is
checked by git itself: a repository that git refuses is skipped, never forced.

The session-start hook loads this module and waits for it: no dataclasses, no pathlib.
"""

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import IO, NamedTuple

MAX_OUTPUT_BYTES = 64 * 1024 * 1024
MAX_ERROR_BYTES = 4096

_OFF = (
    f"core.hooksPath={os.devnull}",
    "core.fsmonitor=false",
    "core.pager=cat",
    f"core.askPass={os.devnull}",
    f"core.sshCommand={os.devnull}",
    "credential.helper=",
    "diff.external=",
    "log.showSignature=false",
    f"gpg.program={os.devnull}",
    f"gpg.ssh.program={os.devnull}",
    f"gpg.x509.program={os.devnull}",
    "protocol.allow=never",
    "submodule.recurse=false",
    # Not attacks, but settings that would change the numbers.
    "diff.relative=false",
    f"diff.orderFile={os.devnull}",
    "diff.renames=true",
    "diff.submodule=short",
    "log.showRoot=true",
    "log.follow=false",
)
OPTIONS = ("--no-pager", *(part for setting in _OFF for part in ("-c", setting)))

processes_started = 0  # since the module was loaded; tests hold the cost per repository to it


class Answer(NamedTuple):
    stdout: bytes
    problem: str | None = None  # why the answer is missing or incomplete
    given_up: bool = False  # ended by us: it took too long or printed too much


def find_program(name: str, search_path: str | None = None) -> str | None:
    """The program of that name on PATH. Relative entries do not count: with `.`, a directory's owner would choose it.

    (`shutil`, which has this too, takes 2 ms to load.)
    """
    folders = os.get_exec_path() if search_path is None else search_path.split(os.pathsep)
    endings = os.environ.get("PATHEXT", ".EXE").split(os.pathsep) if sys.platform == "win32" else [""]
    paths = (f"{folder}/{name}{ending}" for folder in folders if os.path.isabs(folder) for ending in endings)  # noqa: PTH117
    return next((path for path in paths if os.path.isfile(path) and os.access(path, os.X_OK)), None)  # noqa: PTH113


class Git:
    """Asks git questions: `timeout` seconds each; calls that time out may cost `total` seconds together."""

    def __init__(self, timeout: float = 10.0, total: float = 30.0, search_path: str | None = None) -> None:
        self.executable = find_program("git", search_path)
        self.timeout = timeout
        self.total = total
        self._lost = 0.0
        self._deadline = float("inf")

    def start_clock(self) -> None:
        """All questions until the next call of this method share `total` seconds: one session's share."""
        self._deadline = time.monotonic() + self.total

    def ask(self, directory: str, *arguments: str) -> Answer:
        if self.executable is None:
            return Answer(b"", "git is not installed, or not on PATH")
        seconds = min(self.timeout, self.total - self._lost, self._deadline - time.monotonic())
        if seconds <= 0:
            return Answer(b"", f"git took more than {self.total:g} s; not asked about {directory}", given_up=True)
        began = time.monotonic()
        answer = _run([self.executable, "-C", directory, *OPTIONS, *arguments], seconds)
        self._lost += time.monotonic() - began if answer.given_up else 0.0
        return answer


def _environment() -> dict[str, str]:
    """Ours without GIT_* (a hook's GIT_DIR would make git answer about another repository), then the safe ones."""
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith("GIT_")}
    return kept | {
        "GIT_ALLOW_PROTOCOL": "none",  # an unknown name: no transport, whatever protocol.*.allow says
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
    }


def _run(command: list[str], seconds: float) -> Answer:
    global processes_started  # noqa: PLW0603 - a counter is all it is
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(),
            cwd=os.path.abspath(os.sep),  # noqa: PTH100
            start_new_session=True,  # its children form one group that a timeout can end
        )
    except (OSError, ValueError) as error:  # ValueError: a NUL in a path
        return Answer(b"", f"git could not be started: {error}")
    processes_started += 1
    try:
        return _collect(process, seconds)
    except BaseException:
        _end_group(process)
        raise


def _collect(process: subprocess.Popen[bytes], seconds: float) -> Answer:
    assert process.stdout
    assert process.stderr
    output = _Drain(process.stdout, MAX_OUTPUT_BYTES, when_full=lambda: _end_group(process))
    errors = _Drain(process.stderr, MAX_ERROR_BYTES)
    try:
        _wait(process, seconds)
    except subprocess.TimeoutExpired:
        _end_group(process)
        return Answer(output.content(), f"git did not answer within {seconds:.3g} s", given_up=True)
    content = output.content()
    if output.full:
        return Answer(content, f"git printed more than {MAX_OUTPUT_BYTES} bytes", given_up=True)
    return Answer(content, _problem(process.returncode, errors))


def _wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    """`Popen.wait` with a time limit looks up to 50 ms apart; where the kernel can tell at once, it is asked."""
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError, OSError):  # an older kernel, or a Python that was built on one
            end = os.pidfd_open(process.pid)
            try:
                ready = select.poll()
                ready.register(end, select.POLLIN)
                ready.poll(seconds * 1000)
            finally:
                os.close(end)
            seconds = 0.001  # it has ended, or had its time
    process.wait(seconds)


def _problem(code: int, errors: "_Drain") -> str | None:
    if code == 0:
        return None
    lines = errors.content().decode("utf-8", "replace").strip().splitlines()
    first = lines[0] if lines else f"git exited with {code}"
    return next((line for line in lines if line.startswith("fatal:")), first)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(1)  # one that cannot be killed (a dead network disk) is left behind, not waited for


class _Drain(threading.Thread):
    """Reads a pipe to its end and keeps the first `limit` bytes, so that neither side can block the other."""

    def __init__(self, pipe: IO[bytes], limit: int, when_full: Callable[[], None] | None = None) -> None:
        super().__init__(daemon=True)
        self._pipe, self._left, self._when_full = pipe, limit, when_full
        self._chunks: list[bytes] = []
        self.full = False
        self.start()

    def run(self) -> None:
        with self._pipe, contextlib.suppress(OSError, ValueError):
            while chunk := os.read(self._pipe.fileno(), 65536):
                self._keep(chunk)

    def _keep(self, chunk: bytes) -> None:
        self._chunks.append(chunk[: self._left])
        self._left -= len(self._chunks[-1])
        if len(self._chunks[-1]) < len(chunk) and not self.full:
            self.full = True
            if self._when_full:
                self._when_full()

    def content(self) -> bytes:
        self.join(1)  # a grandchild that left the group may hold the pipe open; it is not waited for
        return b"".join(self._chunks)
