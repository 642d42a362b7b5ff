"""While tests run, nothing reaches the real home or another machine: an audit hook raises where it is tried.

Reading the interpreter, the checkout or a cache under the real home is fine; the agents' folders and ours are not.
"""

import os
import socket
from typing import Any

import pytest

HOME = os.path.expanduser("~")  # noqa: PTH111 - as text, for the comparison below, and before tests move it
NAMES = (".claude", ".claude.json", ".codex", ".gemini", ".gitconfig")
FOLDERS = (".config", ".local/share", ".local/state", ".cache", "Library/Application Support")
OURS = ("opencode", "claude-metrics", "claude")
FORBIDDEN = tuple(f"{HOME}/{name}" for name in [*NAMES, *(f"{folder}/{ours}" for folder in FOLDERS for ours in OURS)])
OS_EVENTS = ("listdir", "scandir", "mkdir", "remove", "rename", "rmdir", "chmod", "utime")
FILE_EVENTS = frozenset(["open", "sqlite3.connect", *(f"os.{event}" for event in OS_EVENTS)])
LOOPBACK = ("127.", "::1", "localhost")


def forbidden_path(path: Any) -> bool:
    text = os.fsdecode(path) if isinstance(path, (str, bytes, os.PathLike)) else ""
    return any(text == name or text.startswith(name + "/") for name in FORBIDDEN)


def forbidden_address(address: Any) -> bool:
    return isinstance(address, tuple) and not str(address[0]).startswith(LOOPBACK)


def watch(event: str, args: tuple[Any, ...]) -> None:
    if event in FILE_EVENTS:
        if any(forbidden_path(path) for path in args[:2]):
            pytest.fail(f"a test reached the real home: {event} {args[0]}")
    elif event == "socket.connect" and forbidden_address(args[1]) and args[0].family != socket.AF_UNIX:
        pytest.fail(f"a test tried to reach the network: {args[1]}")
