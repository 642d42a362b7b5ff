"""Strict JSON with positions: where each value stands in the text, and where a fault is.

Own code: json-five, jsoncgx and json5kit on PyPI accept comments and trailing commas, for which an agent drops the
whole file, and the standard parser keeps no positions and silently merges duplicate keys.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from claude_metrics.errors import ClaudeMetricsError

SPACE = re.compile(r"[ \t\n\r]*")
STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"')
SCALAR = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null")
DEEPEST = 200  # no settings file is; a hostile one must not exhaust the stack
BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class Node:
    """A value at `text[start:end]`; `left` is where its key starts, or its own start in an array."""

    kind: str  # "object", "array", "string" or "scalar"
    start: int
    end: int
    left: int
    keys: tuple[str, ...] = ()
    children: tuple["Node", ...] = ()

    def get(self, key: str) -> "Node | None":
        return self.children[self.keys.index(key)] if key in self.keys else None


@dataclass(frozen=True, slots=True)
class Document:
    text: str
    name: str
    root: Node

    def value(self, node: Node) -> Any:
        return json.loads(self.text[node.start : node.end])

    def fault(self, node: Node, what: str, do: str) -> NoReturn:
        raise ClaudeMetricsError(f"{what}; {place(self.text, node.start, self.name)}; {do}")


def decode(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        where = place(data[: error.start].decode("utf-8"), error.start, name)
        raise ClaudeMetricsError(f"not UTF-8 text; {where}; save the file as UTF-8, then try again") from None


def place(text: str, at: int, name: str) -> str:
    before = text[:at].removeprefix(BOM)
    line_start = max(before.rfind("\n"), before.rfind("\r")) + 1
    lines = before.count("\n") + before.count("\r") - before.count("\r\n")
    return f"{name}, line {lines + 1}, column {len(before) - line_start + 1}"


def parse(text: str, name: str) -> Document:
    return Document(text, name, _Parser(text, name).document())


class _Parser:
    def __init__(self, text: str, name: str) -> None:
        self.text, self.name = text, name
        self.at = len(BOM) if text.startswith(BOM) else 0

    def document(self) -> Node:
        root = self.value(0)
        if self.peek():
            self.fault("something follows the end of the JSON value")
        if root.kind != "object":
            self.at = root.start
            self.fault("the file is not a JSON object")
        return root

    def value(self, depth: int, left: int | None = None) -> Node:
        sign = self.peek()
        if depth > DEEPEST:
            self.fault(f"nested more than {DEEPEST} deep")
        start = self.at
        left = start if left is None else left
        if sign in ("{", "["):
            return self.container(sign, depth, left)
        match = (STRING if sign == '"' else SCALAR).match(self.text, start)
        if not match:
            self.fault(_unexpected(self.text, start))
        self.at = match.end()
        return Node("string" if sign == '"' else "scalar", start, self.at, left)

    def container(self, sign: str, depth: int, left: int) -> Node:
        start, closing = self.at, "}" if sign == "{" else "]"
        keys: dict[str, None] = {}
        self.at += 1
        children = tuple(self.children(closing, depth, keys))
        return Node("object" if sign == "{" else "array", start, self.at, left, tuple(keys), children)

    def children(self, closing: str, depth: int, keys: dict[str, None]) -> Iterator[Node]:
        if self.skip(closing):
            return
        while True:
            self.peek()
            left = self.at
            if closing == "}":
                self.key(keys)
            yield self.value(depth + 1, left)
            if self.skip(closing):
                return
            comma = self.at
            if not self.skip(","):
                self.fault(_unexpected(self.text, self.at, f'"," or "{closing}" expected'))
            if self.peek() == closing:
                self.at = comma
                self.fault("trailing comma")

    def key(self, keys: dict[str, None]) -> None:
        match = STRING.match(self.text, self.at)
        if not match:
            self.fault(_unexpected(self.text, self.at, "a key in double quotes expected"))
        key = json.loads(match.group())
        if key in keys:
            self.fault(f"the key {json.dumps(key)} stands twice in the same object")
        keys[key] = None
        self.at = match.end()
        if not self.skip(":"):
            self.fault(_unexpected(self.text, self.at, '":" expected'))

    def peek(self) -> str:
        match = SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at
        return self.text[self.at : self.at + 1]

    def skip(self, sign: str) -> bool:
        found = self.peek() == sign
        self.at += found
        return found

    def fault(self, what: str) -> NoReturn:
        where = place(self.text, self.at, self.name)
        raise ClaudeMetricsError(f"not valid JSON: {what}; {where}; correct it there, then try again")


def _unexpected(text: str, at: int, expected: str = "a value expected") -> str:
    if at >= len(text):
        return f"{expected}, but the file ends"
    if text[at] in "/#":
        return "comments are not allowed in JSON"
    if text[at] == '"' and "expected" in expected and not STRING.match(text, at):
        return "a string that does not end, or holds a raw control character or a wrong escape"
    return f"{expected}, found {json.dumps(text[at])}"
