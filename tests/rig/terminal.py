"""An interactive client in a private tmux server: type, look at the screen, wait for its end."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Self

import psutil

from .api import wait_until


class Terminal:
    """`with Terminal(argv, cwd, env, folder) as terminal:`; the client is killed when the block ends."""

    def __init__(self, argv: list[str], cwd: Path, env: dict[str, str], folder: Path) -> None:
        self.socket = folder / "tmux"
        self.exit_file = folder / "tmux-exit"
        self.exit_file.unlink(missing_ok=True)
        # The pane outlives the client, so that its exit code and last screen can be read.
        script = f"cd {shlex.quote(str(cwd))}; {shlex.join(argv)}; echo $? > {self.exit_file}; sleep 600"
        bare = ["env", "-i", *(f"{key}={value}" for key, value in env.items()), "bash", "-c", script]
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", "160", "-y", "50", *bare)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.tmux("kill-server")

    def tmux(self, *args: str) -> str:
        env = {**os.environ, "LANG": "C.UTF-8"}
        env.pop("TMUX", None)
        command = [shutil.which("tmux") or "tmux", "-S", str(self.socket), *args]
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=30).stdout

    def screen(self) -> str:
        return self.tmux("capture-pane", "-p")

    def type(self, text: str, pause_s: float = 0.5) -> None:
        self.tmux("send-keys", "-l", text)
        time.sleep(pause_s)
        self.key("Enter")

    def key(self, name: str) -> None:
        self.tmux("send-keys", name)
        time.sleep(0.2)

    def wait_for(self, pattern: str, seconds: float = 60) -> None:
        try:
            wait_until(lambda: re.search(pattern, self.screen()), seconds, repr(pattern), 0.25)
        except TimeoutError as error:
            raise TimeoutError(f"{error}; the screen shows\n{self.screen().strip()}") from None

    def sees(self, pattern: str, seconds: float) -> bool:
        try:
            self.wait_for(pattern, seconds)
        except TimeoutError:
            return False
        return True

    def signal(self, name: str) -> None:
        """Send a signal to the client, the only child of the pane's shell."""
        shell = self.tmux("list-panes", "-F", "#{pane_pid}").strip()
        for client in psutil.Process(int(shell)).children():
            client.send_signal(getattr(signal, "SIG" + name))

    def hang_up(self) -> None:
        """Close the terminal under the client: it gets SIGHUP."""
        self.tmux("kill-session")

    def wait_exit(self, seconds: float = 30) -> int | None:
        """The client's exit code, or None when it is still there or its terminal is gone."""
        try:
            wait_until(lambda: self.exit_file.exists() and self.exit_file.read_text().strip(), seconds, "the exit")
        except TimeoutError:
            return None
        return int(self.exit_file.read_text())
