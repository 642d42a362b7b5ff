"""Chromium without a window, driven over its DevTools pipe: a page's console, its figures, keys, pictures of it."""

import base64
import fcntl
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--disable-default-apps", "--disable-extensions", "--hide-scrollbars",
    "--remote-debugging-pipe", "--force-color-profile=srgb", "--lang=en-US",
)  # fmt: skip
ANSWER_S = 30

Json = dict[str, Any]


def find() -> str | None:
    """The installed Chromium, as Debian's `chromium` package has it."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Page:
    """One tab. `said` collects what the page wrote to the console, exceptions and policy violations included."""

    def __init__(self, to_browser: Any, from_browser: Any) -> None:
        self.to_browser, self.from_browser = to_browser, from_browser
        self.number, self.waiting = 0, b""
        self.events: list[Json] = []
        self.session: str | None = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    # -- the protocol ------------------------------------------------------------

    def call(self, method: str, **params: Any) -> Json:
        self.number += 1
        message: Json = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        self.to_browser.write(json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self.number:
                assert "error" not in answer, answer["error"]
                return answer["result"]
            self.events.append(answer)

    def _read(self) -> Json:
        while b"\0" not in self.waiting:
            some = os.read(self.from_browser.fileno(), 65536)
            assert some, "the browser is gone"
            self.waiting += some
        message, _, self.waiting = self.waiting.partition(b"\0")
        return json.loads(message)

    # -- what a test says --------------------------------------------------------

    def open(self, path: Path) -> None:
        self.events.clear()
        self.call("Page.navigate", url=path.absolute().as_uri())
        end = time.monotonic() + ANSWER_S
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            assert time.monotonic() < end, "the page did not load"
            self.events.append(self._read())
        self.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))")

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression; exceptions in it are the test's."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def press(self, key: str, **more: Any) -> None:
        printed = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
        code = {"Tab": 9, "Enter": 13, "ArrowLeft": 37, "ArrowRight": 39}.get(key, 0)
        for kind in ("keyDown", "keyUp"):
            text = printed if kind == "keyDown" else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **text, **more)

    def text(self, selector: str) -> str:
        return self.run(f"document.querySelector({json.dumps(selector)}).innerText")

    def dark(self, on: bool) -> None:
        scheme = {"name": "prefers-color-scheme", "value": "dark" if on else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def picture(self, path: Path, width: int, height: int) -> None:
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.run("new Promise(done => setTimeout(() => done(1), 300))")
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    @property
    def said(self) -> list[str]:
        """Console messages, uncaught exceptions and log entries (policy violations are such) since `open`."""
        self.run("1")
        told = []
        for event in self.events:
            params = event.get("params", {})
            if event.get("method") == "Runtime.consoleAPICalled":
                told.append(" ".join(str(part.get("value")) for part in params["args"]))
            elif event.get("method") == "Runtime.exceptionThrown":
                told.append(params["exceptionDetails"].get("exception", {}).get("description", "exception"))
            elif event.get("method") == "Log.entryAdded":
                told.append(params["entry"]["text"])
        return told

    @property
    def requested(self) -> list[str]:
        """Every address the page asked for since `open`, itself included."""
        self.run("1")
        sent = [event for event in self.events if event.get("method") == "Network.requestWillBeSent"]
        return [event["params"]["request"]["url"] for event in sent]


def _pipe() -> tuple[int, ...]:
    """A pipe whose ends are out of the way of 3 and 4."""
    ends = os.pipe()
    moved = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends)
    for end in ends:
        os.close(end)
    return moved


@contextmanager
def browser(program: str, profile: Path) -> Iterator[Page]:
    """A Chromium of its own with a new profile; it ends with the block."""
    (down_read, down_write), (up_read, up_write) = _pipe(), _pipe()
    # The protocol is spoken on descriptors 3 and 4; a shell puts the pipes there.
    script = f'exec "$@" 3<&{down_read} 4>&{up_write} {down_read}<&- {up_write}>&-'
    command = ["bash", "-c", script, "bash", program, *FLAGS, f"--user-data-dir={profile}"]
    home = os.environ | {"HOME": str(profile), "XDG_CONFIG_HOME": str(profile), "XDG_CACHE_HOME": str(profile)}
    process = subprocess.Popen(
        command, pass_fds=(down_read, up_write), env=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    os.close(down_read)
    os.close(up_write)
    with os.fdopen(down_write, "wb", buffering=0) as to_browser, os.fdopen(up_read, "rb", buffering=0) as from_browser:
        try:
            yield Page(to_browser, from_browser)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)
